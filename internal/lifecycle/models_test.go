package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/versions"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// TestTemplates checks every ready-made model: it is sound, each stage has
// words, touchpoints and KPIs, and its condition reads as a sentence in all
// three languages.
func TestTemplates(t *testing.T) {
	t.Parallel()
	all, err := lifecycle.Templates()
	if err != nil || len(all) < 7 {
		t.Fatalf("%d templates, %v", len(all), err)
	}
	keys := map[string]bool{}
	for _, tpl := range all {
		if keys[tpl.Key] || tpl.Name == "" || tpl.Description == "" || tpl.Industry == "" {
			t.Errorf("template %q: %q, %q, %q", tpl.Key, tpl.Name, tpl.Description, tpl.Industry)
		}
		keys[tpl.Key] = true
		d, err := lifecycle.FromTemplate(tpl.Key)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Check(); err != nil {
			t.Errorf("template %s: %v", tpl.Key, err)
		}
		for _, s := range d.Stages {
			if s.Label == "" || s.Description == "" || s.Color == "" || len(s.Touchpoints) == 0 || len(s.KPIs) == 0 {
				t.Errorf("%s/%s lacks words, a colour, touchpoints or KPIs: %+v", tpl.Key, s.Key, s)
			}
			seen := map[string]bool{}
			for _, lang := range []string{"en", "it", "ro"} {
				text := expr.Sentence(&s.When, lang)
				if text == "" || seen[text] {
					t.Errorf("%s/%s in %s: %q", tpl.Key, s.Key, lang, text)
				}
				seen[text] = true
			}
		}
	}
	if _, err := lifecycle.FromTemplate("nope"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("an unknown template: %v", err)
	}
}

func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	good := definition(t, modelText)
	for field, spoil := range map[string]func(d *lifecycle.Definition){
		"name":               func(d *lifecycle.Definition) { d.Name = " " },
		"stages":             func(d *lifecycle.Definition) { d.Stages = nil },
		"stages[1].key":      func(d *lifecycle.Definition) { d.Stages[1].Key = d.Stages[0].Key },
		"stages[2].key":      func(d *lifecycle.Definition) { d.Stages[2].Key = "Not a key" },
		"stages[3].label":    func(d *lifecycle.Definition) { d.Stages[3].Label = "" },
		"stages[1].off_path": func(d *lifecycle.Definition) { d.Stages[0].OffPath = true },
		"stages[0].when":     func(d *lifecycle.Definition) { d.Stages[0].When = expr.Node{} },
		"stages[1].when.all[0].not.trait": func(d *lifecycle.Definition) {
			d.Stages[1].When = expr.Node{All: []expr.Node{{Not: &expr.Node{Trait: &expr.Match{Name: "x", Op: "like"}}}}}
		},
		"stages[5].when.any[1].stage": func(d *lifecycle.Definition) {
			d.Stages[5].When = expr.Node{Any: []expr.Node{{Did: &expr.Did{Event: "A"}}, {Stage: &expr.Stage{Was: "nowhere"}}}}
		},
		"stages[4].when.stage": func(d *lifecycle.Definition) {
			d.Stages[4].When = expr.Node{Stage: &expr.Stage{In: []string{d.Stages[0].Key}}}
		},
		"stages[3].when.segment.key": func(d *lifecycle.Definition) { d.Stages[3].When = expr.Node{Segment: &expr.Segment{Key: "vip"}} },
		"stages[3].when.rfm":         func(d *lifecycle.Definition) { d.Stages[3].When = expr.Node{RFM: &expr.RFM{R: []int{5}}} },
		"stages[0].min_stay":         func(d *lifecycle.Definition) { d.Stages[0].MinStay = "soon" },
	} {
		d := good
		d.Stages = append([]lifecycle.Stage{}, good.Stages...)
		spoil(&d)
		var e *errs.Error
		if err := d.Check(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

// TestVersions follows a model from its making to its end.
func TestVersions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ctx := context.Background()
		h.send(3, event("u", "Viewed", days(1)), event("u", "Bought", days(2)), event("v", "Viewed", days(3)))
		first := h.create(definition(t, modelText))
		if !first.IsDefault || first.Version != 1 || first.Key != "hand" {
			t.Errorf("first model %+v", first)
		}
		if _, err := h.life.Create(ctx, ws, definition(t, modelText), "", "t"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a second model of one key: %v", err)
		}
		other := definition(t, modelText)
		other.Key, other.Stages = "other", other.Stages[:1]
		second := h.create(other)
		if second.IsDefault {
			t.Error("two default models")
		}
		changed := definition(t, modelText)
		changed.Name, changed.Key, changed.Stages = "Changed", "ignored", changed.Stages[:4]
		v, err := h.life.Update(ctx, ws, first.ID, changed, "editor")
		if err != nil || v != 2 {
			t.Fatalf("version %d, %v", v, err)
		}
		now := h.built(first.ID)
		if now.Version != 2 || now.Name != "Changed" || now.Key != "hand" || len(now.Stages) != 4 || now.Machine == first.Machine {
			t.Errorf("after the update %+v", now)
		}
		list, err := h.life.Versions(ctx, ws, first.ID)
		if err != nil || len(list) != 2 || list[0].Version != 2 || list[0].ByUser != "editor" || list[0].Status != "live" || list[1].Status == "live" || len(list[1].Definition.Stages) != 6 {
			t.Errorf("versions %+v, %v", list, err)
		}
		if old, err := h.life.Spans(ctx, ws, first); err != nil || len(old) != 0 {
			t.Errorf("the old version keeps %d stays, %v", len(old), err)
		}
		if _, err := h.life.Update(ctx, ws, 99, changed, "t"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("update of nothing: %v", err)
		}
		if err := h.life.Delete(ctx, ws, first.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("the default model is deleted: %v", err)
		}
		if err := h.life.Delete(ctx, ws, second.ID); err != nil {
			t.Error(err)
		}
		if got := h.life.Models(ws); len(got) != 1 {
			t.Errorf("models %+v", got)
		}
		// A new process finds the same.
		before, err := h.life.Spans(ctx, ws, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.life.Load(ctx, ws); err != nil {
			t.Fatal(err)
		}
		h.same("loaded again", h.built(first.ID), before)
		h.send(1, event("v", "Bought", days(4)))
		if w, err := h.life.Now(ctx, ws, now, []core.CustomerID{h.numbers()["v"]}); err != nil || w[h.numbers()["v"]].Stage != "buyer" {
			t.Errorf("after loading, an event leads to %+v, %v", w, err)
		}
	})
}

