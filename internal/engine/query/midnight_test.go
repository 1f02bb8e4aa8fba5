package query_test

import (
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// TestRangesOverSkippedMidnights: a day that has no midnight begins when the one
// before ends, for ranges, periods to compare with and spans up to now. Clocks
// west of Greenwich jump otherwise in the library than those east of it.
func TestRangesOverSkippedMidnights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, before, after string }{
		{"America/Santiago", "2026-09-06", "2026-09-05", "2026-09-07"},
		{"America/Havana", "2026-03-08", "2026-03-07", "2026-03-09"},
		{"Africa/Cairo", "2026-04-24", "2026-04-23", "2026-04-25"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		noon, err := time.ParseInLocation("2006-01-02T15:04", c.day+"T12:00", zone)
		if err != nil {
			t.Fatal(err)
		}
		at := func(hours, minutes int) core.Micros {
			return core.FromTime(noon.Add(time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute))
		}
		// Noon is eleven hours after the start of that day.
		s := load(t, []core.Event{event(1, at(-11, -30), "A", ""), event(2, at(-11, 0), "A", ""), event(3, at(-35, 5), "A", "")})
		e := env()
		e.Zone, e.Now = zone, at(3, 0)
		spec := `{"kind":"trend","range":{"from":%q,"to":%q},"trend":{"interval":"day","series":[{"event":"A"}],"compare":"previous"}}`
		if got := ask(t, s, e, spec, c.day, c.after).Trend; len(got.Buckets) != 1 || *got.Lines[0].Total.Value != 1 || *got.Lines[0].Before.Total.Value != 2 {
			t.Errorf("%s: the day has %d buckets, %v events, before it %v; want 1, 1 and 2", c.zone, len(got.Buckets), *got.Lines[0].Total.Value, *got.Lines[0].Before.Total.Value)
		}
		if got := ask(t, s, e, spec, c.before, c.day).Trend; len(got.Buckets) != 1 || *got.Lines[0].Total.Value != 2 {
			t.Errorf("%s: the day before has %d buckets, %v events; want 1 and 2", c.zone, len(got.Buckets), *got.Lines[0].Total.Value)
		}
		if got := ask(t, s, e, `{"kind":"trend","range":{"last":"1h"},"trend":{"interval":"day","series":[{"event":"A"}]}}`).Trend; len(got.Buckets) != 1 || *got.Lines[0].Total.Value != 1 {
			t.Errorf("%s: since the start of today there are %v events in %d buckets", c.zone, *got.Lines[0].Total.Value, len(got.Buckets))
		}
	}
}

// TestHalfHourClocks: where clocks move by half an hour, no bucket of an hour
// lies on both sides of the change.
func TestHalfHourClocks(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]int{"2026-04-04T15:00:00Z": 25, "2026-10-03T15:30:00Z": 24} {
		at, err := time.Parse(time.RFC3339, change)
		if err != nil {
			t.Fatal(err)
		}
		e := env()
		e.Zone, e.Now = zone, core.FromTime(at)+core.Day
		day := at.In(zone).Format(time.DateOnly)
		s := load(t, []core.Event{event(1, core.FromTime(at), "A", "")})
		got := ask(t, s, e, `{"kind":"trend","range":{"from":%q,"to":%q},"trend":{"interval":"hour","series":[{"event":"A"}]}}`, day, at.In(zone).AddDate(0, 0, 1).Format(time.DateOnly)).Trend.Buckets
		begins := false
		for _, b := range got {
			begins = begins || b.Start == core.FromTime(at)
		}
		if !begins || len(got) != want {
			t.Errorf("%s: %d buckets, want %d, one of which begins at the change", change, len(got), want)
		}
	}
}
