package query_test

import (
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// TestRangesAtTheEpoch: 1970 begins at the instant 0, which is a limit like any
// other, also beside events from before.
func TestRangesAtTheEpoch(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, -9*365*core.Day, "A", ""), event(1, -1, "A", ""), event(1, 0, "A", ""), event(2, core.Day, "A", ""), event(3, -2, "A", `{"x":1}`)})
	e := env()
	e.Now = 40 * core.Day
	const late, early = `{"from":"1970-01-01T00:00:00Z","to":"1970-01-11"}`, `{"from":"1969-12-21","to":"1970-01-01T00:00:00Z"}`
	for _, c := range []struct {
		kind, part string
		want       int64 // over both ranges
	}{
		{"trend", `{"interval":"day","series":[{"event":"A"}]}`, 2},
		{"trend", `{"interval":"day","series":[{"event":"A","measure":"customers"}]}`, 2},
		{"trend", `{"interval":"day","series":[{"event":"A"}],"breakdown":{"by":"trait","property":"x"}}`, 2},
		{"table", `{"rows":"customer","columns":[{"event":"A"}]}`, 2},
		{"composition", `{"event":"A","of":"events","breakdown":{"property":"x"}}`, 2},
		{"stickiness", `{"event":"A","interval":"day"}`, 2},
		{"growth", `{"event":"A","interval":"day"}`, 1}, // new customers
		{"retention", `{"start":{"event":"A"},"unit":"day","periods":1,"entry":"first_time"}`, 1},
		{"retention", `{"start":{"event":"A"},"unit":"day","periods":1}`, 2},
		{"funnel", `{"window":"1d","steps":[{"event":"A"}]}`, 2},
		{"paths", `{"events":[{"event":"A"}]}`, 2},
	} {
		for _, r := range []string{late, early} {
			if got := size(ask(t, s, e, `{"kind":%q,"range":%s,%q:%s}`, c.kind, r, c.kind, c.part)); got != c.want {
				t.Errorf("%s %s over %s: %d, want %d", c.kind, c.part, r, got, c.want)
			}
		}
	}
}

// size is a number of a result that tells how much was counted.
func size(x *query.Result) (n int64) {
	switch {
	case x.Trend != nil:
		for _, l := range x.Trend.Lines {
			n += int64(*l.Total.Value)
		}
	case x.Table != nil:
		n = int64(*x.Table.Total.Points[0].Value)
	case x.Composition != nil:
		n = x.Composition.Total
	case x.Stickiness != nil:
		n = x.Stickiness.Customers
	case x.Growth != nil:
		for _, row := range x.Growth.Rows {
			n += row.New
		}
	case x.Retention != nil:
		for _, row := range x.Retention.Groups[0].Rows {
			n += row[0].Size
		}
	case x.Funnel != nil:
		n = x.Funnel.Total.Entered
	case x.Paths != nil:
		n = x.Paths.Customers
	}
	return n
}