// TestPreviewTellsWhatPublishingDoes compares a preview with the state after
// the version went live, over random histories, and checks that it writes
// nothing.
func TestPreviewTellsWhatPublishingDoes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ctx := context.Background()
		m := h.create(definition(t, modelText))
		_, msgs := randomPasts(rand.New(rand.NewPCG(8, 8)), 30)
		h.send(20, msgs...)
		next := definition(t, modelText)
		next.Stages[3].When.Did.Value = []byte("2")
		next.Stages[4].When.Lapse.Days, next.Stages[4].When.Lapse.GapMultiple = 15, 0
		before, err := h.life.Spans(ctx, ws, m)
		if err != nil {
			t.Fatal(err)
		}
		was := counts(m, before)
		p, err := h.life.Preview(ctx, ws, m, &next)
		if err != nil {
			t.Fatal(err)
		}
		h.same("after the preview", m, before)
		if !reflect.DeepEqual(p.Before, was) || p.Evaluated != 30 {
			t.Errorf("before %v of %d, want %v", p.Before, p.Evaluated, was)
		}
		if _, err := h.life.Update(ctx, ws, m.ID, next, "t"); err != nil {
			t.Fatal(err)
		}
		m = h.built(m.ID)
		after, err := h.life.Spans(ctx, ws, m)
		if err != nil {
			t.Fatal(err)
		}
		if is := counts(m, after); !reflect.DeepEqual(p.After, is) || reflect.DeepEqual(is, was) {
			t.Errorf("foretold %v, became %v, was %v", p.After, is, was)
		}
		moves := map[string]map[string]int64{}
		now, then := current(m, after), current(m, before)
		for c, to := range now {
			if from := then[c]; from != to {
				if moves[from] == nil {
					moves[from] = map[string]int64{}
				}
				moves[from][to]++
			}
		}
		if !reflect.DeepEqual(p.Moves, moves) {
			t.Errorf("moves foretold %v, were %v", p.Moves, moves)
		}
		if alone, err := h.life.Preview(ctx, ws, lifecycle.Model{}, &next); err != nil || alone.Before[""] != 30 || !reflect.DeepEqual(alone.After, p.After) {
			t.Errorf("a preview of a new model: %+v, %v", alone, err)
		}
	})
}

func current(m lifecycle.Model, spans []lifecycle.Span) map[core.CustomerID]string {
	out := map[core.CustomerID]string{}
	for _, sp := range spans {
		if sp.Left == lifecycle.Forever {
			out[sp.Customer] = m.Stages[sp.Stage].Key
		}
	}
	return out
}

func counts(m lifecycle.Model, spans []lifecycle.Span) map[string]int64 {
	out := map[string]int64{}
	for _, key := range current(m, spans) {
		out[key]++
	}
	return out
}

