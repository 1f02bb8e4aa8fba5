package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

type digestShape struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Dashboard int64  `json:"dashboard"`
	Language  string `json:"language" enum:"en,it,ro"`
	Format    string `json:"format" enum:"pdf,png,svg"`
	Every     string `json:"every" enum:"day,week,month"`
	On        int    `json:"on" doc:"Day of the week, 1 Monday to 7 Sunday, or of the month, 1 to 28; 0 of every day"`
	Hour      int    `json:"hour" doc:"Of the workspace's clock"`
	Enabled   bool   `json:"enabled"`
	Webhook   int64  `json:"webhook" doc:"The one that is told; 0: all that ask for digests"`
	Next      int64  `json:"next" doc:"Microseconds UTC; 0: switched off"`
	Last      int64  `json:"last" doc:"Microseconds UTC; 0: never"`
	Problem   string `json:"problem" doc:"Why the last one could not be drawn"`
	By        string `json:"by"`
}

type digestIn struct {
	Name      string `json:"name" minLength:"1" maxLength:"200"`
	Dashboard int64  `json:"dashboard" minimum:"1"`
	Language  string `json:"language,omitempty" maxLength:"8" doc:"en, it or ro; default that of the caller"`
	Format    string `json:"format,omitempty" maxLength:"8" doc:"pdf (default), png or svg"`
	Every     string `json:"every" maxLength:"8" doc:"day, week or month"`
	On        int    `json:"on,omitempty"`
	Hour      int    `json:"hour,omitempty"`
	Enabled   *bool  `json:"enabled,omitempty" doc:"Default true"`
	Webhook   int64  `json:"webhook,omitempty" minimum:"0"`
}

func (in *digestIn) digest(id int64, p *access.Principal) insight.Digest {
	d := insight.Digest{ID: id, Name: in.Name, Dashboard: in.Dashboard, Language: in.Language, Format: in.Format, Every: in.Every, On: in.On, Hour: in.Hour, Enabled: in.Enabled == nil || *in.Enabled, Webhook: in.Webhook}
	if d.Language == "" {
		d.Language = p.Locale
	}
	if d.Format == "" {
		d.Format = insight.FormatPDF
	}
	return d
}

func (a *API) digestOut(ctx context.Context, d *insight.Digest) digestShape {
	return digestShape{d.ID, d.Name, d.Dashboard, d.Language, d.Format, d.Every, d.On, d.Hour, d.Enabled, d.Webhook, d.Next, d.Last, a.hear(ctx, d.Problem), d.By}
}

type digestFileShape struct {
	At     int64  `json:"at" doc:"Microseconds UTC; also its number"`
	Format string `json:"format"`
	Size   int64  `json:"size" doc:"Bytes"`
}

