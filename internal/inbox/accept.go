package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Door is one request to the inbox. Meta's Source and IPPolicy are filled from
// the source; a stricter IPPolicy of the caller wins.
type Door struct {
	Source *Source
	Meta
	Body     []byte // decompressed
	Received core.Micros
	// Key is the write key the caller was let in with, "" for trusted callers.
	// Another key in the body is counted.
	Key string
	// Admit, when set, is asked whether so many events may come in now.
	Admit func(events int) error
}

// Encodings of stored bodies.
const (
	encodingPlain = 0
	encodingS2    = 1
)

// compressFrom is the body size from which compression pays.
const compressFrom = 1024

// Counters of a source.
const (
	CountEvents      = "events"
	CountDuplicates  = "duplicates"
	CountQuarantined = "quarantined"
	CountConflicts   = "id_conflicts"
	CountViolations  = "plan_violations"
	CountKeyMismatch = "key_mismatches"
)

// Accept reads a body and appends it to the inbox. It returns once the batch is
// durable. Errors: Invalid with CodeInvalidJSON; Busy when the queue is full;
// Unavailable when the store cannot be written. RetryAfter tells when to come
// back.
func (s *Service) Accept(ctx context.Context, d Door) (Result, error) {
	if d.Source == nil {
		return Result{}, errs.New(errs.Unauthorized, CodeInvalidKey, "the write key is missing")
	}
	d.Meta.Source = d.Source.Kind
	d.Meta.IPPolicy = d.Source.IPPolicy.Stricter(d.Meta.IPPolicy)
	if !d.Meta.Imported {
		d.Meta.Network = d.Source.networks().find(d.Meta.IP).mark()
	}
	d.Meta.IP = ApplyIPPolicy(d.Meta.IP, d.Meta.IPPolicy)
	d.Meta.Agent = clip(d.Meta.Agent, 512)
	d.Meta.SentAt = clip(d.Meta.SentAt, 64)
	id := s.nextID()
	res, err := Parse(Request{Meta: d.Meta, Body: d.Body, Received: d.Received, SourceID: d.Source.ID, Networks: d.Source.networks(), Seed: id})
	if err != nil || res.Total == 0 {
		return res, err
	}
	if d.Admit != nil {
		if err := d.Admit(res.Total); err != nil {
			return res, err
		}
	}
	if d.Key != "" && res.WriteKey != "" && res.WriteKey != d.Key {
		d.Meta.Mismatch = true
	}
	row, err := s.pack(id, d, res.Total)
	if err != nil {
		return res, err
	}
	if err := s.reserve(ctx, row); err != nil {
		return res, err
	}
	if err := s.append(ctx, row); err != nil {
		s.load.add(-1, -row.events, -row.size)
		return res, storeError(err)
	}
	s.signal(s.wake)
	return res, nil
}

// row is one row of the table inbox.
type row struct {
	ws       core.WorkspaceID
	id       int64
	source   core.SourceID
	received core.Micros
	events   int64
	size     int64
	encoding int64
	meta     string
	body     []byte
}

func (s *Service) pack(id int64, d Door, events int) (*row, error) {
	meta, err := json.Marshal(d.Meta)
	if err != nil {
		return nil, fmt.Errorf("write batch meta: %w", err)
	}
	r := &row{ws: d.Source.Workspace, id: id, source: d.Source.ID, received: d.Received, events: int64(events), meta: string(meta), body: d.Body}
	if len(d.Body) >= compressFrom {
		r.body, r.encoding = s2.Encode(nil, d.Body), encodingS2
	}
	r.size = int64(len(r.body))
	return r, nil
}

// append writes the row. An id that another process took is replaced, unless
// made-up message ids hang on it.
func (s *Service) append(ctx context.Context, r *row) error {
	for attempt := 0; ; attempt++ {
		err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.insertRow(ctx, tx, r) })
		if !errors.Is(err, db.ErrUnique) || attempt == 3 {
			return err
		}
		r.id = s.nextID()
	}
}

func (s *Service) insertRow(ctx context.Context, tx *db.Tx, r *row) error {
	_, err := tx.Exec(ctx, s.q.Get("insert_inbox"), r.ws, r.id, r.source, r.received, r.events, r.size, r.encoding, r.meta, r.body)
	return err
}

// reserve counts the row in, or refuses it when the queue is full.
func (s *Service) reserve(ctx context.Context, r *row) error {
	if err := s.knowLoad(ctx); err != nil {
		return storeError(err)
	}
	l := &s.load
	l.mu.Lock()
	defer l.mu.Unlock()
	over := max(l.events+r.events-s.Limits.QueueEvents, 0)
	if over == 0 && l.bytes+r.size > s.Limits.QueueBytes {
		over = r.events
	}
	// An empty queue takes any batch, or one larger than the bound would never
	// get in.
	if over > 0 && l.batches > 0 {
		return retryError{errs.New(errs.Busy, "queue_full", "the inbox is full; try again later"), l.wait(over)}
	}
	l.batches++
	l.events += r.events
	l.bytes += r.size
	return nil
}

// knowLoad reads what waits from the database once.
func (s *Service) knowLoad(ctx context.Context) error {
	s.load.mu.Lock()
	known := s.load.known
	s.load.mu.Unlock()
	if known {
		return nil
	}
	return s.refreshLoad(ctx)
}

func (s *Service) refreshLoad(ctx context.Context) error {
	p, err := s.pending(ctx, "inbox_load")
	if err != nil {
		return err
	}
	l := &s.load
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known, l.batches, l.events, l.bytes = true, p.Batches, p.Events, p.Bytes
	return nil
}

// Pending is what waits in the inbox.
type Pending struct {
	Batches, Events, Bytes int64
	Oldest                 core.Micros // received; 0 when nothing waits
}

// Pending tells what waits in all workspaces.
func (s *Service) Pending(ctx context.Context) (Pending, error) { return s.pending(ctx, "inbox_load") }

// PendingOf tells what waits in one workspace.
func (s *Service) PendingOf(ctx context.Context, ws core.WorkspaceID) (Pending, error) {
	return s.pending(ctx, "inbox_load_of_workspace", ws)
}

func (s *Service) pending(ctx context.Context, query string, args ...any) (p Pending, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, s.q.Get(query), args, &p.Batches, &p.Events, &p.Bytes, &p.Oldest)
	})
	if err != nil {
		return p, fmt.Errorf("count inbox: %w", err)
	}
	return p, nil
}

// storeError makes the answer for a store that cannot be written now.
func storeError(err error) error {
	var known *errs.Error
	if errors.As(err, &known) {
		return err
	}
	out := errs.New(errs.Unavailable, "store_unavailable", "the store cannot be written now; try again later")
	wait := 5 * time.Second
	if errors.Is(err, db.ErrFull) {
		out = errs.New(errs.Unavailable, "store_unavailable", "the disk is full; try again later")
		wait = 60 * time.Second
	}
	out.Err = err
	return retryError{out, wait}
}
