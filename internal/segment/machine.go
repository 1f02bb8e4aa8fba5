package segment

import (
	"encoding/json"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// program is a condition with everything that it names written out, as it is
// kept beside a version: what is saved of customers belongs to it, whatever
// becomes of the segments, models and cut points that were named.
type program struct {
	When   *expr.Node           `json:"when"`
	Models map[string][]rungDef `json:"models,omitempty"`
	// Calendar is the local time that the program speaks of; nil: of none.
	Calendar *expr.Calendar `json:"calendar,omitempty"`
}

// local says whether a program speaks of local time.
func (p *program) local() bool {
	for _, defs := range p.Models {
		for _, d := range defs {
			if expr.Local(d.When) {
				return true
			}
		}
	}
	return expr.Local(p.When)
}

// rungDef is a fold.Rung in JSON.
type rungDef struct {
	Key  string      `json:"key"`
	When *expr.Node  `json:"when"`
	Stay core.Micros `json:"stay,omitempty"`
}

// compile makes p ready to run in the local time that it was made for: what is
// saved of customers belongs to that.
func (p *program) compile(id int64) (*fold.Stepper, error) {
	cal := expr.UTC()
	if p.Calendar != nil {
		cal = *p.Calendar
	}
	b := fold.NewBuilderIn(cal)
	b.Models = p.ladder(cal)
	l, err := fold.NewLadderWith(b, []fold.Rung{{Key: "in", When: p.When}})
	if err != nil {
		return nil, err
	}
	// A segment is a ladder of one rung.
	return &fold.Stepper{Machine: id, Ladder: l, Signal: func(c core.CustomerID, st fold.Step) core.Signal { return moved(id, c, st) }}, nil
}

// ladder finds the stage models that p rests on.
func (p *program) ladder(cal expr.Calendar) func(key string) (*fold.Ladder, error) {
	return func(key string) (*fold.Ladder, error) {
		defs, ok := p.Models[key]
		if !ok {
			return nil, errs.Say("there is no stage model %q", key)
		}
		rungs := make([]fold.Rung, len(defs))
		for i, d := range defs {
			rungs[i] = fold.Rung{Key: d.Key, When: d.When, Stay: d.Stay}
		}
		return fold.NewLadder(cal, rungs)
	}
}

// same says whether two programs are one.
func (p *program) same(o *program) bool {
	a, err := json.Marshal(p)
	b, oerr := json.Marshal(o)
	return err == nil && oerr == nil && string(a) == string(b)
}

func moved(id int64, c core.CustomerID, st fold.Step) core.SegmentMoved {
	sig := core.SegmentMoved{Machine: id, Customer: c, In: st.To >= 0, At: st.At, N: max(st.Opens, st.Closes), ByTimer: st.By == nil}
	if e := st.By; e != nil {
		sig.EventID, sig.EventName, sig.EventKind, sig.EventAt = e.ID, e.Name, e.Kind, e.Time
	}
	return sig
}
