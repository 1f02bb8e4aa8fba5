package connect

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/zeebo/xxh3"
)

// Bounds of a batch for the inbox.
const (
	batchEvents = 500
	batchBytes  = 1 << 20
	// keptRejects is how many refused rows of a run can be downloaded.
	keptRejects = 100_000
	// saveEvery is how many events lie between two checkpoints.
	saveEvery = 5000
)

// progress is how far a run is. Its lock protects run.
type progress struct {
	mu      sync.Mutex
	run     Run
	started core.Micros
	report  func(done, total int64)
}

func (p *progress) snapshot() Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run
}

func (p *progress) update(fn func(r *Run)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn(&p.run)
	p.run.TotalRows = max(p.run.TotalRows, p.run.Rows)
	p.report(p.run.Rows, p.run.TotalRows)
}

// sender turns the outcomes of a run into batches.
type sender struct {
	s        *Service
	p        *progress
	skip     int64 // events that an earlier attempt had accepted
	events   int64 // made so far
	rows     int64 // in them, or refused
	saved    int64 // checkpoint in the database
	batch    []byte
	in       []made // of the batch
	inRows   int64
	rejects  []RowError
	rejected int64
	ids      *bufio.Writer
	last     core.Micros // when the last batch was received
}

// execute runs an import from its checkpoint to the end.
func (s *Service) execute(ctx context.Context, p *progress, u *Upload) error {
	run := p.snapshot()
	t, r, closeAll, err := s.reading(run.Workspace, u, &run.Plan)
	if err != nil {
		return err
	}
	ids, err := os.Create(s.idsPath(run.Workspace, run.ID))
	if err != nil {
		return errors.Join(fmt.Errorf("make id list: %w", err), closeAll())
	}
	x := &sender{s: s, p: p, skip: run.Sent, saved: run.Sent, ids: bufio.NewWriter(ids)}
	err = x.all(ctx, t, r)
	if ferr := x.ids.Flush(); err == nil && ferr != nil {
		err = fmt.Errorf("write id list: %w", ferr)
	}
	return errors.Join(err, ids.Close(), closeAll())
}

func (x *sender) all(ctx context.Context, t *table, r *reading) error {
	run := x.p.snapshot()
	// Rows are refused anew in the same order, so those of an earlier attempt go.
	err := x.s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, x.s.q.Get("clear_rejects"), run.Workspace, run.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear refused rows: %w", err)
	}
	refuse := func(e *RowError) error { x.rows++; return x.refuse(ctx, e) }
	if err := r.scan(ctx, t, refuse, func(int64) {}); err != nil {
		return err
	}
	x.p.update(func(p *Run) { p.TotalRows = r.rows })
	r.sort()
	if err := r.each(ctx, func(o outcome) error { return x.take(ctx, o) }); err != nil {
		return err
	}
	if err := x.flush(ctx); err != nil {
		return err
	}
	if err := x.writeRejects(ctx); err != nil {
		return err
	}
	return x.settle(ctx)
}

// take adds an outcome to the batch.
func (x *sender) take(ctx context.Context, o outcome) error {
	for _, e := range o.refused {
		if err := x.refuse(ctx, e); err != nil {
			return err
		}
	}
	for _, e := range o.events {
		if err := x.note(e); err != nil {
			return err
		}
		x.events++
		if x.events <= x.skip {
			continue
		}
		if len(x.in) >= batchEvents || len(x.batch)+len(e.body) > batchBytes && len(x.in) > 0 {
			if err := x.flush(ctx); err != nil {
				return err
			}
		}
		if len(x.in) == 0 {
			x.batch = append(x.batch[:0], `{"batch":[`...)
		} else {
			x.batch = append(x.batch, ',')
		}
		x.batch, x.in = append(x.batch, e.body...), append(x.in, e)
	}
	x.inRows += int64(o.rows)
	if x.events <= x.skip {
		x.rows, x.inRows = x.rows+x.inRows, 0
	}
	return nil
}

// note writes an event's id to the list that dry runs read.
func (x *sender) note(e made) error {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], xxh3.HashString(e.id))
	binary.LittleEndian.PutUint64(b[8:], xxh3.Hash(e.body))
	if _, err := x.ids.Write(b[:]); err != nil {
		return fmt.Errorf("write id list: %w", err)
	}
	return nil
}

