package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// maxBatches bounds how many rows one Take reads.
const maxBatches = 512

// errEnough ends a scan early.
var errEnough = errors.New("enough")

// Workspaces gives the workspaces that have work waiting.
func (s *Service) Workspaces(ctx context.Context) ([]core.WorkspaceID, error) {
	var out []core.WorkspaceID
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("inbox_workspaces"), func(row db.Row) error {
			var ws core.WorkspaceID
			if err := row.Scan(&ws); err != nil {
				return err
			}
			out = append(out, ws)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list waiting workspaces: %w", err)
	}
	return out, nil
}

// Work is what Take gives: messages of the oldest waiting batches, to be
// processed in one transaction that ends with Commit. It is used by one
// goroutine.
type Work struct {
	Workspace core.WorkspaceID
	// Messages in the order they were accepted, without duplicates and without
	// those that broke a rule. Their bytes may share the memory of the batch.
	Messages []core.Message

	s       *Service
	batches []*batch
	origin  []origin // of each message
	entries []entry  // dedupe entry of each message; zero when it has none
	fate    []fate   // of each message, set by Reject and Drop

	rejected   []held // found by parser, plan or dedupe
	counts     map[counter]int64
	lastEvent  map[core.SourceID]core.Micros
	seenSeq    int64 // newest dedupe block when the duplicates were looked for
	total      int64 // events in the batches, for the load
	totalBytes int64
	meter      meter // of senders
}

// batch is one row of the inbox, parsed.
type batch struct {
	row
	source   *Source
	meta     Meta
	result   Result
	envelope []byte
	// properties are the rules to apply, nil for none.
	properties *propertyRules
}

// origin says where a message comes from.
type origin struct {
	batch *batch
	raw   []byte
	rate  string // why its sender was too fast for a person
}

// fate is what the caller decided about a message.
type fate struct {
	code, detail string // quarantine
	dropped      bool
}

// held is an event on its way to quarantine.
type held struct {
	batch         *batch
	raw           []byte
	id, name      string
	code, message string
	rate          string // see origin
	print         uint64 // fingerprint
}

// held sends a message from here to quarantine.
func (o *origin) held(m *core.Message, code, detail string) held {
	return held{batch: o.batch, raw: o.raw, id: m.ID, name: m.Name, code: code, message: detail, rate: o.rate, print: m.Fingerprint}
}

type counter struct {
	source core.SourceID
	name   string
}

// Batches tells how many inbox rows the work covers.
func (w *Work) Batches() int { return len(w.batches) }

// Total tells how many events the batches hold, duplicates and rejects included.
func (w *Work) Total() int { return int(w.total) }

// Reject sends message i to quarantine instead, with one of the codes and a
// detail for people.
func (w *Work) Reject(i int, code, detail string) { w.fate[i] = fate{code: code, detail: detail} }

// Drop leaves message i out and counts it under name.
func (w *Work) Drop(i int, name string) {
	w.fate[i] = fate{dropped: true}
	w.counts[counter{w.Messages[i].Source, name}]++
}

// Take reads the oldest waiting batches of a workspace, up to about maxEvents
// events but at least one batch. It gives nil when nothing waits. Until the
// work is committed, Take gives the same rows again.
func (s *Service) Take(ctx context.Context, ws core.WorkspaceID, maxEvents int) (*Work, error) {
	w := &Work{Workspace: ws, s: s, meter: meter{rates: &s.rates, ws: ws}, counts: map[counter]int64{}, lastEvent: map[core.SourceID]core.Micros{}}
	err := s.DB.Read(ctx, func(tx *db.Tx) error { return s.readRows(ctx, tx, w, int64(maxEvents)) })
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	if len(w.batches) == 0 {
		return nil, nil
	}
	var found []core.Message
	var from []origin
	for _, b := range w.batches {
		if err := s.parse(b); err != nil {
			// One spoilt row must not stop all that come after it.
			s.Log.ErrorContext(ctx, "inbox batch is unreadable", "workspace", ws, "batch", b.id, "error", err)
			w.rejected = append(w.rejected, held{batch: b, raw: b.body, code: CodeUnreadable, message: err.Error()})
			continue
		}
		for _, r := range b.result.Rejects {
			w.rejected = append(w.rejected, held{batch: b, raw: r.Raw, id: r.MessageID, name: r.Name, code: r.Code, message: r.Message, rate: b.meta.Rate, print: r.print})
		}
		for i := range b.result.Messages {
			found = append(found, b.result.Messages[i])
			from = append(from, origin{b, b.result.Raws[i], b.meta.Rate})
		}
		if b.meta.Mismatch {
			w.counts[counter{b.row.source, CountKeyMismatch}]++
		}
	}
	if err := s.sift(ctx, w, found, from); err != nil {
		return nil, fmt.Errorf("look for duplicates: %w", err)
	}
	w.fate = make([]fate, len(w.Messages))
	return w, nil
}

