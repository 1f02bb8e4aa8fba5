package query_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

const ws core.WorkspaceID = 1

// day gives the start of a day of January 2020, UTC.
func day(n int) core.Micros { return core.FromTime(time.Date(2020, 1, n, 0, 0, 0, 0, time.UTC)) }

var shopNow = day(400) // long after the test events

// event makes a tracked event of c.
func event(c core.CustomerID, at core.Micros, name string, props string) core.Event {
	e := core.Event{Customer: c, Actor: core.ActorID(c), Time: at, Received: at, Kind: core.KindTrack, Name: name, Source: 1}
	if props != "" {
		e.Props = []byte(props)
	}
	return e
}

// load makes a store of the events: they arrive in the order given, in a few
// batches, of which all but the last are sealed.
func load(t testing.TB, events []core.Event) *timeline.Store {
	t.Helper()
	ctx := context.Background()
	d := dbtest.SQLite(t)
	s, err := timeline.Open(ctx, timeline.Options{DB: d, Dir: t.TempDir(), Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for i := range events {
		events[i].ID = fmt.Sprintf("id-%d", i)
	}
	size := max(len(events)/3, 1)
	for from := 0; from < len(events); from += size {
		part := events[from:min(from+size, len(events))]
		if err := d.Write(ctx, func(tx *db.Tx) error { return s.Append(ctx, tx, ws, part) }); err != nil {
			t.Fatal(err)
		}
		if from+size < len(events) {
			if _, err := s.Seal(ctx, ws); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// history sorts arrived events into timelines.
func history(events []core.Event) map[core.CustomerID][]core.Event {
	out := map[core.CustomerID][]core.Event{}
	for _, e := range events {
		out[e.Customer] = append(out[e.Customer], e)
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b core.Event) int { return cmp.Compare(a.Time, b.Time) })
	}
	return out
}

func env() query.Env {
	return query.Env{Workspace: ws, Now: shopNow, Week: time.Monday, Workers: 3, Currency: "EUR"}
}

// ask runs a spec written as JSON.
func ask(t testing.TB, s query.Source, e query.Env, format string, args ...any) *query.Result {
	t.Helper()
	res, err := query.Run(context.Background(), s, parse(t, format, args...), e)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func parse(t testing.TB, format string, args ...any) query.Spec {
	t.Helper()
	var spec query.Spec
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return spec
}

// refused says that a spec is refused for a field.
func refused(t *testing.T, field, format string, args ...any) {
	t.Helper()
	spec := parse(t, format, args...)
	err := spec.Check()
	if err == nil || query.FieldOf(err) != field || errs.KindOf(err) != errs.Invalid {
		t.Errorf("%s: got error %v of field %q, want field %q", fmt.Sprintf(format, args...), err, query.FieldOf(err), field)
	}
}

func hinted(r *query.Result, code string) bool {
	return slices.ContainsFunc(r.Meta.Hints, func(h query.Hint) bool { return h.Code == code })
}

// crowd makes random timelines: few names, times on a coarse grid so that many
// tie, events that arrive late, properties that are missing or of another type.
func crowd(r *rand.Rand, customers, most int, from core.Micros, span, step core.Micros) []core.Event {
	var out []core.Event
	for c := 1; c <= customers; c++ {
		for range r.IntN(most + 1) {
			at := from + r.Int64N(span/step)*step
			props := "{"
			if r.IntN(5) > 0 {
				props += fmt.Sprintf(`"plan":"p%d",`, r.IntN(6))
			}
			switch r.IntN(6) {
			case 0:
				props += `"price":"12.5",`
			case 1:
				props += `"price":true,`
			default:
				props += fmt.Sprintf(`"price":%d.%02d,`, r.IntN(50), r.IntN(100))
			}
			props += fmt.Sprintf(`"n":%d}`, r.IntN(4))
			out = append(out, event(core.CustomerID(c), at, string(rune('A'+r.IntN(5))), props))
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
