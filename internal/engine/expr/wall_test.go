package expr_test

import (
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// TestWall: a local time that clocks skip moves forward by the gap, east and west
// of Greenwich; of one that they show twice the first counts.
func TestWall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, wall, want string }{
		{"Europe/Rome", "2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00"},
		{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T03:30:00-04:00"},
		{"America/New_York", "2026-03-08T01:59:59", "2026-03-08T01:59:59-05:00"},
		{"America/New_York", "2026-11-01T01:30:00", "2026-11-01T01:30:00-04:00"},
		{"Europe/Rome", "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"},
		{"America/Santiago", "2026-09-06T00:00:00", "2026-09-06T01:00:00-03:00"},
		{"America/Santiago", "2026-09-06T00:30:00", "2026-09-06T01:30:00-03:00"},
		{"Africa/Cairo", "2026-04-24T00:00:00", "2026-04-24T01:00:00+03:00"},
		{"Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-04T02:40:00+11:00"},
		{"Pacific/Apia", "2011-12-30T12:00:00", "2011-12-31T12:00:00+14:00"},
		{"UTC", "1900-01-01T00:00:00", "1900-01-01T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse("2006-01-02T15:04:05", c.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := core.ToTime(expr.Calendar{Zone: zone}.Wall(wall)).In(zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.wall, c.zone, got, c.want)
		}
	}
}

// TestWallOfTexts: texts without an offset are read by the same rule.
func TestWallOfTexts(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	m, err := expr.CompileIn(expr.Match{Name: "due", Op: expr.Before, Value: []byte(`"2026-03-08T03:00:00"`)}, expr.Calendar{Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	if m.Test(core.Value{Kind: core.ValueText, Text: "2026-03-08T02:30:00"}, true, 0) {
		t.Error("half past two does not exist: it is half past three, and not before three")
	}
}