// readRows chooses rows by their counts first, so that no body is read in vain.
func (s *Service) readRows(ctx context.Context, tx *db.Tx, w *Work, maxEvents int64) error {
	var last, total int64
	err := tx.Query(ctx, s.q.Get("oldest_inbox"), func(rows db.Row) error {
		var id, events int64
		if err := rows.Scan(&id, &events); err != nil {
			return err
		}
		if last != 0 && total+events > maxEvents {
			return errEnough
		}
		last, total = id, total+events
		return nil
	}, w.Workspace, maxBatches)
	if err != nil && !errors.Is(err, errEnough) || last == 0 {
		return err
	}
	err = tx.Query(ctx, s.q.Get("inbox_up_to"), func(rows db.Row) error {
		b := &batch{row: row{ws: w.Workspace}}
		if err := rows.Scan(&b.id, &b.row.source, &b.received, &b.events, &b.size, &b.encoding, &b.row.meta, &b.body); err != nil {
			return err
		}
		w.batches = append(w.batches, b)
		w.total += b.events
		w.totalBytes += b.size
		return nil
	}, w.Workspace, last)
	if err != nil {
		return err
	}
	for _, b := range w.batches {
		if b.source, err = s.sourceFor(ctx, tx, w.Workspace, b.row.source); err != nil {
			return err
		}
	}
	return nil
}

// parse reads a stored batch as Accept did.
func (s *Service) parse(b *batch) error {
	if b.encoding == encodingS2 {
		plain, err := s2.Decode(nil, b.body)
		if err != nil {
			return fmt.Errorf("decompress batch %d: %w", b.id, err)
		}
		b.body = plain
	}
	if err := json.Unmarshal([]byte(b.row.meta), &b.meta); err != nil {
		return fmt.Errorf("read meta of batch %d: %w", b.id, err)
	}
	res, err := Parse(Request{Meta: b.meta, Body: b.body, Received: b.received, SourceID: b.row.source, Networks: b.source.networks(), Seed: b.id})
	if err != nil {
		return fmt.Errorf("parse batch %d: %w", b.id, err)
	}
	b.result, b.envelope = res, res.Envelope
	return s.prepareBatch(b)
}

// prepareBatch makes the property rules for a batch: those of its source, less
// what was done before a stay in quarantine.
func (s *Service) prepareBatch(b *batch) (err error) {
	b.properties = b.source.rules.properties
	if len(b.meta.Hashed) > 0 {
		b.properties, err = s.compileProperties(b.source.Workspace, &b.source.Settings, b.meta.Hashed)
	}
	return err
}

// sift takes duplicates out, then applies tracking plan and property rules.
func (s *Service) sift(ctx context.Context, w *Work, found []core.Message, from []origin) error {
	sn := s.seenOf(w.Workspace)
	entries := make([]entry, len(found))
	for i := range found {
		if found[i].Flags&core.FlagNoMessageID == 0 {
			entries[i] = s.keys.entry(&found[i])
		}
	}
	verdicts, seq, err := sn.judge(ctx, s, w.Workspace, entries)
	if err != nil {
		return err
	}
	w.seenSeq = seq
	w.Messages = make([]core.Message, 0, len(found))
	for i := range found {
		m := &found[i]
		switch verdicts[i] {
		case duplicate:
			w.counts[counter{m.Source, CountDuplicates}]++
			continue
		case conflict:
			m.Flags |= core.FlagIDConflict
			w.counts[counter{m.Source, CountConflicts}]++
		}
		src := from[i].batch.source
		if src.Settings.Test {
			m.Flags |= core.FlagTest
		}
		if !from[i].batch.meta.Replayed {
			from[i].rate = w.meter.rateOf(m, src)
		}
		markRate(m, from[i].rate)
		if bad := src.rules.plan.apply(m); bad != nil {
			code, message := bad.code, bad.message
			if gone, counted := w.gone(m); gone != "" {
				code, message = gone, errErased.Error()
			} else if counted != "" {
				w.counts[counter{m.Source, counted}]++
				continue
			}
			w.rejected = append(w.rejected, from[i].held(m, code, message))
			continue
		}
		if m.Flags&core.FlagUnplanned != 0 {
			w.counts[counter{m.Source, CountViolations}]++
		}
		from[i].batch.properties.apply(m)
		w.Messages = append(w.Messages, *m)
		w.origin = append(w.origin, from[i])
		w.entries = append(w.entries, entries[i])
	}
	return nil
}

