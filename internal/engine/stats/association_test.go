package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

func approx(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by {
		t.Errorf("%s: got %.10g, want %.10g", what, got, want)
	}
}

func TestOddsRatio(t *testing.T) {
	t.Parallel()
	// By hand: 20·40/(10·30); ln 2.6667 ± 1.96·sqrt(1/20+1/10+1/30+1/40).
	r, iv := stats.Table{A: 20, B: 10, C: 30, D: 40}.OddsRatio()
	se := math.Sqrt(1./20 + 1./10 + 1./30 + 1./40)
	approx(t, "ratio", r, 8./3, 1e-12)
	approx(t, "low", iv.Low, 8./3*math.Exp(-1.959963984540054*se), 1e-12)
	approx(t, "high", iv.High, 8./3*math.Exp(1.959963984540054*se), 1e-12)
	r, _ = stats.Table{A: 3, B: 0, C: 1, D: 4}.OddsRatio()
	approx(t, "with a zero", r, 3.5*4.5/(0.5*1.5), 1e-12)
}

func TestTableP(t *testing.T) {
	t.Parallel()
	// The lady tasting tea: 3 of 4 right, two-sided 34/70.
	approx(t, "tea", stats.Table{A: 3, B: 1, C: 1, D: 3}.P(), 34./70, 1e-9)
	// Chi-squared by hand: 100·(20·40-10·30)²/(30·70·50·50) = 4.7619.
	approx(t, "chi-squared", stats.Table{A: 20, B: 10, C: 30, D: 40}.P(), math.Erfc(math.Sqrt(4.761904761904762/2)), 1e-12)
	approx(t, "empty margin", stats.Table{A: 5, B: 5}.P(), 1, 0)
	if p := (stats.Table{A: 600_000, B: 400_000, C: 400_000, D: 600_000}).P(); p != 0 && p > 1e-300 {
		t.Errorf("large counts: got %g", p)
	}
	// Fisher against all tables written out.
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		x := stats.Table{A: r.Int64N(4), B: r.Int64N(8), C: r.Int64N(8), D: r.Int64N(8)}
		n, row, col := x.A+x.B+x.C+x.D, x.A+x.B, x.A+x.C
		if row == 0 || row == n || col == 0 || col == n || float64(min(row, n-row)*min(col, n-col))/float64(n) >= 5 {
			continue
		}
		weight := func(a int64) float64 { return binomial(row, a) * binomial(n-row, col-a) }
		var sum float64
		for a := range min(row, col) + 1 {
			if w := weight(a); w <= weight(x.A) {
				sum += w
			}
		}
		approx(t, "fisher", x.P(), sum/binomial(n, col), 1e-6)
	}
}

func binomial(n, k int64) float64 {
	if k < 0 || k > n {
		return 0
	}
	out := 1.0
	for i := range k {
		out = math.Round(out * float64(n-i) / float64(i+1))
	}
	return out
}

func TestFalseDiscovery(t *testing.T) {
	t.Parallel()
	// By hand, of 4: 0.01·4/1, 0.02·4/2, 0.03·4/3, 0.5·4/4.
	got := stats.FalseDiscovery([]float64{0.5, 0.02, 0.01, 0.03})
	for i, want := range []float64{0.5, 0.04, 0.04, 0.04} {
		approx(t, "q", got[i], want, 1e-12)
	}
	if len(stats.FalseDiscovery(nil)) != 0 {
		t.Error("nothing gave something")
	}
}
