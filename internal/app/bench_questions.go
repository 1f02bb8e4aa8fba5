package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// insightQuestion is one line of the table of charts.
type insightQuestion struct {
	name, what, hold string
	spec             string // of a query, without its range; "" is the bare funnel
	from             string // default: the whole history
	when             string // of a segment that is previewed
}

// insightAnswer is what the table shows of an answer.
type insightAnswer struct {
	rows, passed int64
	says         string
}

// insightQuestions are those of the yardstick, in the order of the table.
func insightQuestions() []insightQuestion {
	const steps = `"window":"7d","steps":[{"event":"Product Viewed"},{"event":"Product Added"},{"event":"Checkout Started"},{"event":"Order Completed"}]`
	return []insightQuestion{
		{name: "trend", what: "daily trend of all events", hold: "0.25 s", spec: `"kind":"trend","trend":{"interval":"day","series":[{"kind":"any","measure":"count"}]}`},
		{name: "uniques", what: "exact customers a day, one event, 90 days", from: "2025-04-01", spec: `"kind":"trend","trend":{"interval":"day","series":[{"event":"Product Viewed","measure":"customers"}]}`},
		{name: "funnel", what: "funnel of 4 steps, 7 days", hold: "0.25 s", spec: `"kind":"funnel","funnel":{` + steps + `}`},
		{name: "bare funnel", what: "bare decode and fold of the funnel's columns"},
		{name: "retention", what: "weekly retention", hold: "0.35 s", spec: `"kind":"retention","retention":{"start":{"event":"Product Viewed"},"return":{"event":"Product Viewed"},"unit":"week"}`},
		{name: "growth", what: "weekly growth, any event", spec: `"kind":"growth","growth":{"kind":"any","interval":"week"}`},
		{name: "condition", what: "preview of a segment: 3 views in 30 days, spent above 100, no mail opened in 14 days", hold: "0.5 s",
			when: `{"all":[{"did":{"event":"Product Viewed","op":"gte","value":3,"window":{"last":"30d"}}},
			{"did":{"event":"Order Completed","measure":"sum","property":"total","op":"gt","value":100}},{"not":{"did":{"event":"Email Opened","window":{"last":"14d"}}}}]}`},
		{name: "paths", what: "paths of all events", spec: `"kind":"paths","paths":{"events":[{"kind":"any"}]}`},
		{name: "composition", what: "composition by category", spec: `"kind":"composition","composition":{"event":"Product Viewed","breakdown":{"property":"category","top":10}}`},
		{name: "attribution", what: "attribution, 11 models with intervals", spec: `"kind":"attribution","attribution":{"conversion":{"event":"Order Completed"},"value":"total"}`},
		{name: "journey", what: "journey map", spec: `"kind":"journey","journey":{}`},
	}
}

// on makes a question ready to be asked of a store.
func (q *insightQuestion) on(ctx context.Context, d *db.DB, s *timeline.Store) func() (insightAnswer, error) {
	switch {
	case q.when != "":
		return q.preview(ctx, d, s)
	case q.spec == "":
		return func() (insightAnswer, error) { return bareFunnel(ctx, s) }
	}
	return func() (a insightAnswer, err error) {
		from := q.from
		if from == "" {
			from = "2025-01-01"
		}
		var spec query.Spec
		if err := json.Unmarshal([]byte(fmt.Sprintf(`{"range":{"from":%q,"to":"2025-06-30"},%s}`, from, q.spec)), &spec); err != nil {
			return a, err
		}
		end := visitEnd()
		svc, err := insight.New(insight.Deps{Timeline: s, Clock: end})
		if err != nil {
			return a, err
		}
		res, err := svc.Query(ctx, 1, spec, insight.Settings{Currency: "EUR", Zone: time.UTC}, time.Monday)
		if err != nil {
			return a, err
		}
		return insightAnswer{res.Meta.Rows, res.Meta.Passed, gist(res)}, nil
	}
}

// visitEnd is the clock of the questions: the end of the history.
func visitEnd() clock.Clock { return clock.NewManual(core.ToTime(visitStart() + visitDays*core.Day)) }

// benchCustomers is the customer room of the questions.
func benchCustomers(d *db.DB) *customer.Service {
	return customer.New(customer.Deps{DB: d, Clock: visitEnd(), Log: slog.New(slog.DiscardHandler), Settings: func(context.Context, core.WorkspaceID) (customer.Settings, error) {
		return customer.DefaultSettings(), nil
	}})
}

