package stats_test

import (
	"math"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.Abs(got-want) > tol {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

func TestKaplanMeier(t *testing.T) {
	t.Parallel()
	// Times 1, 2, 3+, 4, 5+ give S = .8 .6 .6 .3 .3.
	c := stats.KaplanMeier([]stats.Duration{{4, true}, {1, true}, {3, false}, {5, false}, {2, true}})
	if len(c) != 3 {
		t.Fatalf("curve %v", c)
	}
	near(t, "S(1)", c[0].Share, 0.8, 1e-12)
	near(t, "S(2)", c[1].Share, 0.6, 1e-12)
	near(t, "S(4)", c[2].Share, 0.3, 1e-12)
	if m, ok := stats.TimeTo(c, 0.5); !ok || m != 4 {
		t.Errorf("median %d %v, want 4", m, ok)
	}
	if _, ok := stats.TimeTo(c, 0.1); ok {
		t.Error("a quantile that is not reached was given")
	}
	if c := stats.KaplanMeier([]stats.Duration{{9, false}}); len(c) != 0 {
		t.Errorf("only open spells gave a curve: %v", c)
	}
}

func TestWilson(t *testing.T) {
	t.Parallel()
	// Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, 15 of 148,
	// 0 of 20, 1 of 29.
	f := func(k, n int64, lo, hi float64) {
		t.Helper()
		iv, ok := stats.Wilson(k, n)
		if !ok {
			t.Fatalf("no interval for %d of %d", k, n)
		}
		near(t, "low", iv.Low, lo, 5e-5)
		near(t, "high", iv.High, hi, 5e-5)
	}
	f(81, 263, 0.2553, 0.3662)
	f(15, 148, 0.0624, 0.1605)
	f(0, 20, 0, 0.1611)
	f(1, 29, 0.0061, 0.1718)
	if _, ok := stats.Wilson(0, 0); ok {
		t.Error("0 of 0 gave an interval")
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	v := []float64{7, 1, 3, 5}
	for p, want := range map[float64]float64{0: 1, 0.25: 2.5, 0.5: 4, 0.9: 6.4, 1: 7} {
		got, ok := stats.Quantile(v, p)
		if !ok {
			t.Fatal("no quantile")
		}
		near(t, "quantile", got, want, 1e-12)
	}
	if _, ok := stats.Quantile(nil, 0.5); ok {
		t.Error("empty gave a quantile")
	}
}

func TestRatioInterval(t *testing.T) {
	t.Parallel()
	// A constant ratio has no spread.
	iv, ok := stats.RatioInterval([]float64{2, 4, 6}, []float64{1, 2, 3})
	if !ok {
		t.Fatal("no interval")
	}
	near(t, "low", iv.Low, 2, 1e-12)
	near(t, "high", iv.High, 2, 1e-12)
	// With x = 1 it is the interval of a mean: mean 2, sd 1, n 3.
	iv, _ = stats.RatioInterval([]float64{1, 2, 3}, []float64{1, 1, 1})
	near(t, "half", (iv.High-iv.Low)/2, 1.959963984540054/math.Sqrt(3), 1e-9)
}