// Commit ends the work inside the caller's transaction: quarantine, dedupe keys
// and counters are written and the batches removed. It fails with Conflict when
// another consumer was faster; the caller then rolls back and takes anew.
func (w *Work) Commit(ctx context.Context, tx *db.Tx) error {
	s := w.s
	if err := w.removeRows(ctx, tx); err != nil {
		return err
	}
	rejected := w.rejected[:len(w.rejected):len(w.rejected)]
	counts := map[counter]int64{}
	for k, n := range w.counts {
		counts[k] += n
	}
	var fresh []entry
	var last core.Micros
	for i := range w.Messages {
		m, f := &w.Messages[i], &w.fate[i]
		if f.code != "" {
			rejected = append(rejected, w.origin[i].held(m, f.code, f.detail))
			continue
		}
		if w.entries[i] != (entry{}) {
			fresh = append(fresh, w.entries[i])
			last = max(last, m.Received)
		}
		if !f.dropped {
			counts[counter{m.Source, CountEvents}]++
		}
	}
	if err := s.hold(ctx, tx, w.Workspace, rejected); err != nil {
		return err
	}
	for _, h := range rejected {
		counts[counter{h.batch.row.source, CountQuarantined}]++
	}
	if err := s.count(ctx, tx, w.Workspace, counts); err != nil {
		return err
	}
	if err := w.touch(ctx, tx); err != nil {
		return err
	}
	if err := s.record(ctx, tx, w.Workspace, w.seenSeq, fresh, last); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		s.load.add(-int64(len(w.batches)), -w.total, -w.totalBytes)
		s.load.worked(w.total, s.now())
		s.rates.add(w.meter.counts)
	})
	return nil
}

// removeRows deletes the batches and makes sure that all were still there.
func (w *Work) removeRows(ctx context.Context, tx *db.Tx) error {
	const step = 128
	for from := 0; from < len(w.batches); from += step {
		part := w.batches[from:min(from+step, len(w.batches))]
		args := []any{w.Workspace}
		for _, b := range part {
			args = append(args, b.id)
		}
		n, err := tx.Exec(ctx, "DELETE FROM inbox WHERE workspace_id = $1 AND id IN ("+db.List(2, len(part))+")", args...)
		if err != nil {
			return fmt.Errorf("remove batches: %w", err)
		}
		if n != int64(len(part)) {
			return errs.New(errs.Conflict, "work_taken", "another consumer processed these batches")
		}
	}
	return nil
}

func (w *Work) touch(ctx context.Context, tx *db.Tx) error {
	newest := map[core.SourceID]core.Micros{}
	for _, b := range w.batches {
		newest[b.row.source] = max(newest[b.row.source], b.received)
	}
	for id, at := range newest {
		if _, err := tx.Exec(ctx, w.s.q.Get("touch_source"), at, w.Workspace, id); err != nil {
			return fmt.Errorf("note last event: %w", err)
		}
	}
	return nil
}

// count adds to the counters of today.
func (s *Service) count(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, counts map[counter]int64) error {
	if len(counts) == 0 {
		return nil
	}
	day := s.now() / core.Day
	in := db.Insert{
		Table: "source_counters", Columns: []string{"workspace_id", "source_id", "name", "day", "n"},
		Conflict: "ON CONFLICT (workspace_id, source_id, name, day) DO UPDATE SET n = source_counters.n + excluded.n",
	}
	for k, n := range counts {
		in.Rows = append(in.Rows, []any{ws, k.source, k.name, day, n})
	}
	return tx.Bulk(ctx, in)
}
