package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Span is one stay of a customer in a stage, [Entered, Left).
type Span struct {
	Customer      core.CustomerID
	N             int32
	Stage         int16 // index in the model, -1 = a stage that is no more
	Entered, Left core.Micros
}

// boardCache keeps the spells last read, since several screens ask for them.
type boardCache struct {
	mu      sync.Mutex
	machine int64
	ws      core.WorkspaceID
	change  int64
	spans   []Span
}

// Spans gives all stays of the current version of a model, by customer and in
// order. The slice is shared: do not change it.
func (s *Service) Spans(ctx context.Context, ws core.WorkspaceID, m Model) ([]Span, error) {
	c := &s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	change := s.Changes()
	if c.ws == ws && c.machine == m.Machine && c.change == change && c.spans != nil {
		return c.spans, nil
	}
	index := map[string]int16{}
	for i := range m.Stages {
		index[m.Stages[i].Key] = int16(i)
	}
	spans := make([]Span, 0, len(c.spans))
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("spells"), func(row db.Row) error {
			var sp Span
			var stage string
			if err := row.Scan(&sp.Customer, &sp.N, &stage, &sp.Entered, &sp.Left); err != nil {
				return err
			}
			i, ok := index[stage]
			if !ok {
				i = -1
			}
			sp.Stage = i
			spans = append(spans, sp)
			return nil
		}, ws, m.Machine)
	})
	if err != nil {
		return nil, fmt.Errorf("read stage spells: %w", err)
	}
	c.ws, c.machine, c.change, c.spans = ws, m.Machine, change, spans
	return spans, nil
}

// Rate is a proportion with its parts and 95 % interval. Valid is false when
// the denominator is 0: no value, never 0.
type Rate struct {
	Numerator, Denominator, Pending int64
	Value, Low, High                float64
	Valid                           bool
}

func newRate(k, n int64) Rate {
	r := Rate{Numerator: k, Denominator: n}
	if iv, ok := stats.Wilson(k, n); ok {
		r.Value, r.Low, r.High, r.Valid = float64(k)/float64(n), iv.Low, iv.High, true
	}
	return r
}

// Dwell is how long customers stay in a stage, by Kaplan-Meier: stays that
// still run count as open, not as ended.
type Dwell struct {
	Median, P90       core.Micros
	HasMedian, HasP90 bool
	N, Open           int
}

// StageBoard is one stage's column.
type StageBoard struct {
	Count, In, Out int64
	Converted      Rate
	HasNext        bool
	Dwell          Dwell
	Spark          []int64
}

// Board sums up a model at an instant.
type Board struct {
	At, From, To core.Micros
	Customers    int64 // in any stage
	Stages       []StageBoard
}

// BoardQuery chooses what a board shows: the state at At, the flow in
// [From, To), conversion within Window of entering a stage in that range.
type BoardQuery struct {
	At, From, To, Window core.Micros
	SparkPoints          int
}

// Board computes the board of a model.
func (s *Service) Board(ctx context.Context, ws core.WorkspaceID, m Model, q BoardQuery) (*Board, error) {
	spans, err := s.Spans(ctx, ws, m)
	if err != nil {
		return nil, err
	}
	b := &Board{At: q.At, From: q.From, To: q.To, Stages: make([]StageBoard, len(m.Stages))}
	stays := make([][]stats.Duration, len(m.Stages))
	for _, sp := range spans {
		if sp.Stage < 0 || sp.Entered > q.At {
			continue
		}
		st := &b.Stages[sp.Stage]
		if sp.Left > q.At {
			st.Count++
			b.Customers++
		}
		if sp.Entered >= q.From && sp.Entered < q.To {
			st.In++
		}
		if sp.Left >= q.From && sp.Left < q.To {
			st.Out++
		}
		end := min(sp.Left, q.At)
		stays[sp.Stage] = append(stays[sp.Stage], stats.Duration{Length: end - sp.Entered, Ended: sp.Left <= q.At})
	}
	for i := range b.Stages {
		b.Stages[i].Dwell = dwell(stays[i])
		b.Stages[i].HasNext = !m.Stages[i].OffPath && i+1 < len(m.Stages) && !m.Stages[i+1].OffPath
	}
	b.conversions(m, spans, q)
	b.sparks(spans, q)
	return b, nil
}

