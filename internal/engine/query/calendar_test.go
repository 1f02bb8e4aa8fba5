package query_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// TestBucketsOfZones counts buckets over changes of the clock and looks at where
// they begin.
func TestBucketsOfZones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, from, to, interval string
		want                     int
	}{
		{"Europe/Rome", "2020-03-29", "2020-03-30", "hour", 23},
		{"Europe/Rome", "2020-10-25", "2020-10-26", "hour", 25},
		{"Europe/Rome", "2020-10-20", "2020-11-01", "day", 12},
		{"America/Sao_Paulo", "2018-11-03", "2018-11-06", "day", 3}, // midnight of the 4th does not exist
		{"Asia/Kolkata", "2020-01-01", "2020-01-02", "hour", 24},
		{"Pacific/Apia", "2011-12-28", "2012-01-02", "day", 4}, // there was no 30 December
		{"Europe/Rome", "2020-01-15", "2021-01-15", "quarter", 5},
		{"Europe/Rome", "2020-01-31", "2020-05-01", "month", 4},
		{"UTC", "2019-06-01", "2021-06-01", "year", 3},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		from, err := time.ParseInLocation("2006-01-02", c.from, zone)
		if err != nil {
			t.Fatal(err)
		}
		e := env()
		e.Zone, e.Now = zone, core.FromTime(from)+3000*core.Day
		s := load(t, []core.Event{event(1, core.FromTime(from), "A", ""), event(1, core.FromTime(from)+26*core.Hour, "A", "")})
		res := ask(t, s, e, `{"kind":"trend","range":{"from":%q,"to":%q},"trend":{"interval":%q,"series":[{"event":"A"}]}}`, c.from, c.to, c.interval)
		if got := len(res.Trend.Buckets); got != c.want {
			t.Errorf("%+v: got %d buckets: %v", c, got, res.Trend.Buckets)
		}
		for i, b := range res.Trend.Buckets {
			if i > 0 && b.Start != res.Trend.Buckets[i-1].End || b.Start >= b.End {
				t.Errorf("%+v: bucket %d leaves a gap: %+v", c, i, b)
			}
		}
		if *res.Trend.Lines[0].Points[0].Value == 0 {
			t.Errorf("%+v: the first instant is in no bucket", c)
		}
	}
}

func TestWeekStartLastAndLastYear(t *testing.T) {
	t.Parallel()
	// 2020-01-05 was a Sunday.
	s := load(t, []core.Event{event(1, day(4), "A", ""), event(1, day(5), "A", ""), event(2, day(6), "A", ""), event(2, day(1)+366*core.Day+core.Hour, "A", "")})
	points := func(e query.Env, text string) (out []float64) {
		for _, p := range ask(t, s, e, "%s", text).Trend.Lines[0].Points {
			out = append(out, *p.Value)
		}
		return out
	}
	const weeks = `{"kind":"trend","range":{"from":"2020-01-04","to":"2020-01-07"},"trend":{"interval":"week","series":[{"event":"A"}]}}`
	sunday := env()
	sunday.Week = time.Sunday
	if got := points(env(), weeks); !slices.Equal(got, []float64{2, 1}) {
		t.Errorf("weeks from Monday: got %v", got)
	}
	if got := points(sunday, weeks); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("weeks from Sunday: got %v", got)
	}
	e := env()
	e.Now = day(6) + 12*core.Hour
	if got := points(e, `{"kind":"trend","range":{"last":"2d"},"trend":{"interval":"day","series":[{"event":"A"}]}}`); !slices.Equal(got, []float64{1, 1, 1}) {
		t.Errorf("last two days: got %v", got)
	}
	res := ask(t, s, env(), `{"kind":"trend","range":{"from":"2021-01-01","to":"2021-01-07"},"trend":{"interval":"day","compare":"last_year","series":[{"event":"A"}]}}`)
	if l := res.Trend.Lines[0]; *l.Total.Value != 1 || *l.Before.Total.Value != 3 || len(l.Before.Points) != 6 {
		t.Errorf("last year: got %+v before %+v", l.Total, l.Before)
	}
}
