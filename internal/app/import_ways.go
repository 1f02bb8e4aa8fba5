package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
)

// nearby imports into the installation that this process has open.
type nearby struct {
	a  *App
	ws core.WorkspaceID
}

func (n *nearby) upload(ctx context.Context, name string, r io.Reader) (*connect.Upload, error) {
	return n.a.Imports.Upload(ctx, n.ws, name, r)
}

func (n *nearby) presets(ctx context.Context) ([]connect.Preset, error) {
	return n.a.Imports.Presets(ctx, n.ws)
}

func (n *nearby) dryRun(ctx context.Context, upload string, p connect.Plan) (*connect.DryRun, error) {
	return n.a.Imports.DryRun(ctx, n.ws, upload, p)
}

// start takes up a run of the same file and plan that was broken off, else
// begins one.
func (n *nearby) start(ctx context.Context, u *connect.Upload, p connect.Plan) (string, error) {
	list, err := n.a.Imports.List(ctx, n.ws, 1000)
	if err != nil {
		return "", err
	}
	if err := n.a.Imports.Resume(ctx); err != nil {
		return "", err
	}
	full, err := n.a.Imports.Complete(ctx, n.ws, u.ID, p)
	if err != nil {
		return "", err
	}
	for _, r := range list {
		if r.Status == connect.Running && r.SHA256 == u.SHA256 && reflect.DeepEqual(r.Plan, full) {
			return strconv.FormatInt(r.ID, 10), nil
		}
	}
	id, err := n.a.Imports.Start(ctx, n.ws, u.ID, p, "command line")
	return strconv.FormatInt(id, 10), err
}

func (n *nearby) status(ctx context.Context, id string) (connect.Run, error) {
	k, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return connect.Run{}, fmt.Errorf("read import id: %w", err)
	}
	return n.a.Imports.Get(context.WithoutCancel(ctx), n.ws, k)
}

// remote imports through a server's API.
type remote struct {
	base, key string
	client    *http.Client
}

func newRemote(url, key string) *remote {
	return &remote{strings.TrimSuffix(url, "/") + "/api/v1", key, &http.Client{}}
}

func (r *remote) call(ctx context.Context, method, path, contentType string, in io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, in)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("reach server: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var problem struct {
			Detail string `json:"detail"`
			Errors []struct{ Location, Message string }
		}
		if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&problem); err != nil || problem.Detail == "" {
			return fmt.Errorf("the server answered %s", res.Status)
		}
		for _, e := range problem.Errors {
			problem.Detail = e.Location + ": " + problem.Detail
		}
		return errors.New(problem.Detail)
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

func (r *remote) post(ctx context.Context, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	return r.call(ctx, http.MethodPost, path, "application/json", bytes.NewReader(raw), out)
}

// upload streams the file: it may be larger than memory.
func (r *remote) upload(ctx context.Context, name string, file io.Reader) (*connect.Upload, error) {
	pr, pw := io.Pipe()
	form := multipart.NewWriter(pw)
	go func() {
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.Close()
		}
		_ = pw.CloseWithError(err) // never fails
	}()
	u := &connect.Upload{}
	err := r.call(ctx, http.MethodPost, "/imports/uploads", form.FormDataContentType(), pr, u)
	_ = pr.Close() // ends the writer when the server refused early
	return u, err
}

func (r *remote) presets(ctx context.Context) ([]connect.Preset, error) {
	var out struct {
		Presets []struct {
			Name    string            `json:"name"`
			Kind    connect.Kind      `json:"kind"`
			Ready   bool              `json:"ready"`
			Map     map[string]string `json:"map"`
			Options connect.Options   `json:"options"`
		} `json:"presets"`
	}
	if err := r.call(ctx, http.MethodGet, "/imports/presets", "", nil, &out); err != nil {
		return nil, err
	}
	var list []connect.Preset
	for _, p := range out.Presets {
		if !p.Ready {
			list = append(list, connect.Preset{Name: p.Name, Kind: p.Kind, Map: p.Map, Options: p.Options})
		}
	}
	return list, nil
}

type remotePlan struct {
	UploadID string `json:"upload_id"`
	connect.Plan
}

func (r *remote) dryRun(ctx context.Context, upload string, p connect.Plan) (*connect.DryRun, error) {
	out := &connect.DryRun{}
	return out, r.post(ctx, "/imports/dry-run", remotePlan{upload, p}, out)
}

func (r *remote) start(ctx context.Context, u *connect.Upload, p connect.Plan) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	err := r.post(ctx, "/imports", remotePlan{u.ID, p}, &out)
	return out.ID, err
}

func (r *remote) status(ctx context.Context, id string) (connect.Run, error) {
	var s struct {
		Status     connect.Status `json:"status"`
		Rows       int64          `json:"rows"`
		TotalRows  int64          `json:"total_rows"`
		Events     int64          `json:"events"`
		Rejected   int64          `json:"rejected"`
		Rate       float64        `json:"rate"`
		ETA        *float64       `json:"eta_seconds"`
		StartedAt  time.Time      `json:"started_at"`
		FinishedAt *time.Time     `json:"finished_at"`
		Error      *string        `json:"error"`
	}
	if err := r.call(ctx, http.MethodGet, "/imports/"+id, "", nil, &s); err != nil {
		return connect.Run{}, err
	}
	run := connect.Run{Status: s.Status, Rows: s.Rows, TotalRows: s.TotalRows, Events: s.Events, Rejected: s.Rejected, Rate: s.Rate, Started: core.FromTime(s.StartedAt)}
	if s.ETA != nil {
		run.ETA = *s.ETA
	}
	if s.FinishedAt != nil {
		run.Finished = core.FromTime(*s.FinishedAt)
	}
	if s.Error != nil {
		run.Error = *s.Error
	}
	return run, nil
}
