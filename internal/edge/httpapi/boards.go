package httpapi

import (
	"context"
	"sort"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

func sortMoves(m []previewMove) {
	sort.Slice(m, func(i, j int) bool {
		if m[i].Customers != m[j].Customers {
			return m[i].Customers > m[j].Customers
		}
		return m[i].From+"\x00"+m[i].To < m[j].From+"\x00"+m[j].To
	})
}

// Span is a half-open range of time in a request; the default is the last 30
// days up to now.
type Span struct {
	From time.Time `query:"from"`
	To   time.Time `query:"to"`
}

func (s Span) micros(now time.Time, days int) (from, to core.Micros, err error) {
	to, from = micros(s.To), micros(s.From)
	if to == 0 {
		to = core.FromTime(now)
	}
	if from == 0 {
		from = to - core.Micros(days)*core.Day
	}
	if from >= to {
		return 0, 0, errs.Field("from", "bad_range", "from must lie before to")
	}
	if to-from > 100*366*core.Day {
		return 0, 0, errs.Field("from", "bad_range", "the range is longer than 100 years")
	}
	return from, to, nil
}

type rateShape struct {
	Rate        *float64 `json:"rate" doc:"Null when the denominator is 0"`
	Numerator   int64    `json:"numerator"`
	Denominator int64    `json:"denominator"`
	Low         *float64 `json:"low" doc:"95 % interval (Wilson)"`
	High        *float64 `json:"high"`
	Pending     int64    `json:"pending" doc:"Entered, not converted, window not over: in neither part"`
}

type dwellShape struct {
	MedianSeconds *float64 `json:"median_seconds" doc:"Kaplan-Meier; null when fewer than half have left"`
	P90Seconds    *float64 `json:"p90_seconds"`
	N             int      `json:"n"`
	Open          int      `json:"open" doc:"Stays that still run"`
}

type boardStage struct {
	Key         string     `json:"key"`
	Label       string     `json:"label"`
	Description string     `json:"description"`
	Color       string     `json:"color"`
	OffPath     bool       `json:"off_path"`
	Count       int64      `json:"count"`
	Share       *float64   `json:"share"`
	In          int64      `json:"in"`
	Out         int64      `json:"out"`
	Net         int64      `json:"net"`
	Converted   *rateShape `json:"converted" doc:"To a later stage of the path within the window; null on the last one"`
	Dwell       dwellShape `json:"dwell"`
	Touchpoints []string   `json:"touchpoints"`
	KPIKeys     []string   `json:"kpi_keys"`
	KPIs        []kpiShape `json:"kpis" doc:"Those that the stage names"`
	Sentence    string     `json:"sentence"`
	Spark       []int64    `json:"spark"`
}

type boardOut struct {
	Model      modelShape   `json:"model"`
	From       time.Time    `json:"from"`
	To         time.Time    `json:"to"`
	At         time.Time    `json:"at"`
	TimeZone   string       `json:"time_zone"`
	Window     string       `json:"window"`
	ComputedAt time.Time    `json:"computed_at"`
	Customers  int64        `json:"customers"`
	Stages     []boardStage `json:"stages"`
	None       struct {
		Count int64 `json:"count"`
	} `json:"none"`
}

func (a *API) boards() {
	const tag = "lifecycle"
	handle(a, route{method: "GET", path: "/stage-models/{id}/board", summary: "Count, flow, conversion and dwell of each stage", perm: access.ReadData, tag: tag}, a.board)
	handle(a, route{method: "GET", path: "/stage-models/{id}/flow", summary: "Customers by stage at following instants, for a Sankey diagram", perm: access.ReadData, tag: tag}, a.flow)
	handle(a, route{method: "GET", path: "/stage-models/{id}/timelapse", summary: "The base through time, a frame a step", perm: access.ReadData, tag: tag}, a.timelapse)
	handle(a, route{method: "GET", path: "/stage-models/{id}/moves", summary: "Customers that moved between stages", perm: access.ReadCustomers, tag: tag}, a.moves)
}

type boardIn struct {
	ModelID
	Span
	At     time.Time `query:"at" doc:"State at this instant, default now"`
	Window string    `query:"window" default:"30d" doc:"Conversion counts within this span of entering"`
}

func (a *API) board(ctx context.Context, p *access.Principal, in *boardIn) (*Body[boardOut], error) {
	m, err := a.Lifecycle.Model(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	window, err := expr.ParseSpan(in.Window)
	if err != nil {
		return nil, errs.Field("window", "bad_window", "%v", err)
	}
	now := a.Clock.Now()
	from, to, err := in.micros(now, 30)
	if err != nil {
		return nil, err
	}
	at := core.FromTime(now)
	if t := micros(in.At); t != 0 && t < at {
		at = t
	}
	b, err := a.Lifecycle.Board(ctx, p.Workspace, m, lifecycle.BoardQuery{At: at, From: from, To: to, Window: window, SparkPoints: 30})
	if err != nil {
		return nil, err
	}
	kpis, err := a.stageKPIs(ctx, p, &w, in, m.ID)
	if err != nil {
		return nil, err
	}
	out := boardOut{Model: modelOut(m, p.Locale), From: toTime(from), To: toTime(to), At: toTime(at), TimeZone: w.TimeZone, Window: in.Window,
		ComputedAt: now, Customers: b.Customers, Stages: make([]boardStage, len(m.Stages))}
	for i := range m.Stages {
		out.Stages[i] = boardStageOut(&m.Stages[i], &b.Stages[i], b.Customers, p.Locale)
		out.Stages[i].KPIs = kpis[m.Stages[i].Key]
	}
	return body(out)
}

func boardStageOut(s *lifecycle.Stage, v *lifecycle.StageBoard, all int64, lang string) boardStage {
	o := boardStage{Key: s.Key, Label: s.Label, Description: s.Description, Color: s.Color, OffPath: s.OffPath, Count: v.Count, In: v.In, Out: v.Out,
		Net: v.In - v.Out, Touchpoints: s.Touchpoints, KPIKeys: s.KPIs, Sentence: expr.Sentence(&s.When, lang), Spark: v.Spark,
		Dwell: dwellShape{N: v.Dwell.N, Open: v.Dwell.Open}}
	if all > 0 {
		share := float64(v.Count) / float64(all)
		o.Share = &share
	}
	if v.HasNext {
		r := v.Converted
		o.Converted = &rateShape{Numerator: r.Numerator, Denominator: r.Denominator, Pending: r.Pending}
		if r.Valid {
			o.Converted.Rate, o.Converted.Low, o.Converted.High = &r.Value, &r.Low, &r.High
		}
	}
	if v.Dwell.HasMedian {
		sec := float64(v.Dwell.Median) / float64(core.Second)
		o.Dwell.MedianSeconds = &sec
	}
	if v.Dwell.HasP90 {
		sec := float64(v.Dwell.P90) / float64(core.Second)
		o.Dwell.P90Seconds = &sec
	}
	return o
}

type flowNode struct {
	ID        int       `json:"id"`
	Stage     string    `json:"stage" doc:"Empty: not yet known, or in no stage"`
	Period    time.Time `json:"period"`
	Customers int64     `json:"customers"`
}

type flowLink struct {
	Source    int   `json:"source"`
	Target    int   `json:"target"`
	Customers int64 `json:"customers"`
}

type flowOut struct {
	Periods []time.Time `json:"periods"`
	Nodes   []flowNode  `json:"nodes"`
	Links   []flowLink  `json:"links"`
}

func (a *API) steps(ctx context.Context, p *access.Principal, from, to core.Micros, step string) ([]core.Micros, error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	return lifecycle.Steps(from, to, step, w.Zone(), time.Weekday(w.WeekStart%7)), nil
}

func (a *API) flow(ctx context.Context, p *access.Principal, in *struct {
	ModelID
	Span
	Period string `query:"period" default:"month" enum:"day,week,month,quarter"`
}) (*Body[flowOut], error) {
	m, err := a.Lifecycle.Model(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := in.micros(a.Clock.Now(), 182)
	if err != nil {
		return nil, err
	}
	times, err := a.steps(ctx, p, from, to, in.Period)
	if err != nil {
		return nil, err
	}
	if len(times) > 60 {
		return nil, errs.Field("period", "too_many_periods", "the range has %d periods, at most 60 can be drawn: choose longer ones", len(times)-1)
	}
	links, err := a.Lifecycle.Flow(ctx, p.Workspace, m, times)
	if err != nil {
		return nil, err
	}
	out := flowOut{Nodes: []flowNode{}, Links: []flowLink{}}
	for _, t := range times {
		out.Periods = append(out.Periods, toTime(t))
	}
	type key struct{ period, stage int }
	ids := map[key]int{}
	node := func(period, stage int) int {
		k := key{period, stage}
		id, ok := ids[k]
		if !ok {
			id = len(out.Nodes)
			ids[k] = id
			n := flowNode{ID: id, Period: toTime(times[period])}
			if stage >= 0 {
				n.Stage = m.Stages[stage].Key
			}
			out.Nodes = append(out.Nodes, n)
		}
		return id
	}
	for _, l := range links {
		s, t := node(l.Period, l.From), node(l.Period+1, l.To)
		out.Links = append(out.Links, flowLink{s, t, l.Customers})
		if l.Period == 0 {
			out.Nodes[s].Customers += l.Customers
		}
		out.Nodes[t].Customers += l.Customers
	}
	return body(out)
}

type timelapseOut struct {
	Times    []time.Time `json:"times"`
	Stages   []string    `json:"stages"`
	Counts   [][]int64   `json:"counts" doc:"Per time, per stage"`
	In       [][]int64   `json:"in"`
	Out      [][]int64   `json:"out"`
	TimeZone string      `json:"time_zone"`
}

func (a *API) timelapse(ctx context.Context, p *access.Principal, in *struct {
	ModelID
	Span
	Step string `query:"step" default:"day" enum:"day,week,month"`
}) (*Body[timelapseOut], error) {
	m, err := a.Lifecycle.Model(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := in.micros(a.Clock.Now(), 548)
	if err != nil {
		return nil, err
	}
	times, err := a.steps(ctx, p, from, to, in.Step)
	if err != nil {
		return nil, err
	}
	t, err := a.Lifecycle.Timelapse(ctx, p.Workspace, m, times)
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	out := timelapseOut{Counts: t.Counts, In: t.In, Out: t.Out, TimeZone: w.TimeZone}
	for _, x := range times {
		out.Times = append(out.Times, toTime(x))
	}
	for _, s := range m.Stages {
		out.Stages = append(out.Stages, s.Key)
	}
	return body(out)
}

type moveShape struct {
	Customer int64     `json:"customer"`
	Name     string    `json:"name"`
	Email    string    `json:"email"`
	At       time.Time `json:"at"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Cause    string    `json:"cause" enum:"event,timer"`
	Event    string    `json:"event,omitempty"`
}

type movesOut struct {
	Moves      []moveShape `json:"moves"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

func (a *API) moves(ctx context.Context, p *access.Principal, in *struct {
	ModelID
	Span
	Stage     string `query:"stage" doc:"Entered or left this stage"`
	FromStage string `query:"from_stage"`
	ToStage   string `query:"to_stage"`
	Limit     int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	Cursor    string `query:"cursor"`
}) (*Body[movesOut], error) {
	m, err := a.Lifecycle.Model(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := in.micros(a.Clock.Now(), 30)
	if err != nil {
		return nil, err
	}
	var after lifecycle.MoveCursor
	if err := readCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	list, next, err := a.Lifecycle.Moves(ctx, p.Workspace, m, lifecycle.MoveQuery{From: from, To: to, Stage: in.Stage, FromStage: in.FromStage,
		ToStage: in.ToStage, Limit: in.Limit, After: after})
	if err != nil {
		return nil, err
	}
	out := movesOut{Moves: make([]moveShape, 0, len(list))}
	for _, mv := range list {
		c, err := a.Customers.Get(ctx, p.Workspace, mv.Customer)
		if errs.KindOf(err) == errs.NotFound {
			continue // erased meanwhile
		}
		if err != nil {
			return nil, err
		}
		cause := "event"
		if mv.ByTimer {
			cause = "timer"
		}
		out.Moves = append(out.Moves, moveShape{int64(mv.Customer), c.Name, c.Email, toTime(mv.At), mv.From, mv.To, cause, mv.Event})
	}
	if next != nil {
		out.NextCursor = cursor(next)
	}
	return body(out)
}
