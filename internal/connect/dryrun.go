package connect

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/tidwall/gjson"
	"github.com/zeebo/xxh3"
)

// Counts say what an import would do: events, and for customers rows, by what
// is there already; refused counts rows.
type Counts struct {
	New       int64 `json:"new"`
	Changed   int64 `json:"changed"`
	Unchanged int64 `json:"unchanged"`
	Refused   int64 `json:"refused"`
}

// Sample is a row as it would become an event.
type Sample struct {
	Line  int64           `json:"line"`
	Event json.RawMessage `json:"event"`
}

// RefusedSample is one refused row.
type RefusedSample struct {
	Line    int64  `json:"line"`
	Column  string `json:"column"`
	Message string `json:"message"`
}

// RefusedGroup is all rows refused for one reason.
type RefusedGroup struct {
	Reason  string          `json:"reason"`
	Count   int64           `json:"count"`
	Samples []RefusedSample `json:"samples"`
}

// DryRun is what an import would do.
type DryRun struct {
	Counts  Counts         `json:"counts"`
	Rows    int64          `json:"rows"`
	Orders  int64          `json:"orders"`  // Order Completed events
	Refunds int64          `json:"refunds"` // Order Refunded events
	Sample  []Sample       `json:"sample"`
	Refused []RefusedGroup `json:"refused"`
	Plan    Plan           `json:"plan"` // with all options as they would be used
}

// maxSamples is how many events, and refused rows of a reason, are shown.
const maxSamples = 10

// print is an event as lists of ids know it.
type print struct{ id, body uint64 }

// verdicts of events against earlier imports
const (
	isNew = iota
	isChanged
	isUnchanged
)

// trial gathers what a dry run tells.
type trial struct {
	out    DryRun
	groups map[string]*RefusedGroup
	prints []print
	people []customerRow
}

// customerRow is what a row of customers says about whom.
type customerRow struct {
	ids    []core.Identifier
	traits string
}

