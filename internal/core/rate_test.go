package core_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"4.9761": 4_976_100_000, "4,9761": 4_976_100_000, " 1 ": 1_000_000_000, "0.000000001": 1, "0.0061": 6_100_000,
		"1000000000": core.MaxRate, "1.5000000000000": 1_500_000_000, "007.5": 7_500_000_000,
		"": 0, ".": 0, "0": 0, "0.0": 0, "-1": 0, "+1": 0, "1e3": 0, "1.": 0, ".5": 0, "1.2.3": 0, "1,2,3": 0, "1.234,5": 0, "0.0000000001": 0, "1.2345678901": 0,
		"1000000000.000000001": 0, "99999999999999999999": 0, "x": 0, "1 000": 0, "٤": 0} {
		got, ok := core.ParseRate(text)
		if got != want && ok || ok != (want != 0) {
			t.Errorf("%q: got %d, %t, want %d", text, got, ok, want)
		}
	}
	for rate, want := range map[int64]string{4_976_100_000: "4.9761", 1: "0.000000001", core.RateUnit: "1", 10 * core.RateUnit: "10", core.MaxRate: "1000000000"} {
		if got := core.FormatRate(rate); got != want {
			t.Errorf("%d: got %s, want %s", rate, got, want)
		}
		if back, ok := core.ParseRate(want); !ok || back != rate {
			t.Errorf("%s: read as %d", want, back)
		}
	}
}

func rates(base string, list ...core.DayRate) *core.Rates { return core.NewRates(base, list) }

func TestConvert(t *testing.T) {
	t.Parallel()
	const day = core.Micros(core.Day)
	eur := rates("EUR", core.DayRate{"RON", 30 * day, 200_000_000}, core.DayRate{"RON", 10 * day, 201_000_000}, core.DayRate{"RON", 20 * day, 199_000_000},
		core.DayRate{"JPY", 0, 6_100_000}, core.DayRate{"KWD", 0, 3_000_000_000}, core.DayRate{"USD", 0, 500_000_000}, core.DayRate{"BIG", 0, core.MaxRate},
		core.DayRate{"TWO", 5, 1_000_000_000}, core.DayRate{"TWO", 5, 2_000_000_000})
	jpy := rates("JPY", core.DayRate{"EUR", 0, 163_500_000_000}, core.DayRate{"KWD", 0, 500_123_456_789})
	kwd := rates("KWD", core.DayRate{"EUR", 0, 333_333_333}, core.DayRate{"JPY", 0, 2_000_000})
	for _, c := range []struct {
		r        *core.Rates
		minor    int64
		from, to string
		at       core.Micros
		want     int64
		ok       bool
	}{
		{eur, 1000, "EUR", "EUR", 0, 1000, true},
		{nil, 1000, "EUR", "EUR", 0, 1000, true},
		{nil, 1000, "RON", "EUR", 0, 0, false},
		{eur, 1000, "RON", "USD", 40 * day, 0, false},
		{eur, 1000, "EUR", "USD", 40 * day, 0, false},
		{eur, 1000, "RON", "EUR", 10*day - 1, 0, false}, // before the first
		{eur, 1000, "RON", "EUR", 10 * day, 201, true},
		{eur, 1000, "RON", "EUR", 20*day - 1, 201, true},
		{eur, 1000, "RON", "EUR", 20 * day, 199, true},
		{eur, 1000, "RON", "EUR", 25 * day, 199, true},
		{eur, 1000, "RON", "EUR", 900 * day, 200, true},
		{eur, 1000, "XXX", "EUR", 900 * day, 0, false},
		{eur, 100_000, "JPY", "EUR", 0, 61_000, true}, // 100,000 yen are 610.00
		{eur, 1234, "KWD", "EUR", 0, 370, true},       // 1.234 dinar are 3.702
		{eur, 1235, "KWD", "EUR", 0, 371, true},       // 3.705 is rounded away from zero
		{eur, -1235, "KWD", "EUR", 0, -371, true},
		{eur, 1, "USD", "EUR", 0, 1, true}, // half a cent
		{eur, -1, "USD", "EUR", 0, -1, true},
		{eur, 3, "USD", "EUR", 0, 2, true},
		{eur, 5, "USD", "EUR", 0, 3, true}, // not to even
		{jpy, 1000, "EUR", "JPY", 0, 1635, true},
		{jpy, 1001, "EUR", "JPY", 0, 1637, true}, // 1636.635
		{jpy, 1000, "KWD", "JPY", 0, 500, true},
		{kwd, 1000, "EUR", "KWD", 0, 3333, true},
		{kwd, 500, "JPY", "KWD", 0, 1000, true},
		{eur, math.MaxInt64, "USD", "EUR", 0, math.MaxInt64/2 + 1, true},
		{eur, math.MinInt64, "USD", "EUR", 0, math.MinInt64 / 2, true},
		{eur, math.MaxInt64, "BIG", "EUR", 0, 0, false},
		{eur, 9_223_372_037, "BIG", "EUR", 0, 0, false},
		{eur, 9_223_372_036, "BIG", "EUR", 0, 9_223_372_036_000_000_000, true},
		{eur, 7, "TWO", "EUR", 5, 14, true},
	} {
		got, ok := c.r.Convert(c.minor, c.from, c.to, c.at)
		if got != c.want || ok != c.ok {
			t.Errorf("%d %s in %s at %d: got %d, %t, want %d, %t", c.minor, c.from, c.to, c.at, got, ok, c.want, c.ok)
		}
	}
	if got, ok := eur.ConvertMillionths(12_500_000, "JPY", "EUR", 0); !ok || got != 76_250 {
		t.Errorf("12.5 yen: got %d millionths, %t", got, ok)
	}
	if _, ok := eur.ConvertMillionths(1, "XXX", "EUR", 0); ok {
		t.Error("a currency without a rate was converted")
	}
}

// TestConvertExactly compares with rational numbers.
func TestConvertExactly(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	codes := []string{"EUR", "RON", "JPY", "KWD", "CLF"}
	ten := func(n int) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	}
	for range 20_000 {
		from, to := codes[rnd.IntN(len(codes))], codes[rnd.IntN(len(codes))]
		if from == to {
			continue
		}
		minor, rate := rnd.Int64()>>rnd.IntN(63), 1+rnd.Int64N(core.MaxRate)>>rnd.IntN(59)
		if rnd.IntN(2) == 0 {
			minor = -minor
		}
		x := new(big.Rat).SetFrac(big.NewInt(minor), big.NewInt(1))
		x.Mul(x, big.NewRat(rate, core.RateUnit)).Quo(x, ten(core.Exponent(from))).Mul(x, ten(core.Exponent(to)))
		whole := new(big.Int)
		half := big.NewRat(1, 2)
		if x.Sign() < 0 {
			half.Neg(half)
		}
		x.Add(x, half)
		whole.Quo(x.Num(), x.Denom())
		got, ok := rates(to, core.DayRate{Currency: from, Rate: rate}).Convert(minor, from, to, 1)
		if fits := whole.IsInt64() && whole.Int64() != math.MinInt64; ok != fits || ok && got != whole.Int64() {
			t.Fatalf("%d %s at %d in %s: got %d, %t, want %s", minor, from, rate, to, got, ok, whole)
		}
	}
}
