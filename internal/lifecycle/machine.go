package lifecycle

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// compile turns a definition into a machine; days and weeks are those of cal.
func compile(id int64, d *Definition, cal expr.Calendar) (*fold.Stepper, error) {
	list, err := rungs(d.Stages)
	if err != nil {
		return nil, err
	}
	l, err := fold.NewLadder(cal, list)
	if err != nil {
		return nil, err
	}
	return &fold.Stepper{Machine: id, Ladder: l, Signal: func(c core.CustomerID, st fold.Step) core.Signal { return moved(id, l, c, st) }}, nil
}

func moved(id int64, l *fold.Ladder, c core.CustomerID, st fold.Step) core.StageMoved {
	sig := core.StageMoved{Machine: id, Customer: c, From: l.Key(st.From), To: l.Key(st.To), At: st.At,
		Closes: st.Closes, Opens: st.Opens, ByTimer: st.By == nil}
	if e := st.By; e != nil {
		sig.EventID, sig.EventName, sig.EventKind, sig.EventAt = e.ID, e.Name, e.Kind, e.Time
	}
	return sig
}
