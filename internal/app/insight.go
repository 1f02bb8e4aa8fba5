package app

import (
	"context"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/edge/httpapi/faults"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// insightSettings gives what of a workspace changes numbers.
func (a *App) insightSettings(ctx context.Context, ws core.WorkspaceID) (insight.Settings, time.Weekday, error) {
	w, err := a.Access.Workspace(ctx, ws)
	if err != nil {
		return insight.Settings{}, 0, err
	}
	set, err := httpapi.InsightSettings(&w)
	return set, time.Weekday(w.WeekStart % 7), err
}

// stageFigures gives the insight room the numbers of stages.
type stageFigures struct{ *lifecycle.Service }

func (s stageFigures) Identity(ws core.WorkspaceID, model int64) (int64, bool) {
	m, err := s.Model(ws, model)
	return m.Machine, err == nil
}

func (s stageFigures) Board(ctx context.Context, ws core.WorkspaceID, q insight.StageQuery) (*insight.StageBoard, error) {
	m, err := s.Model(ws, q.Model)
	if err != nil {
		return nil, err
	}
	b, err := s.Service.Board(ctx, ws, m, lifecycle.BoardQuery{At: q.At, From: q.From, To: q.To, Window: q.Window})
	if err != nil {
		return nil, err
	}
	out := &insight.StageBoard{Customers: b.Customers, Stages: make([]insight.StageFigures, len(m.Stages))}
	for i := range m.Stages {
		v := &b.Stages[i]
		out.Stages[i] = insight.StageFigures{Key: m.Stages[i].Key, KPIs: m.Stages[i].KPIs, Count: v.Count, In: v.In, Out: v.Out, HasNext: v.HasNext,
			Passed: v.Converted.Numerator, Known: v.Converted.Denominator, Pending: v.Converted.Pending, Median: v.Dwell.Median, P90: v.Dwell.P90,
			HasMedian: v.Dwell.HasMedian, HasP90: v.Dwell.HasP90, Stays: v.Dwell.N, Open: v.Dwell.Open}
	}
	return out, nil
}

func (s stageFigures) Steps(ctx context.Context, ws core.WorkspaceID, model int64, times []core.Micros) (*insight.StageSteps, error) {
	m, err := s.Model(ws, model)
	if err != nil {
		return nil, err
	}
	t, err := s.Timelapse(ctx, ws, m, times)
	if err != nil {
		return nil, err
	}
	return &insight.StageSteps{Counts: t.Counts, In: t.In, Out: t.Out}, nil
}

// teller says refusals in a language, for what is drawn without a caller.
func teller() func(language string, what *errs.Text) string {
	texts := sync.OnceValue(faults.MustLoad) // few programs ever draw
	return func(language string, what *errs.Text) string { return texts().Tongue(language).Say(what) }
}