func dwell(stays []stats.Duration) Dwell {
	d := Dwell{N: len(stays)}
	for _, s := range stays {
		if !s.Ended {
			d.Open++
		}
	}
	curve := stats.KaplanMeier(stays)
	d.Median, d.HasMedian = stats.TimeTo(curve, 0.5)
	d.P90, d.HasP90 = stats.TimeTo(curve, 0.1)
	return d
}

// conversions counts, of the customers who first entered a stage in the range
// shifted back by the window, those who reached a later stage of the path
// within it; skipping counts as passing. The shift makes every window end
// within the range: counting the quick ones of windows that still run would
// flatter. Those who entered since and did not get there yet are pending.
func (b *Board) conversions(m Model, spans []Span, q BoardQuery) {
	type tally struct{ done, entered, pending int64 }
	t := make([]tally, len(m.Stages))
	to := min(q.To, q.At)
	each(spans, func(own []Span) {
		var seen uint64
		for i, sp := range own {
			if sp.Stage < 0 || m.Stages[sp.Stage].OffPath || seen&(1<<sp.Stage) != 0 {
				continue
			}
			seen |= 1 << sp.Stage
			if sp.Entered < q.From-q.Window || sp.Entered >= to {
				continue
			}
			done := reaches(m, own[i+1:], sp, q)
			if sp.Entered >= to-q.Window {
				if !done {
					t[sp.Stage].pending++
				}
				continue
			}
			t[sp.Stage].entered++
			if done {
				t[sp.Stage].done++
			}
		}
	})
	for i := range t {
		b.Stages[i].Converted = newRate(t[i].done, t[i].entered)
		b.Stages[i].Converted.Pending = t[i].pending
	}
}

// reaches says whether one of the later stays is in a later stage of the path
// within the window of sp.
func reaches(m Model, later []Span, sp Span, q BoardQuery) bool {
	for _, l := range later {
		if l.Entered > sp.Entered+q.Window || l.Entered > q.At {
			return false
		}
		if l.Stage > sp.Stage && !m.Stages[l.Stage].OffPath {
			return true
		}
	}
	return false
}

// each calls fn with the stays of one customer after the other.
func each(spans []Span, fn func(own []Span)) {
	for i := 0; i < len(spans); {
		j := i
		for j < len(spans) && spans[j].Customer == spans[i].Customer {
			j++
		}
		fn(spans[i:j])
		i = j
	}
}

func (b *Board) sparks(spans []Span, q BoardQuery) {
	n := q.SparkPoints
	if n < 2 || q.To <= q.From {
		return
	}
	times := make([]core.Micros, n)
	for i := range times {
		times[i] = q.From + (q.To-q.From)*core.Micros(i)/core.Micros(n-1)
	}
	counts := countAt(spans, times, len(b.Stages))
	for s := range b.Stages {
		b.Stages[s].Spark = make([]int64, n)
		for i := range times {
			b.Stages[s].Spark[i] = counts[i][s]
		}
	}
}

// countAt gives the number of customers in each stage at rising instants.
func countAt(spans []Span, times []core.Micros, stages int) [][]int64 {
	diff := make([][]int64, len(times)+1)
	for i := range diff {
		diff[i] = make([]int64, stages)
	}
	at := func(t core.Micros) int { return sort.Search(len(times), func(i int) bool { return times[i] >= t }) }
	for _, sp := range spans {
		if sp.Stage < 0 {
			continue
		}
		diff[at(sp.Entered)][sp.Stage]++
		diff[at(sp.Left)][sp.Stage]--
	}
	for i := 1; i < len(times); i++ {
		for s := range stages {
			diff[i][s] += diff[i-1][s]
		}
	}
	return diff[:len(times)]
}

