package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

type importShape struct {
	ID         string         `json:"id"`
	Kind       connect.Kind   `json:"kind"`
	File       string         `json:"file"`
	SHA256     string         `json:"sha256"`
	Status     connect.Status `json:"status" enum:"running,done,failed"`
	Rows       int64          `json:"rows" doc:"Rows whose events were accepted, and rows refused"`
	TotalRows  int64          `json:"total_rows" doc:"An estimate until the file was read once"`
	Events     int64          `json:"events"`
	Rejected   int64          `json:"rejected" doc:"Rows refused; 100,000 of them can be downloaded"`
	Rate       float64        `json:"rate" doc:"Rows per second"`
	ETASeconds *float64       `json:"eta_seconds"`
	StartedAt  *jtime         `json:"started_at"`
	FinishedAt *jtime         `json:"finished_at"`
	Error      *string        `json:"error"`
	CreatedBy  string         `json:"created_by"`
	Plan       connect.Plan   `json:"plan"`
}

func (a *API) importOut(ctx context.Context, r *connect.Run) importShape {
	o := importShape{ID: itoa(r.ID), Kind: r.Kind, File: r.File, SHA256: r.SHA256, Status: r.Status, Rows: r.Rows, TotalRows: r.TotalRows, Events: r.Events,
		Rejected: r.Rejected, Rate: r.Rate, StartedAt: when(r.Started), FinishedAt: when(r.Finished), CreatedBy: r.CreatedBy, Plan: r.Plan}
	if r.Rate > 0 {
		o.ETASeconds = &r.ETA
	}
	if r.Error != "" {
		text := a.hear(ctx, r.Error)
		o.Error = &text
	}
	return o
}

// importPlan is which upload is imported, and how.
type importPlan struct {
	UploadID string            `json:"upload_id" minLength:"1" maxLength:"64"`
	Kind     connect.Kind      `json:"kind" enum:"customers,events,orders"`
	Map      map[string]string `json:"map" doc:"Field to column; the fields are in /imports/fields"`
	Options  connect.Options   `json:"options,omitempty"`
	// SavePreset is for a start only: a dry run writes nothing.
	SavePreset string `json:"save_preset,omitempty" maxLength:"200" doc:"Keep mapping and options under this name when the import starts"`
}

func (p *importPlan) plan() connect.Plan {
	return connect.Plan{Kind: p.Kind, Map: p.Map, Options: p.Options}
}

type presetShape struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Kind    connect.Kind      `json:"kind"`
	Ready   bool              `json:"ready" doc:"Comes with the program"`
	Map     map[string]string `json:"map"`
	Options connect.Options   `json:"options"`
}

type fieldsOut struct {
	Customers []connect.Field `json:"customers"`
	Events    []connect.Field `json:"events"`
	Orders    []connect.Field `json:"orders"`
}

type importPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) imports() {
	const tag = "imports"
	handle(a, route{method: "GET", path: "/imports/fields", summary: "What columns of a file can be mapped to", perm: access.ReadData, tag: tag},
		func(ctx context.Context, _ *access.Principal, _ *None) (*Body[fieldsOut], error) {
			return body(fieldsOut{a.importFields(ctx, connect.Customers), a.importFields(ctx, connect.Events), a.importFields(ctx, connect.Orders)})
		})
	handle(a, route{method: "GET", path: "/imports/presets", summary: "Mappings: the workspace's own, then the ready ones", perm: access.ReadData, tag: tag}, a.importPresets)
	handle(a, route{method: "POST", path: "/imports/dry-run", summary: "What an import would do; writes nothing", perm: access.Import, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body importPlan }) (*Body[connect.DryRun], error) {
			out, err := a.Imports.DryRun(ctx, p.Workspace, in.Body.UploadID, in.Body.plan())
			if err != nil {
				return nil, err
			}
			for i := range out.Refused {
				for k := range out.Refused[i].Samples {
					x := &out.Refused[i].Samples[k]
					x.Message = a.hear(ctx, x.Message)
				}
			}
			return body(*out)
		})
	handle(a, route{method: "POST", path: "/imports", summary: "Start an import in the background", perm: access.Import, audit: "import.start", status: http.StatusCreated, tag: tag}, a.startImport)
	handle(a, route{method: "GET", path: "/imports", summary: "The newest 200 imports", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
			Imports []importShape `json:"imports"`
		}], error) {
			list, err := a.Imports.List(ctx, p.Workspace, 200)
			if err != nil {
				return nil, err
			}
			var out struct {
				Imports []importShape `json:"imports"`
			}
			out.Imports = make([]importShape, len(list))
			for i := range list {
				out.Imports[i] = a.importOut(ctx, &list[i])
			}
			return body(out)
		})
	handle(a, route{method: "GET", path: "/imports/{id}", summary: "How an import stands", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *importPath) (*Body[importShape], error) {
			r, err := a.Imports.Get(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return body(a.importOut(ctx, &r))
		})
	a.raw("POST /imports/uploads", access.Import, a.uploadImport, file{summary: "Send a file to import, up to 4 GiB", tag: tag, status: http.StatusCreated, upload: "file"})
	a.raw("GET /imports/{id}/rejected.csv", access.Import, a.rejectedCSV, file{summary: "Refused rows of an import", tag: tag, content: "text/csv"})
}

