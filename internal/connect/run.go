package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Status says how a run stands.
type Status string

// Statuses of runs.
const (
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Run is one import.
type Run struct {
	Workspace core.WorkspaceID
	ID        int64
	Kind      Kind
	File      string
	UploadID  string
	SHA256    string
	Plan      Plan
	Source    core.SourceID
	Status    Status
	TotalRows int64
	Rows      int64 // rows whose events were accepted, or that were refused
	Events    int64 // events made of them
	Sent      int64 // checkpoint: so many events were accepted
	Rejected  int64 // rows refused
	Started   core.Micros
	Finished  core.Micros
	Error     string
	CreatedBy string
	// Rate is rows a second since this process took the run up; ETA is how many
	// seconds are left. Both are 0 when unknown.
	Rate, ETA float64
}

// Start begins an import in the background.
func (s *Service) Start(ctx context.Context, ws core.WorkspaceID, upload string, p Plan, by string) (int64, error) {
	u, err := s.upload(ctx, ws, upload)
	if err != nil {
		return 0, err
	}
	if p, err = s.ready(ctx, ws, u, p); err != nil {
		return 0, err
	}
	source, err := s.source(ctx, ws)
	if err != nil {
		return 0, err
	}
	run := &Run{Workspace: ws, Kind: p.Kind, File: u.Name, UploadID: u.ID, SHA256: u.SHA256, Plan: p, Source: source, Status: Running,
		TotalRows: u.RowsEstimate, Started: s.now(), CreatedBy: by}
	plan, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("write plan: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, s.q.Get("next_import"), []any{ws}, &run.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, s.q.Get("insert_import"), ws, run.ID, string(run.Kind), run.File, run.UploadID, run.SHA256, string(plan), source,
			string(run.Status), run.TotalRows, run.Started, by)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store import: %w", err)
	}
	s.launch(run, u)
	return run.ID, nil
}

// Complete gives a plan with all options as a run would use them.
func (s *Service) Complete(ctx context.Context, ws core.WorkspaceID, upload string, p Plan) (Plan, error) {
	u, err := s.upload(ctx, ws, upload)
	if err != nil {
		return p, err
	}
	return s.ready(ctx, ws, u, p)
}

// ready completes a plan: the options of a ready mapping whose columns it uses,
// then the workspace's zone and currency. It fails when the plan does not fit
// the file.
func (s *Service) ready(ctx context.Context, ws core.WorkspaceID, u *Upload, p Plan) (Plan, error) {
	p.Map = maps.Clone(p.Map)
	maps.DeleteFunc(p.Map, func(_, column string) bool { return column == "" })
	o := &p.Options
	if o.Group == "" && o.CancelPrefix == "" && o.FeeCodes == nil {
		for _, r := range Ready() {
			if fitted, ok := r.Fit(u.Names()); ok && r.Kind == p.Kind && maps.Equal(fitted.Map, p.Map) {
				o.Group, o.CancelPrefix, o.FeeCodes = r.Options.Group, r.Options.CancelPrefix, r.Options.FeeCodes
			}
		}
	}
	zone, currency, err := s.Defaults(ctx, ws)
	if err != nil {
		return p, err
	}
	if o.TimeZone == "" {
		o.TimeZone = zone
	}
	if o.Currency == "" {
		o.Currency = currency
	}
	if _, err := u.formatOf(o); err != nil {
		return p, err
	}
	_, _, closeAll, err := s.reading(ws, u, &p)
	if err != nil {
		return p, err
	}
	return p, closeAll()
}

// Names gives the names of the columns.
func (in *Inspection) Names() []string {
	out := make([]string, len(in.Columns))
	for i, c := range in.Columns {
		out[i] = c.Name
	}
	return out
}

// launch runs an import in the background.
func (s *Service) launch(run *Run, u *Upload) {
	p := &progress{started: s.now(), run: *run}
	key := runKey{run.Workspace, run.ID}
	s.liveM.Lock()
	s.live[key] = p
	s.liveM.Unlock()
	report, done := s.Work.Start(run.Workspace, "import", "Import "+run.File)
	p.report = report
	s.runs.Add(1)
	go func() {
		defer s.runs.Done()
		defer done()
		err := s.execute(s.base, p, u)
		s.liveM.Lock()
		delete(s.live, key)
		s.liveM.Unlock()
		if s.base.Err() != nil {
			return // it stays running, and goes on at the next start
		}
		if ferr := s.finish(s.base, p, u, err); ferr != nil {
			s.Log.Error("import cannot be closed", "workspace", run.Workspace, "import", run.ID, "error", ferr)
		}
	}()
}

// finish writes how a run ended.
func (s *Service) finish(ctx context.Context, p *progress, u *Upload, err error) error {
	status, text := Done, ""
	if err != nil {
		status, text = Failed, errs.Say("the import failed; the server's log says why").Error()
		var known *errs.Error
		if errors.As(err, &known) {
			text = known.Message
		}
		s.Log.Error("import failed", "workspace", p.run.Workspace, "import", p.run.ID, "error", err)
	}
	r := p.snapshot()
	werr := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("finish"), string(status), text, s.now(), r.TotalRows, r.Rows, r.Events, r.Sent, r.Rejected, r.Workspace, r.ID)
		return err
	})
	if werr != nil {
		return fmt.Errorf("finish import: %w", werr)
	}
	gone := status == Done
	if !gone { // a failed import may be tried again, unless the file names somebody erased
		if gone, err = s.condemned(ctx, r.Workspace, u.ID); err != nil {
			return err
		}
	}
	if gone {
		return s.drop(ctx, r.Workspace, u.ID)
	}
	return nil
}

