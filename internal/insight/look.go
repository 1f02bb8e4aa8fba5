package insight

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// look reads what an alert watches.
func (s *Service) look(ctx context.Context, ws core.WorkspaceID, a *Alert, set Settings, week time.Weekday) (Reading, error) {
	if a.Watched.Insight != 0 {
		return s.lookAtLine(ctx, ws, a, set, week)
	}
	return s.lookAtKPI(ctx, ws, a, set)
}

// lookAtKPI reads a KPI over the period up to now; for an anomaly also over past
// periods, as far apart as the period but by whole weeks when it is shorter than
// two, so that weekdays meet.
func (s *Service) lookAtKPI(ctx context.Context, ws core.WorkspaceID, a *Alert, set Settings) (x Reading, err error) {
	period, err := expr.ParseSpan(a.Watched.Period)
	if err != nil {
		return x, err
	}
	now := s.now()
	at := func(to core.Micros) (*KPI, error) {
		r, err := s.Report(ctx, Spec{Workspace: ws, From: to - period, To: to, Model: a.Watched.Model, Settings: set})
		if err != nil {
			return nil, err
		}
		list := s.KPIs(r, "en", nil)
		i := slices.IndexFunc(list, func(k KPI) bool {
			return k.Key == a.Watched.KPI && (k.Stage == a.Watched.Stage || a.Watched.Stage == "" && k.Scope == ScopeAll)
		})
		if i < 0 {
			return nil, errs.New(errs.NotFound, "unknown_stage", "there is no stage %q in the stage model", a.Watched.Stage)
		}
		return &list[i], nil
	}
	k, err := at(now)
	if err != nil {
		return x, err
	}
	x.Value, x.Before = k.Value, k.Previous
	if a.Rule.Kind != RuleAnomaly {
		return x, nil
	}
	begin := s.Timeline.Stats(ws).First
	for i := range a.Rule.Seasons {
		to := now - core.Micros(i+1)*season(period)
		if to-period < begin {
			break // before anything was known, nothing was usual
		}
		if k, err = at(to); err != nil {
			return x, err
		}
		if k.Value != nil {
			x.Past = append(x.Past, *k.Value)
		}
	}
	return x, nil
}

// season is how far past periods of a KPI lie apart.
func season(period core.Micros) core.Micros {
	const week = 7 * core.Day
	if period >= 2*week {
		return period
	}
	return (period + week - 1) / week * week
}

// lookAtLine reads the last complete buckets of a line. Its range is as long as
// the rule needs, whatever the insight's own.
func (s *Service) lookAtLine(ctx context.Context, ws core.WorkspaceID, a *Alert, set Settings, week time.Weekday) (x Reading, err error) {
	in, err := s.Insight(ctx, ws, a.Watched.Insight)
	if err != nil {
		return x, err
	}
	if in.Spec.Kind != query.KindTrend {
		return x, errs.New(errs.Conflict, "not_a_trend", "the insight is no longer a trend: an alert watches a line of a trend")
	}
	trend := *in.Spec.Trend
	trend.Compare, trend.Cumulative, trend.Average = "", false, 0
	in.Spec.Trend, in.Spec.Range = &trend, query.Range{Last: reach(trend.Interval, &a.Rule)}
	answer, err := s.Run(ctx, Ask{Workspace: ws, Spec: in.Spec, Settings: set, Week: week})
	if err != nil {
		return x, err
	}
	res, err := answer.Result()
	if err != nil {
		return x, err
	}
	i := slices.IndexFunc(res.Trend.Lines, func(l query.Line) bool {
		return l.Series == a.Watched.Line && (a.Watched.Value == "" && l.Value.All || a.Watched.Value != "" && l.Value.Text == a.Watched.Value)
	})
	if i < 0 {
		return x, errs.New(errs.NotFound, "unknown_line", "the chart has no line %s with that value now", a.Watched.Line)
	}
	// Before anything was known, nothing was usual.
	begin := slices.IndexFunc(res.Trend.Buckets, func(b query.Bucket) bool { return b.Start >= s.Timeline.Stats(ws).First })
	if begin < 0 {
		return x, nil
	}
	return readLine(res.Trend.Buckets[begin:], res.Trend.Lines[i].Points[begin:], &a.Rule, trend.Interval, set.zone()), nil
}

// reach is how far back a line is read.
func reach(i query.Interval, r *Rule) string {
	days := map[query.Interval]int{query.Hour: 1, query.Day: 1, query.Week: 7, query.Month: 31, query.Quarter: 92, query.Year: 366}[i]
	n := 4 * days
	if r.Kind == RuleAnomaly {
		n = (r.Seasons + 3) * max(days, 7)
	}
	return strconv.Itoa(n) + "d"
}

// readLine takes the last complete bucket, the one before, and those of the same
// season: weekday and hour of hours, weekday of days, all of longer ones.
func readLine(buckets []query.Bucket, points []query.Point, r *Rule, i query.Interval, zone *time.Location) (x Reading) {
	last := -1
	for k := range buckets {
		if !buckets[k].Incomplete {
			last = k
		}
	}
	if last < 0 {
		return x
	}
	x.Value = points[last].Value
	if last > 0 && !buckets[last-1].Incomplete {
		x.Before = points[last-1].Value
	}
	own := core.ToTime(buckets[last].Start).In(zone)
	for k := last - 1; k >= 0 && len(x.Past) < r.Seasons; k-- {
		t := core.ToTime(buckets[k].Start).In(zone)
		same := i != query.Hour && i != query.Day || t.Weekday() == own.Weekday() && (i == query.Day || t.Hour() == own.Hour())
		if same && !buckets[k].Incomplete && points[k].Value != nil {
			x.Past = append(x.Past, *points[k].Value)
		}
	}
	return x
}