// flush sends the batch, waiting while the inbox is busy.
func (x *sender) flush(ctx context.Context) error {
	if len(x.in) > 0 {
		x.batch = append(x.batch, "]}"...)
		if err := x.makeRoom(ctx); err != nil {
			return err
		}
		run := x.p.snapshot()
		refused, err := x.send(ctx, &run)
		if err != nil {
			return err
		}
		for _, f := range refused {
			if err := x.refuse(ctx, &RowError{Line: x.in[f.Index].line, Reason: f.Code, Message: f.Message}); err != nil {
				return err
			}
		}
		x.last = x.s.now()
		x.in = x.in[:0]
	}
	x.rows, x.inRows = x.rows+x.inRows, 0
	x.p.update(func(r *Run) {
		r.Rows, r.Events, r.Rejected, r.Sent = x.rows, x.events, x.rejected, max(r.Sent, x.events)
	})
	if x.events-x.saved >= saveEvery {
		return x.save(ctx)
	}
	return nil
}

func (x *sender) send(ctx context.Context, run *Run) ([]Refused, error) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		refused, err := x.s.Door.Send(ctx, run.Workspace, run.Source, x.batch, run.Plan.Options.Live)
		if err == nil {
			return refused, nil
		}
		if k := errs.KindOf(err); k != errs.Busy && k != errs.Unavailable {
			return nil, fmt.Errorf("send events: %w", err)
		}
		if err := x.s.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// makeRoom waits until few events wait in the inbox: the import must not keep
// live events back.
func (x *sender) makeRoom(ctx context.Context) error {
	ws := x.p.run.Workspace // never changes
	for {
		n, _, err := x.s.Door.Waiting(ctx, ws)
		if err != nil {
			return fmt.Errorf("look at inbox: %w", err)
		}
		if n < x.s.MaxWaiting {
			return nil
		}
		if err := x.s.sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// settle waits until all that was sent is processed, so that "done" means that
// customers and stages are up to date.
func (x *sender) settle(ctx context.Context) error {
	ws := x.p.run.Workspace
	for {
		_, oldest, err := x.s.Door.Waiting(ctx, ws)
		if err != nil {
			return fmt.Errorf("look at inbox: %w", err)
		}
		if oldest == 0 || oldest > x.last {
			return nil
		}
		if err := x.s.sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *Service) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.Clock.After(d):
		return nil
	}
}

// save writes the checkpoint.
func (x *sender) save(ctx context.Context) error {
	r := x.p.snapshot()
	err := x.s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, x.s.q.Get("progress"), r.TotalRows, r.Rows, r.Events, r.Sent, r.Rejected, r.Workspace, r.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	x.saved = r.Sent
	return nil
}

// refuse counts a refused row and keeps it for the download.
func (x *sender) refuse(ctx context.Context, e *RowError) error {
	if x.rejected++; x.rejected > keptRejects {
		return nil
	}
	k := *e
	k.Row = clip(k.Row, maxKeptRow)
	x.rejects = append(x.rejects, k)
	if len(x.rejects) < 500 {
		return nil
	}
	return x.writeRejects(ctx)
}

func (x *sender) writeRejects(ctx context.Context) error {
	run := x.p.snapshot()
	first := min(x.rejected, keptRejects) - int64(len(x.rejects))
	rows := make([][]any, len(x.rejects))
	for i, e := range x.rejects {
		rows[i] = []any{run.Workspace, run.ID, first + int64(i) + 1, e.Line, storable(e.Column), e.Reason, e.Message, storable(e.Row)}
	}
	x.rejects = x.rejects[:0]
	x.p.update(func(r *Run) { r.Rejected = x.rejected })
	if len(rows) == 0 {
		return nil
	}
	err := x.s.DB.Write(ctx, func(tx *db.Tx) error {
		return tx.Bulk(ctx, db.Insert{Table: "import_rejects", Columns: []string{"workspace_id", "import_id", "n", "line", "col", "reason", "message", "raw"}, Rows: rows})
	})
	if err != nil {
		return fmt.Errorf("store refused rows: %w", err)
	}
	return nil
}

func (s *Service) idsPath(ws core.WorkspaceID, id int64) string {
	return filepath.Join(s.Dir, fmt.Sprintf("%d-%d.ids", ws, id))
}