// Resume takes up the runs that were under way when the process ended, and
// removes what was kept long enough.
func (s *Service) Resume(ctx context.Context) error {
	runs, err := s.scan(ctx, "unfinished")
	if err != nil {
		return err
	}
	for _, run := range runs {
		u, err := s.upload(ctx, run.Workspace, run.UploadID)
		if err != nil {
			p := &progress{run: run}
			if err := s.finish(ctx, p, &Upload{ID: run.UploadID}, err); err != nil {
				return err
			}
			continue
		}
		s.launch(&run, u)
	}
	return s.Sweep(ctx)
}

func (s *Service) scan(ctx context.Context, query string, args ...any) ([]Run, error) {
	var out []Run
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get(query), func(row db.Row) error {
			var r Run
			var plan string
			err := row.Scan(&r.Workspace, &r.ID, &r.Kind, &r.File, &r.UploadID, &r.SHA256, &plan, &r.Source, &r.Status, &r.TotalRows, &r.Rows,
				&r.Events, &r.Sent, &r.Rejected, &r.Started, &r.Finished, &r.Error, &r.CreatedBy)
			if err != nil {
				return err
			}
			out = append(out, r)
			return json.Unmarshal([]byte(plan), &out[len(out)-1].Plan)
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	for i := range out {
		s.refresh(&out[i])
	}
	return out, nil
}

// refresh fills in how far a run of this process is.
func (s *Service) refresh(r *Run) {
	s.liveM.Lock()
	p := s.live[runKey{r.Workspace, r.ID}]
	s.liveM.Unlock()
	if p == nil || r.Status != Running {
		return
	}
	now := p.snapshot()
	r.TotalRows, r.Rows, r.Events, r.Sent, r.Rejected = now.TotalRows, now.Rows, now.Events, now.Sent, now.Rejected
	if secs := float64(s.now()-p.started) / float64(core.Second); secs > 0.5 && r.Rows > 0 {
		r.Rate = float64(r.Rows) / secs
		r.ETA = float64(max(r.TotalRows-r.Rows, 0)) / r.Rate
	}
}

// Get gives one import of the workspace.
func (s *Service) Get(ctx context.Context, ws core.WorkspaceID, id int64) (Run, error) {
	list, err := s.scan(ctx, "import", ws, id)
	if err != nil {
		return Run{}, err
	}
	if len(list) == 0 {
		return Run{}, errs.New(errs.NotFound, "import_not_found", "there is no import %d", id)
	}
	return list[0], nil
}

// List gives the newest imports of the workspace first.
func (s *Service) List(ctx context.Context, ws core.WorkspaceID, limit int) ([]Run, error) {
	return s.scan(ctx, "imports", ws, limit)
}

// Rejects calls fn for each refused row that was kept, in the order found.
func (s *Service) Rejects(ctx context.Context, ws core.WorkspaceID, id int64, fn func(RowError) error) error {
	after := int64(0)
	for {
		var page []RowError
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Query(ctx, s.q.Get("rejects"), func(row db.Row) error {
				var e RowError
				err := row.Scan(&after, &e.Line, &e.Column, &e.Reason, &e.Message, &e.Row)
				page = append(page, e)
				return err
			}, ws, id, after, 1000)
		})
		if err != nil {
			return fmt.Errorf("read refused rows: %w", err)
		}
		for _, e := range page {
			if err := fn(e); err != nil {
				return err
			}
		}
		if len(page) < 1000 {
			return nil
		}
	}
}

// Presets gives the mappings that the workspace saved.
func (s *Service) Presets(ctx context.Context, ws core.WorkspaceID) ([]Preset, error) {
	var out []Preset
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("presets"), func(row db.Row) error {
			var p Preset
			var m, o string
			if err := row.Scan(&p.ID, &p.Name, &p.Kind, &m, &o); err != nil {
				return err
			}
			p.Key = fmt.Sprint(p.ID)
			err := errors.Join(json.Unmarshal([]byte(m), &p.Map), json.Unmarshal([]byte(o), &p.Options))
			out = append(out, p)
			return err
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read presets: %w", err)
	}
	return out, nil
}

// SavePreset keeps a plan under a name; the same name again replaces it.
func (s *Service) SavePreset(ctx context.Context, ws core.WorkspaceID, name string, p Plan) error {
	if name == "" || len(name) > 200 {
		return errs.Field("save_preset", "bad_name", "the name of a preset has 1 to 200 characters")
	}
	if slices.ContainsFunc(Ready(), func(r Preset) bool { return r.Name == name }) {
		return errs.Field("save_preset", "name_taken", "this name belongs to a ready mapping; choose another")
	}
	m, err := json.Marshal(p.Map)
	if err != nil {
		return fmt.Errorf("write preset: %w", err)
	}
	o, err := json.Marshal(p.Options)
	if err != nil {
		return fmt.Errorf("write preset: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("save_preset"), ws, name, string(p.Kind), string(m), string(o))
		return err
	})
	if err != nil {
		return fmt.Errorf("save preset: %w", err)
	}
	return nil
}
