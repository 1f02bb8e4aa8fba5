package fold_test

import (
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// TestWindowsAtTheEpoch: a window that begins or ends at the instant 0 is not an
// open one.
func TestWindowsAtTheEpoch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{ // of events before and since 1970
		`{"did":{"event":"A","window":{"to":"1970-01-01T00:00:00Z"}}}`:                                                              {true, false},
		`{"did":{"event":"A","window":{"from":"1970-01-01T00:00:00Z"}}}`:                                                            {false, true},
		`{"did":{"event":"A","measure":"distinct_days","window":{"to":"1970-01-01T00:00:00Z"}}}`:                                    {true, false},
		`{"sequence":{"steps":[{"event":"A"},{"event":"A"}],"window":{"from":"1970-01-01T00:00:00Z"}}}`:                             {false, true},
		`{"sequence":{"steps":[{"event":"A"},{"event":"A"}],"window":{"to":"1970-01-01T00:00:00Z"}}}`:                               {true, false},
		`{"sequence":{"steps":[{"event":"A"},{"event":"A"}],"window":{"from":"1969-01-01T00:00:00Z"}}}`:                             {true, true},
		`{"did":{"event":"A","measure":"last_time","op":"weekday","value":[1,2,3,4,5,6,7],"window":{"to":"1970-01-01T00:00:00Z"}}}`: {true, false},
	} {
		n, err := expr.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for i, start := range []core.Micros{-core.Day, 0} {
			b := fold.NewBuilder(time.UTC)
			c, err := b.Add(n)
			if err != nil {
				t.Fatal(err)
			}
			p, err := b.Build()
			if err != nil {
				t.Fatal(err)
			}
			s := p.New()
			for k := range core.Micros(2) {
				p.Apply(s, &fold.Input{Time: start + k, Kind: core.KindTrack, Name: "A", Props: fold.JSON(nil)})
			}
			if got := p.Eval(s, c, core.Day); got != want[i] {
				t.Errorf("%s with events from %d on: %v", text, start, got)
			}
		}
	}
}
