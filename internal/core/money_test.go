package core_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		text     string
		currency string
		want     int64
	}{
		{"12.50", "EUR", 1250}, {"12.5", "EUR", 1250}, {"12", "EUR", 1200}, {"12.", "EUR", 1200}, {".5", "EUR", 50}, {"0", "EUR", 0}, {"00012.50", "EUR", 1250},
		{"500", "JPY", 500}, {"500.4", "JPY", 500}, {"500.5", "JPY", 501}, {"-500.5", "JPY", -501}, {"499.5", "JPY", 500},
		{"1.234", "KWD", 1234}, {"1.2345", "KWD", 1235}, {"-1.2345", "KWD", -1235}, {"1.2344999", "KWD", 1234}, {"7", "KWD", 7000},
		// Half away from zero, on both sides, in short and long numbers.
		{"0.005", "EUR", 1}, {"-0.005", "EUR", -1}, {"0.0049999", "EUR", 0}, {"0.015", "EUR", 2}, {"0.025", "EUR", 3}, {"1.005", "EUR", 101}, {"2.675", "EUR", 268},
		{"0.00499999999999999999999999999", "EUR", 0}, {"0.00500000000000000000000000000", "EUR", 1}, {"-0.00500000000000000000000000001", "EUR", -1},
		{"1e3", "EUR", 100000}, {"1E3", "EUR", 100000}, {"1.5e-1", "EUR", 15}, {"-2.5e+2", "JPY", -250}, {"5e-3", "EUR", 1}, {"4e-3", "EUR", 0}, {"1e-17", "EUR", 0},
		{"-0", "EUR", 0}, {"-0.00", "EUR", 0}, {"+3.10", "EUR", 310}, {" 12.50\t", "EUR", 1250}, {"\u00a012", "EUR", 1200},
		{"92233720368547758.07", "EUR", math.MaxInt64}, {"-92233720368547758.08", "EUR", math.MinInt64}, {"9223372036854775807", "JPY", math.MaxInt64},
		{"92233720368547758.0749", "EUR", math.MaxInt64}, {"9999999999999999.99", "EUR", 999999999999999999},
		{"922337203685477.5807", "CLF", math.MaxInt64}, {"0.1", "CLF", 1000}, {"33.00", "XXX", 3300},
	} {
		got, ok := core.ParseMoney(x.text, core.Exponent(x.currency))
		if !ok || got != x.want {
			t.Errorf("%q %s: %d, %v, want %d", x.text, x.currency, got, ok, x.want)
		}
	}
}

func TestParseMoneyRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "$25", "25$", "25 EUR", "€5", "1,50", "1.234,50", "1,000", "1 000", "1_000", "1'000", "1.2.3", "--1", "+-1", "-", "+", ".", "-.", "e5", "1e", "1e+", "1e5.5",
		"NaN", "nan", "Inf", "-Infinity", "infinity", "0x10", "0b1", "0o7", "1p2", "1/2", "１２", "٣", "twelve", "true", "null", "{}", "\u200b1", "1\x00", "12\u00ad",
		"92233720368547758.08", "-92233720368547758.09", "92233720368547758.075", "1e30", "-1e30", "1e400", "1e999999999", "1e-300", "9" + strings.Repeat("0", 100), strings.Repeat("1", 65) + "e-60",
	} {
		if got, ok := core.ParseMoney(text, 2); ok {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
	// With many decimals the bound comes earlier, and never wraps.
	for text, want := range map[string]int64{"9223372036854.775807": math.MaxInt64, "999999999999": 999999999999000000, "9999999999999": 0, "999999999999999": 0} {
		if got, ok := core.ParseMoney(text, 6); ok != (want != 0) || ok && got != want {
			t.Errorf("%s with six decimals: %d, %v", text, got, ok)
		}
	}
}

// TestParseMoneyAgainstRationals compares random numbers with exact arithmetic.
func TestParseMoneyAgainstRationals(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := ""
		if rnd.IntN(3) == 0 {
			text = "-"
		}
		text += strconv.FormatInt(rnd.Int64N(int64(math.Pow10(1+rnd.IntN(17)))), 10)
		if n := rnd.IntN(9); n > 0 {
			text += "."
			for range n {
				text += strconv.Itoa([]int{0, 4, 5, 9, rnd.IntN(10)}[rnd.IntN(5)])
			}
		}
		exponent := []int{0, 2, 3, 4, 6}[rnd.IntN(5)]
		r, _ := new(big.Rat).SetString(text)
		want := r.Mul(r, new(big.Rat).SetInt64(int64(math.Pow10(exponent)))).FloatString(0) // rounds half away from zero
		got, ok := core.ParseMoney(text, exponent)
		n, err := strconv.ParseInt(want, 10, 64)
		if ok != (err == nil) || ok && got != n {
			t.Fatalf("%s with %d decimals: %d, %v, want %s", text, exponent, got, ok, want)
		}
	}
}

func TestFormatMinor(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		minor    int64
		exponent int
		want     string
	}{{1250, 2, "12.50"}, {-5, 2, "-0.05"}, {0, 2, "0.00"}, {7, 0, "7"}, {-7, 0, "-7"}, {1234, 3, "1.234"}, {math.MinInt64, 2, "-92233720368547758.08"}, {math.MaxInt64, 0, "9223372036854775807"}} {
		got := core.FormatMinor(x.minor, x.exponent)
		if back, ok := core.ParseMoney(got, x.exponent); got != x.want || !ok || back != x.minor {
			t.Errorf("%d with %d decimals: %s, read back %d", x.minor, x.exponent, got, back)
		}
	}
}

func TestExponents(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]int{"EUR": 2, "RON": 2, "USD": 2, "JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4, "": 2, "ZZZ": 2} {
		if got := core.Exponent(currency); got != want {
			t.Errorf("%s: %d decimals, want %d", currency, got, want)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"12.50", "-0.005", "1e3", "9223372036854775807", "92233720368547758.075", "$25", "0x1", "1e-999", ".", "5."} {
		f.Add(s, uint8(2))
		f.Add(s, uint8(6))
	}
	f.Fuzz(func(t *testing.T, text string, exponent uint8) {
		e := int(exponent % 7)
		got, ok := core.ParseMoney(text, e)
		if !ok {
			return
		}
		if again, ok := core.ParseMoney(core.FormatMinor(got, e), e); !ok || again != got {
			t.Fatalf("%q: %d, written and read again %d", text, got, again)
		}
		if r, fine := new(big.Rat).SetString(strings.TrimSpace(text)); !fine || r.Sign()*sign(got) < 0 {
			t.Fatalf("%q is taken for %d", text, got)
		}
	})
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
