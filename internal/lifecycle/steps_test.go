package lifecycle_test

import (
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// TestStepsOverSkippedMidnights: a day without a midnight moves only its own
// step, and not those of all days that follow.
func TestStepsOverSkippedMidnights(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]string{"America/Santiago": "2026-09-05", "Africa/Cairo": "2026-04-23"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.ParseInLocation(time.DateOnly, from, zone)
		if err != nil {
			t.Fatal(err)
		}
		for i, hour := range []int{0, 1, 0, 0} {
			steps := lifecycle.Steps(core.FromTime(day), core.FromTime(day)+20*core.Day, "day", zone, time.Monday)
			if got := core.ToTime(steps[i]).In(zone); got.Day() != day.Day()+i || got.Hour() != hour {
				t.Errorf("%s: step %d begins at %s", name, i, got)
			}
		}
	}
}
