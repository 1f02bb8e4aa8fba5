package query_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// TestManyNumbersAreSorted looks at percentiles of more numbers than are sorted by
// comparing, near to each other and far apart.
func TestManyNumbersAreSorted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 1))
	for _, width := range []int64{1, 3000, 4_000_000_000_000} {
		var events []core.Event
		var all []float64
		for c := core.CustomerID(1); c <= 5000; c++ {
			n := r.Int64N(2*width) - width
			all = append(all, float64(n))
			events = append(events, event(c, day(1), "A", fmt.Sprintf(`{"n":%d}`, n)))
		}
		got := ask(t, load(t, events), env(), `{"kind":"composition","range":{"from":"2020-01-01","to":"2020-01-02"},"composition":{"event":"A","numbers":{"property":"n","percentiles":[0,1,10,50,77,99,100]}}}`).Composition.Numbers
		for _, p := range got.Percentiles {
			if want, _ := stats.Quantile(all, p.Percent/100); p.Value < want-1e-3 || p.Value > want+1e-3 {
				t.Errorf("width %d: %g %% is %f, want %f", width, p.Percent, p.Value, want)
			}
		}
		var n int64
		for _, b := range got.Bins {
			n += b.Count
		}
		if n != 5000 {
			t.Errorf("width %d: bins hold %d", width, n)
		}
	}
}