// TestLapses checks when customers lapse: after fixed days, and after a
// multiple of their own gap, to the microsecond, with the clock moved over it.
func TestLapses(t *testing.T) {
	t.Parallel()
	const text = `{"key":"k","name":"K","stages":[{"key":"active","label":"A","when":{"did":{"event":"Bought","op":"gte","value":1}}},
{"key":"gone","label":"G","off_path":true,"when":{"lapse":{"event":"Bought","days":30%s}}}]}`
	for _, x := range []struct {
		rule   string
		orders []float64 // days
		lapse  float64
	}{
		{``, []float64{0}, 30},
		{``, []float64{0, 5, 10}, 40},
		{`,"gap_multiple":3`, []float64{0}, 30},
		{`,"gap_multiple":3`, []float64{0, 4}, 34},              // one gap is too few
		{`,"gap_multiple":3`, []float64{0, 4, 8}, 20},           // 3 × 4
		{`,"gap_multiple":3`, []float64{0, 4, 10}, 25},          // 3 × 5
		{`,"gap_multiple":3`, []float64{0, 4, 8, 20}, 32},       // 3 × 4, the median of 4, 4, 12
		{`,"gap_multiple":3`, []float64{0, 0.2, 0.4, 4, 8}, 20}, // several on one day are one
		{`,"gap_multiple":3,"min_days":20`, []float64{0, 4, 8}, 28},
		{`,"gap_multiple":3,"max_days":10`, []float64{0, 4, 8}, 18},
	} {
		h := newHouse(t, dbtest.SQLite(t))
		m := h.create(definition(t, fmt.Sprintf(text, x.rule)))
		for _, day := range x.orders {
			h.clock.Set(core.ToTime(days(100 + day)))
			h.send(1, event("u", "Bought", days(100+day)))
		}
		stage := func() string {
			h.settle()
			w, err := h.life.Now(context.Background(), ws, m, []core.CustomerID{1})
			if err != nil {
				t.Fatal(err)
			}
			return w[1].Stage
		}
		h.clock.Set(core.ToTime(days(100 + x.lapse)).Add(-time.Microsecond))
		if got := stage(); got != "active" {
			t.Errorf("%s %v: %s a moment before day %g", x.rule, x.orders, got, x.lapse)
		}
		st, err := h.life.Explain(context.Background(), ws, m, 1)
		if err != nil || st.Next != days(100+x.lapse) || st.Stage != "active" {
			t.Errorf("%s %v: explained as %+v, %v", x.rule, x.orders, st, err)
		}
		h.clock.Set(core.ToTime(days(100 + x.lapse)))
		if got := stage(); got != "gone" {
			t.Errorf("%s %v: %s on day %g", x.rule, x.orders, got, x.lapse)
		}
		h.send(1, event("u", "Bought", days(100+x.lapse)+core.Hour)) // comes back
		if got := stage(); got != "active" {
			t.Errorf("%s %v: %s after coming back", x.rule, x.orders, got)
		}
	}
}

// TestMinimumStay holds a customer in a stage for a while, then lets go to
// where the customer belongs by then.
func TestMinimumStay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.SQLite(t))
	m := h.create(definition(t, `{"key":"k","name":"K","stages":[{"key":"a","label":"A","when":{"did":{"event":"X","op":"gte","value":1}}},
{"key":"b","label":"B","min_stay":"72h","when":{"did":{"event":"X","op":"gte","value":2}}},{"key":"c","label":"C","when":{"did":{"event":"X","op":"gte","value":3}}},
{"key":"d","label":"D","when":{"stage":{"was":"c"}}}]}`))
	h.send(1, event("u", "X", days(1)), event("u", "X", days(2)), event("u", "X", days(3)))
	history, err := h.life.History(context.Background(), ws, m, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := len(history) - 1; i >= 0; i-- {
		got = append(got, fmt.Sprintf("%s@%g/%v", history[i].Stage, float64(history[i].Entered-days(0))/float64(core.Day), history[i].ByTimer))
	}
	if want := "a@1/false b@2/false c@5/true d@5/true"; strings.Join(got, " ") != want {
		t.Errorf("stages %v, want %s", got, want)
	}
}

// TestResumeAfterAStop begins a recomputation that fails, as a stop would, and
// lets a new process end it; meanwhile the old version serves.
func TestResumeAfterAStop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ctx := context.Background()
		m := h.create(definition(t, modelText))
		all, msgs := randomPasts(rand.New(rand.NewPCG(4, 4)), 20)
		h.send(50, msgs[:len(msgs)/2]...)
		h.life.SetBackfiller(stopped{h.pipe})
		next := definition(t, modelText)
		next.Name = "Next"
		if _, err := h.life.Update(ctx, ws, m.ID, next, "t"); err != nil {
			t.Fatal(err)
		}
		h.life.Wait()
		if now, err := h.life.Model(ws, m.ID); err != nil || !now.Building || now.Version != 1 {
			t.Fatalf("while it is computed %+v, %v", now, err)
		}
		if _, err := h.life.Update(ctx, ws, m.ID, next, "t"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a second recomputation beside the first: %v", err)
		}
		h.send(50, msgs[len(msgs)/2:]...) // events go on
		h.same("the old version", m, h.expected(all))
		h.life.SetBackfiller(h.pipe)
		if err := h.life.Resume(ctx, ws); err != nil {
			t.Fatal(err)
		}
		now := h.built(m.ID)
		if now.Version != 2 || now.Name != "Next" {
			t.Errorf("after the resume %+v", now)
		}
		h.same("the new version", now, h.expected(all))
	})
}

// stopped is a pipeline whose backfills do not run.
type stopped struct{ versions.Backfiller }

func (stopped) Backfill(context.Context, core.WorkspaceID, int64, func(done, total int64)) error {
	return errors.New("stopped")
}
