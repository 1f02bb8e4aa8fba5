package insight

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// StageQuery chooses what Stages answers: the state at At, the flow in
// [From, To), conversion within Window of entering in that range.
type StageQuery struct {
	Model                int64
	At, From, To, Window core.Micros
}

// StageFigures are the numbers of one stage.
type StageFigures struct {
	Key                    string
	KPIs                   []string
	Count, In, Out         int64
	HasNext                bool  // a later stage of the path exists
	Passed, Known, Pending int64 // conversion: reached a later stage, outcome known, still running
	Median, P90            core.Micros
	HasMedian, HasP90      bool
	Stays, Open            int
}

// StageBoard is a stage model at an instant.
type StageBoard struct {
	Customers int64
	Stages    []StageFigures
}

// StageSteps holds counts, entries and exits per stage of the path of instants:
// entries and exits after the instant before and up to this one.
type StageSteps struct{ Counts, In, Out [][]int64 }

// Stages is where the numbers of stages come from.
type Stages interface {
	// Identity tells versions of a model apart; ok is false when there is none.
	Identity(ws core.WorkspaceID, model int64) (version int64, ok bool)
	Board(ctx context.Context, ws core.WorkspaceID, q StageQuery) (*StageBoard, error)
	Steps(ctx context.Context, ws core.WorkspaceID, model int64, times []core.Micros) (*StageSteps, error)
}

// StageReport is the numbers of the stages of a model in a period.
type StageReport struct {
	StageBoard
	state  *StageBoard // at the end of the period before
	before *StageBoard // flow of the period before
	steps  *StageSteps
}

// stage reads the numbers of the stages. Conversion is judged as of the end of
// the report, also for the period before.
func (s *Service) stage(ctx context.Context, r *Report) error {
	if s.Stages == nil {
		return nil
	}
	spec := &r.spec
	if _, ok := s.Stages.Identity(spec.Workspace, spec.Model); !ok {
		return nil
	}
	from, to := r.w.span(previous)
	ask := [3]StageQuery{
		{Model: spec.Model, At: r.w.end, From: r.w.from, To: r.w.end, Window: spec.Window},
		{Model: spec.Model, At: to - 1, From: from, To: to, Window: spec.Window},
		{Model: spec.Model, At: r.w.end, From: from, To: to, Window: spec.Window},
	}
	var got [3]*StageBoard
	for i, q := range ask {
		var err error
		if got[i], err = s.Stages.Board(ctx, spec.Workspace, q); err != nil {
			return fmt.Errorf("read stages: %w", err)
		}
	}
	// Steps end with their instant, windows before it: one microsecond apart.
	times := make([]core.Micros, len(r.w.bounds))
	for i, b := range r.w.bounds {
		times[i] = b - 1
	}
	steps, err := s.Stages.Steps(ctx, spec.Workspace, spec.Model, times)
	if err != nil {
		return fmt.Errorf("read stages: %w", err)
	}
	r.stages = &StageReport{StageBoard: *got[0], state: got[1], before: got[2], steps: steps}
	return nil
}

// stageValue computes a definition of stage i.
func stageValue(d *Definition, b *StageBoard, i int) value {
	f := &b.Stages[i]
	v := value{}
	count := func(n int64) { v.v, v.num, v.ok, v.hasNum = float64(n), float64(n), true, true }
	part := func(num, den int64) {
		v.num, v.den, v.hasNum, v.hasDen = float64(num), float64(den), true, true
		v.rate(num, den)
	}
	length := func(m core.Micros, ok bool) {
		v.v, v.ok = float64(m)/float64(core.Second), ok
		v.num, v.hasNum = float64(f.Stays), true
	}
	switch d.Key {
	case "stage_count":
		count(f.Count)
	case "stage_share":
		part(f.Count, b.Customers)
	case "stage_in":
		count(f.In)
	case "stage_out":
		count(f.Out)
	case "stage_net":
		count(f.In - f.Out)
	case "stage_conversion":
		if f.HasNext {
			part(f.Passed, f.Known)
		}
	case "dwell":
		length(f.Median, f.HasMedian)
	case "dwell_p90":
		length(f.P90, f.HasP90)
	}
	if !v.ok {
		v.hasIv, v.iv = false, stats.Interval{}
	}
	return v
}

// stageKPI computes one definition of stage i.
func (s *Service) stageKPI(r *Report, d *Definition, i int, lang string, targets Targets) KPI {
	k := s.base(r, d, lang)
	st := &r.stages.Stages[i]
	k.Stage = st.Key
	v := stageValue(d, &r.stages.StageBoard, i)
	k.set(&v)
	before := r.stages.before
	if d.Key == "stage_count" || d.Key == "stage_share" || d.Unit == "seconds" {
		before = r.stages.state
	}
	if p := stageValue(d, before, i); p.ok {
		k.Previous = &p.v
	}
	k.Spark = stageSpark(d.Key, r.stages.steps, i)
	n := noting{s: s, lang: lang}
	switch {
	case v.ok:
	case d.Unit == "seconds":
		n.add("not_reached")
	default:
		n.add("no_value")
	}
	if r.Incomplete() {
		n.add("incomplete")
	}
	switch {
	case d.Key == "stage_conversion":
		n.days("window", r.spec.Window)
		n.count("pending", st.Pending)
	case d.Unit == "seconds":
		n.count("open", int64(st.Open))
	}
	k.Note = n.text
	k.judge(targets)
	return k
}

// stageSpark gives the course of what can be read from steps.
func stageSpark(key string, steps *StageSteps, stage int) []*float64 {
	out := []*float64{}
	for t := 1; t < len(steps.Counts); t++ {
		var all int64
		for _, n := range steps.Counts[t] {
			all += n
		}
		n, in, gone := steps.Counts[t][stage], steps.In[t][stage], steps.Out[t][stage]
		switch key {
		case "stage_count":
			out = append(out, ptr(float64(n), true))
		case "stage_share":
			out = append(out, ptr(float64(n)/float64(all), all > 0))
		case "stage_in":
			out = append(out, ptr(float64(in), true))
		case "stage_out":
			out = append(out, ptr(float64(gone), true))
		case "stage_net":
			out = append(out, ptr(float64(in-gone), true))
		}
	}
	return out
}
