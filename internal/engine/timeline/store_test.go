package timeline_test

import (
	"context"
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// decimal gives the exact value of a number's text, in lowest terms; numbers
// too large to expand stand for themselves.
func decimal(s string) string {
	if len(s) > 40 {
		return s
	}
	for i, c := range s {
		if (c == 'e' || c == 'E') && len(s)-i > 4 {
			return s
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	return r.RatString()
}

// TestStoreEqualsReference drives the store by random steps and compares it
// with a sorted slice after each.
func TestStoreEqualsReference(t *testing.T) {
	t.Parallel()
	steps := 60
	if testing.Short() {
		steps = 25
	}
	for seed := range uint64(3) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				m := newModel(t, d, seed)
				for range steps {
					m.step()
					m.check()
				}
				m.verify()
			})
		})
	}
}

func (m *model) step() {
	m.t.Helper()
	ctx := context.Background()
	var err error
	switch m.rnd.IntN(12) {
	case 0, 1, 2, 3:
		err = m.append(1 + m.rnd.IntN(60))
	case 4, 5:
		m.identity()
	case 6, 7, 8:
		_, err = m.store.Seal(ctx, ws)
	case 9:
		err = m.store.Compact(ctx, ws)
	case 10:
		m.erase()
	case 11:
		m.reopen()
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// erase takes something away from the store and from the reference.
func (m *model) erase() {
	m.t.Helper()
	spec := timeline.EraseSpec{Customers: []core.CustomerID{core.CustomerID(1 + m.rnd.IntN(actors)), core.CustomerID(1 + m.rnd.IntN(actors))}}
	if m.rnd.IntN(2) == 0 {
		spec.From, spec.To = start+10*core.Day, start+30*core.Day
	}
	if m.rnd.IntN(2) == 0 {
		spec.Props = []string{"plan", "deep"}
	}
	counts, err := m.store.Erase(context.Background(), ws, spec)
	if err != nil {
		m.t.Fatal(err)
	}
	var before int64
	m.all = slices.DeleteFunc(m.all, func(e core.Event) bool {
		if !m.chosen(&spec, &e) {
			return false
		}
		before++
		return spec.Props == nil
	})
	for i := range m.all {
		if e := &m.all[i]; m.chosen(&spec, e) {
			e.Props = without(e.Props, spec.Props)
		}
	}
	if got := counts[0].Before + counts[1].Before; got != before || counts[0].After+counts[1].After != 0 {
		m.t.Fatalf("erase counted %+v, want %d before and none after", counts, before)
	}
}

func (m *model) chosen(spec *timeline.EraseSpec, e *core.Event) bool {
	if !slices.Contains(spec.Customers, m.homes.Home(ws, e.Actor, e.Time)) || spec.From != 0 && (e.Time < spec.From || e.Time >= spec.To) {
		return false
	}
	if spec.Props == nil {
		return true
	}
	o, ok := canonical(e.Props).(map[string]any)
	return ok && slices.ContainsFunc(spec.Props, func(k string) bool { _, has := o[k]; return has })
}

func TestSeqRisesAndSurvivesRollback(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newModel(t, d, 9)
		ctx := context.Background()
		if err := m.append(5); err != nil {
			t.Fatal(err)
		}
		refused := []core.Event{m.event()}
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := m.store.Append(ctx, tx, ws, refused); err != nil {
				return err
			}
			return context.Canceled
		})
		if err == nil {
			t.Fatal("the write should have failed")
		}
		m.reopen()
		if err := m.append(5); err != nil {
			t.Fatal(err)
		}
		for i := range m.all[1:] {
			if m.all[i+1].Seq <= m.all[i].Seq {
				t.Fatalf("positions do not rise: %d then %d", m.all[i].Seq, m.all[i+1].Seq)
			}
		}
		m.check()
	})
}

// without takes keys out of an object by way of encoding/json.
func without(props []byte, keys []string) []byte {
	var o map[string]json.RawMessage
	if json.Unmarshal(props, &o) != nil {
		return props
	}
	for _, k := range keys {
		delete(o, k)
	}
	b, err := json.Marshal(o)
	if err != nil {
		return nil
	}
	return b
}