// preview asks the segment room who would be in.
func (q *insightQuestion) preview(ctx context.Context, d *db.DB, s *timeline.Store) func() (insightAnswer, error) {
	quiet := slog.New(slog.DiscardHandler)
	calendar := func(context.Context, core.WorkspaceID) (expr.Calendar, error) {
		return expr.Calendar{Zone: time.UTC, Week: time.Monday}, nil
	}
	models := lifecycle.New(lifecycle.Deps{DB: d, Clock: visitEnd(), Log: quiet, Timeline: s, Calendar: calendar})
	room := segment.New(segment.Deps{DB: d, Clock: visitEnd(), Log: quiet, Timeline: s, Models: models, People: people{benchCustomers(d), models}, Calendar: calendar})
	return func() (a insightAnswer, err error) {
		when := &expr.Node{}
		if err := json.Unmarshal([]byte(q.when), when); err != nil {
			return a, err
		}
		if err := room.Load(ctx, 1); err != nil {
			return a, err
		}
		p, err := room.Preview(ctx, 1, 0, when)
		if err != nil {
			return a, err
		}
		return insightAnswer{passed: s.Stats(1).Events, says: fmt.Sprintf("%d of %d customers", p.Size, p.Population)}, nil
	}
}

// gist is one number of an answer, which tells whether two runs agree.
func gist(r *query.Result) string {
	switch r.Kind {
	case query.KindTrend:
		return fmt.Sprintf("%.0f", *r.Trend.Lines[0].Total.Value)
	case query.KindFunnel:
		steps := r.Funnel.Total.Steps
		return fmt.Sprintf("%d of %d", steps[len(steps)-1].Reached, steps[0].Reached)
	case query.KindRetention:
		return fmt.Sprintf("%d rows", len(r.Retention.Groups[0].Rows))
	case query.KindGrowth:
		return fmt.Sprintf("%d active at last", r.Growth.Rows[len(r.Growth.Rows)-1].Active)
	case query.KindPaths:
		return fmt.Sprintf("%d paths", r.Paths.Paths)
	case query.KindComposition:
		return fmt.Sprintf("%d customers", r.Composition.Total)
	case query.KindAttribution:
		return fmt.Sprintf("%d conversions, %d lost paths", r.Attribution.Conversions, r.Attribution.Lost)
	case query.KindJourney:
		return fmt.Sprintf("%d customers", r.Journey.Customers)
	}
	return ""
}

// bareFunnel is the yardstick of the funnel: the same columns with the least fold
// that counts depths.
func bareFunnel(ctx context.Context, s *timeline.Store) (a insightAnswer, err error) {
	names := demo.VisitsFunnel()
	q := timeline.Request{Workspace: 1, From: visitStart(), To: visitStart() + visitDays*core.Day, Columns: []string{timeline.ColFlags}}
	for _, name := range names {
		q.Match = append(q.Match, timeline.EventKey{Kind: core.KindTrack, Name: name})
	}
	var passed atomic.Int64
	q.Progress = func(_, all int64) { passed.Store(all) }
	depths := make([]bareDepths, 64)
	err = s.Scan(ctx, q, func(w int, _ core.CustomerID, r *timeline.Rows) error {
		d := &depths[w]
		d.rows += int64(len(r.Time))
		var starts [4]int64
		best := 0
		for i, at := range r.Time {
			k := d.step(r, names, r.Name[i])
			if r.Flags[i] != 0 {
				continue
			}
			if k == 0 {
				starts[0], best = at, max(best, 1)
			} else if starts[k-1] != 0 && at-starts[k-1] <= 7*core.Day {
				starts[k], best = starts[k-1], max(best, k+1)
			}
		}
		d.n[best]++
		return nil
	})
	var all bareDepths
	for i := range depths {
		all.rows += depths[i].rows
		for k, n := range depths[i].n {
			all.n[k] += n
		}
	}
	if err == nil && all.rows == 0 {
		err = errors.New("the scan found nothing")
	}
	return insightAnswer{all.rows, passed.Load(), fmt.Sprintf("%d of %d", all.n[4], all.n[1]+all.n[2]+all.n[3]+all.n[4])}, err
}

// bareDepths is one worker's share of the bare funnel.
type bareDepths struct {
	n     [5]int64
	rows  int64
	steps []int8 // by name, from 1; 0 is not known yet
	_     [64]byte
}

// step gives the step of a name.
func (d *bareDepths) step(r *timeline.Rows, names []string, id uint32) int {
	for int(id) >= len(d.steps) {
		d.steps = append(d.steps, 0)
	}
	if d.steps[id] == 0 {
		d.steps[id] = int8(slices.Index(names, r.NameOf(id)) + 1)
	}
	return int(d.steps[id]) - 1
}