// importFields lists the fields of a kind with their names in the language of
// the caller.
func (a *API) importFields(ctx context.Context, k connect.Kind) []connect.Field {
	list := connect.Fields(k)
	for i := range list {
		list[i].Label, list[i].Help = a.hear(ctx, list[i].Label), a.hear(ctx, list[i].Help)
	}
	return list
}

type presetsOut struct {
	Presets []presetShape `json:"presets"`
}

func (a *API) importPresets(ctx context.Context, p *access.Principal, _ *None) (*Body[presetsOut], error) {
	saved, err := a.Imports.Presets(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	out := presetsOut{Presets: []presetShape{}}
	for i, s := range append(saved, connect.Ready()...) {
		out.Presets = append(out.Presets, presetShape{s.Key, s.Name, s.Kind, i >= len(saved), s.Map, s.Options})
	}
	return body(out)
}

type startedImport struct {
	ID string `json:"id"`
}

func (a *API) startImport(ctx context.Context, p *access.Principal, in *struct{ Body importPlan }) (*Body[startedImport], error) {
	plan := in.Body.plan()
	if in.Body.SavePreset != "" {
		if err := a.Imports.SavePreset(ctx, p.Workspace, in.Body.SavePreset, plan); err != nil {
			return nil, err
		}
	}
	id, err := a.Imports.Start(ctx, p.Workspace, in.Body.UploadID, plan, p.Label())
	if err != nil {
		return nil, err
	}
	note(ctx, id, "kind", &plan.Kind)
	return body(startedImport{itoa(id)})
}

// uploadImport stores the first file of a multipart form.
func (a *API) uploadImport(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	u, err := a.receive(r, p)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			err = errs.Wrap(err, errs.TooLarge, "too_large", "the file is larger than 4 GiB; compress it with gzip or split it")
		}
		a.fail(w, r, err)
		return
	}
	if err := a.audit(callOf(r.Context()), p, "import.upload"); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(u) // the client is gone when this fails
}

func (a *API) receive(r *http.Request, p *access.Principal) (*connect.Upload, error) {
	part, err := formFile(r, formOnly())
	if err != nil {
		return nil, err
	}
	u, err := a.Imports.Upload(r.Context(), p.Workspace, part.FileName(), part)
	return u, formError(err)
}

// formOnly says how a file is sent where there is no other way.
func formOnly() *errs.Text {
	return errs.Say("send the file as multipart/form-data with a part named file")
}

// formFile finds the file that a form sends; how is said to who sends no form.
func formFile(r *http.Request, how *errs.Text) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errs.New(errs.Invalid, "not_a_form", "%v", how)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errs.Field("file", "missing_file", "the form has no part named file")
		}
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "damaged_form", "the form cannot be read to its end")
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
}

// formError says what is wrong when a form broke off.
func formError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && errs.KindOf(err) == errs.Internal {
		return errs.Wrap(err, errs.Invalid, "damaged_form", "the form ends too early")
	}
	return err
}

// rejectedCSV streams refused rows as text/csv.
func (a *API) rejectedCSV(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	id, err := pathNumber(r, "id")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if _, err := a.Imports.Get(r.Context(), p.Workspace, id); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="import-%d-rejected.csv"`, id))
	out := newTable(w)
	out.row("line", "column", "reason", "message", "row")
	said := a.hearing(r)
	err = a.Imports.Rejects(r.Context(), p.Workspace, id, func(e connect.RowError) error {
		out.row(itoa(e.Line), cell(e.Column), e.Reason, cell(said(e.Message)), cell(e.Row))
		return r.Context().Err()
	})
	if err = errors.Join(err, out.flush()); err != nil && r.Context().Err() == nil {
		a.Log.Error("download of refused rows broke off", "import", id, "error", err)
		panic(http.ErrAbortHandler) // a cut answer, not one that looks whole
	}
}
