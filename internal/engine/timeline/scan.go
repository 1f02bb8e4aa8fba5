package timeline

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
)

// noCustomer is the head of a source that is used up.
const noCustomer = core.CustomerID(math.MaxInt64)

// source gives rows customer by customer, in rising order.
type source interface {
	// head is the next customer with a matching row, or noCustomer.
	head() core.CustomerID
	// pull appends the matching rows of customers before end to w.
	pull(end core.CustomerID, w *window) error
	close()
}

// span is a range of customers [lo, hi).
type span struct{ lo, hi core.CustomerID }

// scanner is the state of one Scan, shared by its workers.
type scanner struct {
	store   *Store
	req     Request
	plan    plan
	want    matcher
	names   *nameTable
	view    view
	parts   []part // segments that may hold wanted rows
	runs    []memory
	passed  atomic.Int64
	total   int64
	version int64
}

// part is a segment with the numbers to leave out, since the overlay has them.
type part struct {
	seg   *segment
	moved *moveSet
}

// memory is a run with the numbers to leave out.
type memory struct {
	run   *run
	moved *moveSet
}

// Scan calls fn once per customer that has matching events, with all of them in
// timeline order. Several workers run at once over disjoint ranges of customers;
// worker counts from 0; with Mixed, c is one of the customers. An error of fn ends the scan and is returned.
func (s *Store) Scan(ctx context.Context, req Request, fn func(worker int, c core.CustomerID, r *Rows) error) error {
	p, err := newPlan(req.Columns)
	if err != nil {
		return err
	}
	p.anyOrder, p.mixed = req.AnyOrder || req.Mixed, req.Mixed
	if !slices.IsSorted(req.Customers) {
		return fmt.Errorf("scan timeline: customers are not sorted")
	}
	if rules := s.hidden.of(req.Workspace); rules != nil {
		fn, p.mixed = mask(rules, fn), false
	}
	v := s.space(req.Workspace).view()
	defer v.release()
	return s.scan(ctx, req, p, v, fn)
}

func (s *Store) scan(ctx context.Context, req Request, p plan, v view, fn func(worker int, c core.CustomerID, r *Rows) error) error {
	sc := &scanner{store: s, req: req, plan: p, want: newMatcher(&req), names: newNameTable(), view: v}
	err := sc.prepare(ctx)
	if v.prepared != nil {
		v.prepared()
	}
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	return sc.run(ctx, fn)
}

