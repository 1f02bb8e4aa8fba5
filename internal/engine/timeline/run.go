package timeline

import (
	"cmp"
	"slices"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
)

// keyStat counts the events of one kind and name.
type keyStat struct {
	events int64
	last   core.Micros // newest event time
}

// bounds are the extremes of a set of events.
type bounds struct {
	minCustomer, maxCustomer core.CustomerID
	minTime, maxTime         core.Micros
	minSeq, maxSeq           int64
	minReceived, maxReceived core.Micros
}

func (b *bounds) add(r *row, first bool) {
	if first {
		*b = bounds{r.customer, r.customer, r.time, r.time, r.seq, r.seq, r.received, r.received}
		return
	}
	b.minCustomer, b.maxCustomer = min(b.minCustomer, r.customer), max(b.maxCustomer, r.customer)
	b.minTime, b.maxTime = min(b.minTime, r.time), max(b.maxTime, r.time)
	b.minSeq, b.maxSeq = min(b.minSeq, r.seq), max(b.maxSeq, r.seq)
	b.minReceived, b.maxReceived = min(b.minReceived, r.received), max(b.maxReceived, r.received)
}

func (b *bounds) merge(o bounds) {
	b.minCustomer, b.maxCustomer = min(b.minCustomer, o.minCustomer), max(b.maxCustomer, o.maxCustomer)
	b.minTime, b.maxTime = min(b.minTime, o.minTime), max(b.maxTime, o.maxTime)
	b.minSeq, b.maxSeq = min(b.minSeq, o.minSeq), max(b.maxSeq, o.maxSeq)
	b.minReceived, b.maxReceived = min(b.minReceived, o.minReceived), max(b.maxReceived, o.maxReceived)
}

// batch is one row of timeline_tail.
type batch struct {
	firstSeq   int64
	events     int
	appendedAt core.Micros
}

// run is an immutable set of events in memory, sorted by customer, time and log
// position, made of one or more tail batches.
type run struct {
	rows    []*row
	batches []batch
	version int64 // lowest identity version among the batches
	bytes   int64 // of their plain bodies
	keys    map[EventKey]keyStat
	flags   core.Flags // of any of the rows
	bounds
}

func byTimeline(a, b *row) int {
	if a.customer != b.customer {
		return cmp.Compare(a.customer, b.customer)
	}
	return byTime(a, b)
}

func byTime(a, b *row) int {
	if a.time != b.time {
		return cmp.Compare(a.time, b.time)
	}
	return cmp.Compare(a.seq, b.seq)
}

// newRun sorts rows, which it keeps.
func newRun(rows []*row, version int64, batches []batch, size int64) *run {
	r := &run{rows: rows, batches: batches, version: version, bytes: size, keys: map[EventKey]keyStat{}}
	slices.SortFunc(rows, byTimeline)
	for i, e := range rows {
		r.add(e, i == 0)
		r.flags |= e.flags
		k := EventKey{e.kind, e.name}
		st, seen := r.keys[k]
		if !seen || e.time > st.last {
			st.last = e.time
		}
		st.events++
		r.keys[k] = st
	}
	return r
}

// pointers gives the addresses of rows.
func pointers(rows []row) []*row {
	out := make([]*row, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out
}

// mergeRuns joins two runs into one.
func mergeRuns(a, b *run) *run {
	out := &run{
		rows:    mergeTwo(a.rows, b.rows),
		batches: append(slices.Clone(a.batches), b.batches...),
		version: min(a.version, b.version),
		bytes:   a.bytes + b.bytes,
		keys:    make(map[EventKey]keyStat, max(len(a.keys), len(b.keys))),
		flags:   a.flags | b.flags,
		bounds:  a.bounds,
	}
	out.merge(b.bounds)
	addKeys(out.keys, a.keys)
	addKeys(out.keys, b.keys)
	return out
}

// mergeTwo joins two sorted lists.
func mergeTwo(x, y []*row) []*row {
	out := make([]*row, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		if byTimeline(x[0], y[0]) <= 0 {
			out = append(out, x[0])
			x = x[1:]
		} else {
			out = append(out, y[0])
			y = y[1:]
		}
	}
	return append(append(out, x...), y...)
}

func addKeys(into, from map[EventKey]keyStat) {
	for k, v := range from {
		st, seen := into[k]
		if !seen || v.last > st.last {
			st.last = v.last
		}
		st.events += v.events
		into[k] = st
	}
}

// from gives the index of the first row of customer c or later.
func (r *run) from(c core.CustomerID) int {
	return sort.Search(len(r.rows), func(i int) bool { return r.rows[i].customer >= c })
}

// of gives the rows written under number c.
func (r *run) of(c core.CustomerID) []*row {
	if c < r.minCustomer || c > r.maxCustomer {
		return nil
	}
	i := r.from(c)
	n := sort.Search(len(r.rows)-i, func(j int) bool { return r.rows[i+j].customer > c })
	return r.rows[i : i+n]
}

// since gives the batches of a run from position floor on, a run each.
func (r *run) since(floor int64) []*run {
	var out []*run
	for _, b := range r.batches {
		if b.firstSeq < floor {
			continue
		}
		var rows []*row
		var size int64
		for _, e := range r.rows {
			if e.seq >= b.firstSeq && e.seq < b.firstSeq+int64(b.events) {
				rows = append(rows, e)
			}
		}
		if len(r.rows) > 0 {
			size = r.bytes * int64(len(rows)) / int64(len(r.rows))
		}
		out = append(out, newRun(rows, r.version, []batch{b}, size))
	}
	return out
}