// Timelapse holds counts, entries and exits per stage at the end of each step.
type Timelapse struct {
	Times           []core.Micros
	Counts, In, Out [][]int64
}

// Timelapse gives the base through time, one frame an instant of times, which
// rise. In and Out count the moves since the frame before.
func (s *Service) Timelapse(ctx context.Context, ws core.WorkspaceID, m Model, times []core.Micros) (*Timelapse, error) {
	spans, err := s.Spans(ctx, ws, m)
	if err != nil {
		return nil, err
	}
	t := &Timelapse{Times: times, Counts: countAt(spans, times, len(m.Stages))}
	t.In, t.Out = make([][]int64, len(times)), make([][]int64, len(times))
	for i := range times {
		t.In[i], t.Out[i] = make([]int64, len(m.Stages)), make([]int64, len(m.Stages))
	}
	at := func(x core.Micros) int { return sort.Search(len(times), func(i int) bool { return times[i] >= x }) }
	for _, sp := range spans {
		if sp.Stage < 0 {
			continue
		}
		if i := at(sp.Entered); i < len(times) && (i > 0 || sp.Entered == times[0]) {
			t.In[i][sp.Stage]++
		}
		if i := at(sp.Left); i < len(times) && (i > 0 || sp.Left == times[0]) {
			t.Out[i][sp.Stage]++
		}
	}
	return t, nil
}

// FlowLink says how many customers were in stage From at one instant and in
// stage To at the next; -1 is no stage.
type FlowLink struct {
	Period    int // index of the first of the two instants
	From, To  int
	Customers int64
}

// Flow counts customers by the stages they were in at each pair of following
// instants. Customers not yet known at the first are "from no stage".
func (s *Service) Flow(ctx context.Context, ws core.WorkspaceID, m Model, times []core.Micros) ([]FlowLink, error) {
	spans, err := s.Spans(ctx, ws, m)
	if err != nil {
		return nil, err
	}
	type key struct{ p, from, to int }
	count := map[key]int64{}
	each(spans, func(own []Span) {
		prev := -1
		k := 0
		for i, t := range times {
			for k < len(own) && own[k].Left <= t {
				k++
			}
			now := -1
			if k < len(own) && own[k].Entered <= t {
				now = int(own[k].Stage)
			}
			if i > 0 && (prev >= 0 || now >= 0) {
				count[key{i - 1, prev, now}]++
			}
			prev = now
		}
	})
	out := make([]FlowLink, 0, len(count))
	for k, n := range count {
		out = append(out, FlowLink{k.p, k.from, k.to, n})
	}
	slices.SortFunc(out, func(a, b FlowLink) int {
		if a.Period != b.Period {
			return a.Period - b.Period
		}
		if a.From != b.From {
			return a.From - b.From
		}
		return a.To - b.To
	})
	return out, nil
}

// Steps gives the instants from..to at calendar steps ("day", "week", "month",
// "quarter") of a zone; to itself is the last.
func Steps(from, to core.Micros, step string, zone *time.Location, weekStart time.Weekday) []core.Micros {
	unit, ok := map[string]expr.Unit{"week": expr.Weeks, "month": expr.Months, "quarter": expr.Quarters}[step]
	if !ok {
		unit = expr.Days
	}
	cal := expr.Calendar{Zone: zone, Week: weekStart}
	var out []core.Micros
	for p := cal.Period(unit, from); len(out) < 5000; p++ {
		at := cal.PeriodStart(unit, p)
		if at >= to {
			break
		}
		if n := len(out); n > 0 && out[n-1] == at {
			continue // a day that the zone left out
		}
		if at >= from || len(out) == 0 {
			out = append(out, at)
		}
	}
	return append(out, to)
}