func (sc *scanner) run(ctx context.Context, fn func(worker int, c core.CustomerID, r *Rows) error) error {
	workers := sc.req.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	spans, err := sc.spans(workers)
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	workers = min(workers, len(spans))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer fallen(cancel)
			win := newWindow(&sc.plan, sc.names)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(spans) || ctx.Err() != nil {
					return
				}
				if err := sc.span(ctx, w, spans[i], win, fn); err != nil {
					cancel(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	sc.progress(0)
	return nil
}

// fallen makes a fault of the program that a worker meets the error of its scan:
// one question must not end the process for all.
func fallen(cancel context.CancelCauseFunc) {
	if p := recover(); p != nil {
		cancel(fmt.Errorf("scan timeline: a worker fell: %v\n%s", p, debug.Stack()))
	}
}

// span merges all sources over one range of customers.
func (sc *scanner) span(ctx context.Context, worker int, sp span, w *window, fn func(worker int, c core.CustomerID, r *Rows) error) error {
	sources, err := sc.sources(sp)
	defer func() {
		for _, s := range sources {
			s.close()
		}
	}()
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		first := noCustomer
		for _, s := range sources {
			first = min(first, s.head())
		}
		if first == noCustomer {
			return nil
		}
		end := w.end(first, sp.hi)
		w.reset(first, end)
		for _, s := range sources {
			if s.head() >= end {
				continue
			}
			if err := s.pull(end, w); err != nil {
				return fmt.Errorf("scan timeline: %w", err)
			}
		}
		if err := w.each(func(c core.CustomerID, r *Rows) error { return fn(worker, c, r) }); err != nil {
			return err
		}
		w.adapt()
	}
}

func (sc *scanner) progress(rows int64) {
	if sc.req.Progress != nil {
		sc.req.Progress(min(sc.passed.Add(rows), sc.total), sc.total)
	}
}

// sources opens what may hold rows of the span, older months first.
func (sc *scanner) sources(sp span) ([]source, error) {
	var out []source
	for i := range sc.parts {
		p := &sc.parts[i]
		if p.seg.maxCustomer < sp.lo || p.seg.minCustomer >= sp.hi {
			continue
		}
		c, err := newCursor(sc, p, sp)
		if err != nil {
			return out, err
		}
		out = append(out, c)
	}
	for _, m := range sc.runs {
		if m.run.maxCustomer >= sp.lo && m.run.minCustomer < sp.hi {
			out = append(out, newRunSource(sc, m, sp))
		}
	}
	if sc.req.Also != nil {
		out = append(out, newAlsoSource(sc, sp))
	}
	return out, nil
}

// runSource reads a run.
type runSource struct {
	sc   *scanner
	m    memory
	i, n int // rows still to read
	next core.CustomerID

	last   core.CustomerID // judged last
	wanted bool
}

func newRunSource(sc *scanner, m memory, sp span) *runSource {
	s := &runSource{sc: sc, m: m, i: m.run.from(sp.lo), n: m.run.from(sp.hi)}
	s.seek()
	return s
}

// seek moves to the next matching row.
func (s *runSource) seek() {
	s.next = noCustomer
	for ; s.i < s.n; s.i++ {
		e := s.m.run.rows[s.i]
		if e.customer != s.last {
			s.last, s.wanted = e.customer, !s.m.moved.has(e.customer) && s.sc.want.customer(e.customer)
		}
		if s.wanted && s.sc.want.row(e) {
			s.next = e.customer
			return
		}
	}
}

func (s *runSource) head() core.CustomerID { return s.next }

func (s *runSource) pull(end core.CustomerID, w *window) error {
	for s.next < end {
		e := s.m.run.rows[s.i]
		w.customers = append(w.customers, int64(e.customer))
		w.in.addRow(e, s.sc.names.id(e.name))
		s.i++
		s.seek()
	}
	return nil
}

func (s *runSource) close() {}

// matcher decides which events a Request wants.
type matcher struct {
	from, to   core.Micros
	asReceived core.Micros
	all        bool              // no Match given
	kinds      uint32            // kinds wanted whatever their name, by bit
	names      map[string]uint32 // kinds wanted by name
	customers  []core.CustomerID // nil = all
}

func newMatcher(req *Request) matcher {
	m := matcher{from: math.MinInt64, to: math.MaxInt64, asReceived: math.MaxInt64, all: req.Match == nil, names: map[string]uint32{}, customers: req.Customers}
	if req.From != 0 {
		m.from = req.From
	}
	if req.To != 0 {
		m.to = req.To
	}
	if req.AsReceived != 0 {
		m.asReceived = req.AsReceived
	}
	for _, k := range req.Match {
		if k.Name == "" {
			m.kinds |= 1 << k.Kind
		} else {
			m.names[k.Name] |= 1 << k.Kind
		}
	}
	return m
}

// kindsOf gives the kinds wanted of events called name, by bit.
func (m *matcher) kindsOf(name string) uint32 {
	if m.all {
		return math.MaxUint32
	}
	return m.kinds | m.names[name]
}

func (m *matcher) row(e *row) bool {
	return e.time >= m.from && e.time < m.to && e.received <= m.asReceived && m.kindsOf(e.name)&(1<<e.kind) != 0
}

func (m *matcher) customer(c core.CustomerID) bool {
	if m.customers == nil {
		return true
	}
	_, ok := slices.BinarySearch(m.customers, c)
	return ok
}

// anyCustomer says whether a wanted customer lies in [lo, hi].
func (m *matcher) anyCustomer(lo, hi core.CustomerID) bool {
	if m.customers == nil {
		return true
	}
	i := sort.Search(len(m.customers), func(i int) bool { return m.customers[i] >= lo })
	return i < len(m.customers) && m.customers[i] <= hi
}

// anyKey says whether a wanted event is among keys.
func (m *matcher) anyKey(keys map[EventKey]keyStat) bool {
	if m.all {
		return true
	}
	for k := range keys {
		if m.kindsOf(k.Name)&(1<<k.Kind) != 0 {
			return true
		}
	}
	return false
}
