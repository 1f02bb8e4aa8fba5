package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// FillJob is the kind of the jobs that put customers on new lists.
const FillJob = "segment.fill"

// fillTurn is how many chunks one attempt writes, well within its lease.
const fillTurn = 50

// CreateList makes a static segment of some customers. They are put on its list
// in the background, each once, also when the program stops in between; until
// then the segment is Filling.
func (s *Service) CreateList(ctx context.Context, ws core.WorkspaceID, d Definition, list []core.CustomerID, by string) (Segment, error) {
	d.Kind, d.When = Static, nil
	list = slices.Clone(list)
	slices.Sort(list)
	list = slices.Compact(list)
	return s.create(ctx, ws, d, by, func(tx *db.Tx, id int64) error {
		if len(list) == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, queries.Get("insert_fill"), ws, id, packList(list), 0, by); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{{Kind: FillJob, Ref: id}})
	})
}

// filling is a list on its way.
type filling struct {
	name, by string
	done     int64
	list     []core.CustomerID
}

// fillJob is the handler of FillJob. What it cannot do now it does later.
func (s *Service) fillJob(ctx context.Context, j *jobs.Job) (string, error) {
	rest, err := s.fill(ctx, j.Workspace, j.Ref)
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // the program stops
		return "", ctx.Err()
	case err != nil:
		s.Log.Error("a list cannot be filled, it is tried again", "workspace", j.Workspace, "segment", j.Ref, "error", err)
		return "", &jobs.Later{After: time.Minute, Why: err.Error()}
	case rest > 0:
		return "", &jobs.Later{Why: fmt.Sprintf("%d customers are not on the list yet", rest)}
	}
	return "", nil
}

// fill goes on filling a list from where it stopped and tells how many are left.
func (s *Service) fill(ctx context.Context, ws core.WorkspaceID, id int64) (rest int64, err error) {
	f, err := s.filling(ctx, ws, id)
	if err != nil {
		return 0, err
	}
	if f != nil {
		report, done := s.Work.Start(ws, "segment", f.name)
		defer done()
		for n := 0; f.done < int64(len(f.list)); n++ {
			if n == fillTurn {
				return int64(len(f.list)) - f.done, nil
			}
			if err := s.fillStep(ctx, ws, id, f); err != nil {
				return 0, fmt.Errorf("fill list: %w", err)
			}
			report(f.done, int64(len(f.list)))
		}
	}
	return 0, s.Load(ctx, ws) // it is no longer Filling
}

// filling reads how far a list is; nil: nothing is left to do.
func (s *Service) filling(ctx context.Context, ws core.WorkspaceID, id int64) (f *filling, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("fill"), func(row db.Row) error {
			var raw []byte
			f = &filling{}
			if err := row.Scan(&f.name, &f.by, &f.done, &raw); err != nil {
				return err
			}
			f.list, err = unpackList(raw)
			return err
		}, ws, id)
	})
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	return f, nil
}

// fillStep puts the next customers on a list and says in the same transaction
// that they are on it.
func (s *Service) fillStep(ctx context.Context, ws core.WorkspaceID, id int64, f *filling) error {
	upto := min(f.done+listChunk, int64(len(f.list)))
	part, err := s.People.Living(ctx, ws, f.list[f.done:upto])
	if err != nil {
		return err
	}
	all := int64(len(f.list))
	err = s.lists.Signal(ctx, ws, func(tx *db.Tx, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error) {
		g, err := s.Get(ws, id) // batches stand still: nobody deletes it now
		gone := errs.KindOf(err) == errs.NotFound
		if gone {
			upto = all
		}
		n, err := tx.Exec(ctx, queries.Get("move_fill"), upto, ws, id, f.done)
		if err == nil && n == 0 {
			err = errors.New("somebody else fills this list")
		}
		if err == nil && upto == all {
			_, err = tx.Exec(ctx, queries.Get("delete_fill"), ws, id)
		}
		if err != nil || gone {
			return nil, err
		}
		return s.entries(ctx, tx, ws, g, part, true, f.by, anchor)
	})
	if err == nil {
		f.done = upto
	}
	return err
}

// packList writes customers, rising.
func packList(list []core.CustomerID) []byte {
	var out []byte
	last := core.CustomerID(0)
	for _, c := range list {
		out = binary.AppendUvarint(out, uint64(c-last))
		last = c
	}
	return out
}

func unpackList(raw []byte) (out []core.CustomerID, err error) {
	last := core.CustomerID(0)
	for len(raw) > 0 {
		step, n := binary.Uvarint(raw)
		if n <= 0 {
			return nil, errors.New("the customers of a list are damaged")
		}
		last += core.CustomerID(step)
		out, raw = append(out, last), raw[n:]
	}
	return out, nil
}