// DigestPath is the path of one digest.
type DigestPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) digests() {
	const tag, drawings = "dashboards", "application/pdf,image/png,image/svg+xml"
	format := []*huma.Param{{Name: "format", In: "query", Description: "svg, png or pdf (default)", Schema: &huma.Schema{Type: huma.TypeString}}}
	a.raw("GET /dashboards/{id}/export", access.ReadData, a.exportDashboard, file{summary: "A dashboard as SVG, PNG or PDF, drawn by the server", tag: tag, content: drawings, query: format})
	handle(a, route{method: "GET", path: "/digests", summary: "Dashboards that are drawn on a schedule", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[digestsOut], error) {
			list, err := a.Insight.Digests(ctx, p.Workspace, viewer(p))
			if err != nil {
				return nil, err
			}
			out := digestsOut{[]digestShape{}}
			for i := range list {
				out.Digests = append(out.Digests, a.digestOut(ctx, &list[i]))
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/digests", summary: "Draw a dashboard on a schedule", perm: access.Design, audit: "digest.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body digestIn }) (*Body[digestShape], error) {
			d, err := a.Insight.SaveDigest(ctx, p.Workspace, in.Body.digest(0, p), viewer(p))
			if err != nil {
				return nil, err
			}
			note(ctx, d.ID, "name", &d.Name)
			return body(a.digestOut(ctx, &d))
		})
	handle(a, route{method: "PUT", path: "/digests/{id}", summary: "Change a digest", perm: access.Design, audit: "digest.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			DigestPath
			Body digestIn
		}) (*Body[digestShape], error) {
			d, err := a.Insight.SaveDigest(ctx, p.Workspace, in.Body.digest(in.ID, p), viewer(p))
			if err != nil {
				return nil, err
			}
			return body(a.digestOut(ctx, &d))
		})
	handle(a, route{method: "DELETE", path: "/digests/{id}", summary: "Delete a digest with its files", perm: access.Design, audit: "digest.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *DigestPath) (*None, error) {
			return nil, a.Insight.DeleteDigest(ctx, p.Workspace, in.ID, viewer(p))
		})
	handle(a, route{method: "POST", path: "/digests/{id}/run", summary: "Draw a digest now", perm: access.Design, audit: "digest.run", tag: tag},
		func(ctx context.Context, p *access.Principal, in *DigestPath) (*Body[digestFileShape], error) {
			f, err := a.Insight.RunDigest(ctx, p.Workspace, in.ID, viewer(p))
			if err != nil {
				return nil, err
			}
			return body(digestFileShape{f.At, f.Format, f.Size})
		})
	handle(a, route{method: "GET", path: "/digests/{id}/files", summary: "Files of a digest, newest first", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *DigestPath) (*Body[digestFilesOut], error) {
			list, err := a.Insight.DigestFiles(ctx, p.Workspace, in.ID, viewer(p))
			if err != nil {
				return nil, err
			}
			out := digestFilesOut{[]digestFileShape{}}
			for _, f := range list {
				out.Files = append(out.Files, digestFileShape{f.At, f.Format, f.Size})
			}
			return body(out)
		})
	a.raw("GET /digests/{id}/files/{file}", access.ReadData, a.digestFile, file{summary: "One file of a digest", tag: tag, content: drawings})
}

type digestsOut struct {
	Digests []digestShape `json:"digests"`
}

type digestFilesOut struct {
	Files []digestFileShape `json:"files"`
}

func mediaType(format string) string {
	return map[string]string{insight.FormatSVG: "image/svg+xml", insight.FormatPNG: "image/png", insight.FormatPDF: "application/pdf"}[format]
}

// exportDashboard draws a dashboard for whoever may see it.
func (a *API) exportDashboard(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = insight.FormatPDF
	}
	out, name, err := a.drawn(r, p, format)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	send(w, format, name, out.Bytes())
}

func (a *API) drawn(r *http.Request, p *access.Principal, format string) (*bytes.Buffer, string, error) {
	id, err := pathNumber(r, "id")
	if err != nil {
		return nil, "", err
	}
	if mediaType(format) == "" {
		return nil, "", errs.Field("format", "bad_format", "a format is svg, png or pdf")
	}
	d, err := a.Insight.Dashboard(r.Context(), p.Workspace, id, viewer(p))
	if err != nil {
		return nil, "", err
	}
	ws, err := a.Access.Workspace(r.Context(), p.Workspace)
	if err != nil {
		return nil, "", err
	}
	set, err := InsightSettings(&ws)
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	err = a.Insight.Draw(r.Context(), d, insight.Drawing{Workspace: p.Workspace, Name: ws.Name, Language: p.Locale, Settings: set, Week: time.Weekday(ws.WeekStart % 7)}, format, &out)
	return &out, fmt.Sprintf("dashboard-%d.%s", id, format), err
}

// send answers with a drawing. An SVG opened in a browser may do nothing.
func send(w http.ResponseWriter, format, name string, raw []byte) {
	w.Header().Set("Content-Type", mediaType(format))
	w.Header().Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(name, `"`, "")+`"`)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(raw) // the client is gone when this fails
}

func (a *API) digestFile(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	id, err := pathNumber(r, "id")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	at, err := pathNumber(r, "file")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	f, raw, err := a.Insight.ReadDigest(r.Context(), p.Workspace, id, at, viewer(p))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	send(w, f.Format, fmt.Sprintf("digest-%d-%d.%s", id, at, f.Format), raw)
}
