package timeline

import (
	"cmp"
	"context"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// Stats describes one workspace's timeline.
type Stats struct {
	Events      int64 // all, the tail included
	TailEvents  int64
	TailBytes   int64 // uncompressed
	Segments    int
	Bytes       int64       // of the files
	First, Last core.Micros // event times; 0 when there are no events
}

// Stats gives the size of a workspace's timeline, from memory.
func (s *Store) Stats(ws core.WorkspaceID) Stats {
	p := s.space(ws)
	p.mu.Lock()
	defer p.mu.Unlock()
	var out Stats
	note := func(b *bounds, n int64) {
		if out.Events == 0 || b.minTime < out.First {
			out.First = b.minTime
		}
		if out.Events == 0 || b.maxTime > out.Last {
			out.Last = b.maxTime
		}
		out.Events += n
	}
	for _, g := range p.segments {
		note(&g.bounds, g.events)
		out.Bytes += g.size
	}
	out.Segments = len(p.segments)
	for _, r := range p.runs {
		note(&r.bounds, int64(len(r.rows)))
		out.TailEvents += int64(len(r.rows))
		out.TailBytes += r.bytes
	}
	return out
}

// Segment describes one sealed file.
type Segment struct {
	File                     string // below <dir>/timeline/<workspace>/
	Month                    string // 2026-01
	Events, Customers, Bytes int64
	SHA256                   string
	Version                  int64 // identity version its customer numbers were right at
	MinTime, MaxTime         core.Micros
	MinSeq, MaxSeq           int64
	MinCustomer, MaxCustomer core.CustomerID
	Created                  core.Micros
}

// Segments lists the sealed files of a workspace, by month and name.
func (s *Store) Segments(ctx context.Context, ws core.WorkspaceID) ([]Segment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := s.space(ws)
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Segment, 0, len(p.segments))
	for _, g := range p.segments {
		out = append(out, Segment{File: g.file, Month: monthText(g.month), Events: g.events, Customers: g.customers, Bytes: g.size, SHA256: g.sha256,
			Version: g.version, MinTime: g.minTime, MaxTime: g.maxTime, MinSeq: g.minSeq, MaxSeq: g.maxSeq,
			MinCustomer: g.minCustomer, MaxCustomer: g.maxCustomer, Created: g.created})
	}
	return out, nil
}

// NameStat counts the events of one kind and name.
type NameStat struct {
	Kind     core.Kind
	Name     string
	Events   int64
	LastSeen core.Micros // newest event time
}

// Names lists the kinds and names of a workspace's events, the most common
// first, from memory. A file with more than 4,096 names tells only of those it
// met first.
func (s *Store) Names(ctx context.Context, ws core.WorkspaceID) ([]NameStat, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := s.space(ws).view()
	defer v.release()
	all := map[EventKey]keyStat{}
	for _, g := range v.segments {
		addKeys(all, g.keys)
	}
	for _, r := range v.runs {
		addKeys(all, r.keys)
	}
	out := make([]NameStat, 0, len(all))
	for _, k := range sortedKeys(all) {
		out = append(out, NameStat{k.Kind, k.Name, all[k].events, all[k].last})
	}
	slices.SortStableFunc(out, func(a, b NameStat) int { return cmp.Compare(b.Events, a.Events) })
	return out, nil
}

// MonthStat describes one UTC calendar month of sealed events.
type MonthStat struct {
	Month    string // 2026-01
	Events   int64
	Segments int
	Bytes    int64
}

// Months lists the months that have sealed events, in order.
func (s *Store) Months(ctx context.Context, ws core.WorkspaceID) ([]MonthStat, error) {
	list, err := s.Segments(ctx, ws)
	if err != nil {
		return nil, err
	}
	var out []MonthStat
	for _, g := range list {
		if len(out) == 0 || out[len(out)-1].Month != g.Month {
			out = append(out, MonthStat{Month: g.Month})
		}
		m := &out[len(out)-1]
		m.Events, m.Segments, m.Bytes = m.Events+g.Events, m.Segments+1, m.Bytes+g.Bytes
	}
	return out, nil
}