// DryRun reads a whole upload under a plan and says what an import would do.
// It writes nothing.
func (s *Service) DryRun(ctx context.Context, ws core.WorkspaceID, upload string, p Plan) (*DryRun, error) {
	u, err := s.upload(ctx, ws, upload)
	if err != nil {
		return nil, err
	}
	if p, err = s.ready(ctx, ws, u, p); err != nil {
		return nil, err
	}
	t, r, closeAll, err := s.reading(ws, u, &p)
	if err != nil {
		return nil, err
	}
	x := &trial{groups: map[string]*RefusedGroup{}, out: DryRun{Sample: []Sample{}, Refused: []RefusedGroup{}, Plan: p}}
	err = s.try(ctx, ws, x, t, r)
	if err = errors.Join(err, closeAll()); err != nil {
		return nil, err
	}
	for _, g := range x.groups {
		x.out.Refused = append(x.out.Refused, *g)
	}
	slices.SortFunc(x.out.Refused, func(a, b RefusedGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return &x.out, nil
}

func (s *Service) try(ctx context.Context, ws core.WorkspaceID, x *trial, t *table, r *reading) error {
	if err := r.scan(ctx, t, func(e *RowError) error { x.refuse(e); return nil }, func(int64) {}); err != nil {
		return err
	}
	x.out.Rows = r.rows
	r.sort()
	err := r.each(ctx, func(o outcome) error {
		for _, e := range o.refused {
			x.refuse(e)
		}
		for _, e := range o.events {
			x.event(r.l.Kind, e)
		}
		if len(x.people) >= 500 {
			return s.compareTraits(ctx, ws, x)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if r.l.Kind == Customers {
		return s.compareTraits(ctx, ws, x)
	}
	return s.compareIDs(ctx, ws, x)
}

func (x *trial) refuse(e *RowError) {
	g := x.groups[e.Reason]
	if g == nil {
		g = &RefusedGroup{Reason: e.Reason, Samples: []RefusedSample{}}
		x.groups[e.Reason] = g
	}
	g.Count++
	x.out.Counts.Refused++
	if len(g.Samples) < maxSamples {
		g.Samples = append(g.Samples, RefusedSample{e.Line, e.Column, e.Message})
	}
}

func (x *trial) event(k Kind, e made) {
	if len(x.out.Sample) < maxSamples {
		x.out.Sample = append(x.out.Sample, Sample{e.line, json.RawMessage(e.body)})
	}
	if k == Customers {
		x.people = append(x.people, peopleOf(e.body))
		return
	}
	if k == Orders {
		switch gjson.GetBytes(e.body, "event").Str {
		case core.EventOrderCompleted:
			x.out.Orders++
		case core.EventOrderRefunded:
			x.out.Refunds++
		}
	}
	x.prints = append(x.prints, print{xxh3.HashString(e.id), xxh3.Hash(e.body)})
}

func peopleOf(body []byte) customerRow {
	f := gjson.GetManyBytes(body, "userId", "anonymousId", "traits.email", "traits.phone", "traits")
	row := customerRow{traits: f[4].Raw}
	for i, typ := range []string{core.TypeUserID, core.TypeAnonymousID, core.TypeEmail, core.TypePhone} {
		if f[i].Str != "" {
			row.ids = append(row.ids, core.Identifier{Type: typ, Value: f[i].Str})
		}
	}
	return row
}

// compareTraits compares the rows gathered with the customers as they are.
func (s *Service) compareTraits(ctx context.Context, ws core.WorkspaceID, x *trial) error {
	var ids []core.Identifier
	for _, p := range x.people {
		ids = append(ids, p.ids...)
	}
	known, err := s.Directory.Traits(ctx, ws, ids)
	if err != nil {
		return fmt.Errorf("look up customers: %w", err)
	}
	for _, p := range x.people {
		verdict := isNew
		for range p.ids {
			if traits := known[0]; traits != "" && verdict != isUnchanged {
				verdict = isChanged
				if contains(traits, p.traits) {
					verdict = isUnchanged
				}
			}
			known = known[1:]
		}
		x.count(verdict)
	}
	x.people = x.people[:0]
	return nil
}

// contains says whether all members of part stand in whole with the same value.
func contains(whole, part string) bool {
	same := true
	gjson.Parse(part).ForEach(func(k, v gjson.Result) bool {
		same = gjson.Get(whole, core.EscapePath(k.Str)).String() == v.String()
		return same
	})
	return same
}

func (x *trial) count(verdict int) {
	switch verdict {
	case isNew:
		x.out.Counts.New++
	case isChanged:
		x.out.Counts.Changed++
	default:
		x.out.Counts.Unchanged++
	}
}

// compareIDs compares the events with what earlier imports of the workspace
// sent. It passes over their id lists one after another.
func (s *Service) compareIDs(ctx context.Context, ws core.WorkspaceID, x *trial) error {
	slices.SortFunc(x.prints, func(a, b print) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.body, b.body)) })
	verdicts := make([]byte, len(x.prints))
	lists, err := filepath.Glob(filepath.Join(s.Dir, fmt.Sprintf("%d-*.ids", ws)))
	if err != nil {
		return fmt.Errorf("list id lists: %w", err)
	}
	for _, name := range lists {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := compareList(name, x.prints, verdicts); err != nil {
			return err
		}
	}
	for _, v := range verdicts {
		x.count(int(v))
	}
	return nil
}

func compareList(name string, prints []print, verdicts []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open id list: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	var b [16]byte
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil
			}
			return fmt.Errorf("read id list: %w", err)
		}
		p := print{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
		i, _ := slices.BinarySearchFunc(prints, p.id, func(q print, id uint64) int { return cmp.Compare(q.id, id) })
		for ; i < len(prints) && prints[i].id == p.id; i++ {
			if prints[i].body == p.body {
				verdicts[i] = isUnchanged
			} else if verdicts[i] == isNew {
				verdicts[i] = isChanged
			}
		}
	}
}
