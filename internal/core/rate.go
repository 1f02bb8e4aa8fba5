package core

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// RateUnit is the part of an exchange rate that is counted: rates are kept as
// whole billionths.
const RateUnit = 1_000_000_000

// MaxRate is the largest exchange rate, in billionths.
const MaxRate = 1_000_000_000 * RateUnit

// ParseRate reads a decimal such as "4.9761" or "4,9761" into billionths. ok is
// false for anything else, for more than nine decimals, and for rates that are
// not above 0 or beyond MaxRate.
func ParseRate(text string) (rate int64, ok bool) {
	s := strings.Replace(strings.TrimSpace(text), ",", ".", 1)
	whole, decimals, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 10 || point && decimals == "" || len(strings.TrimRight(decimals, "0")) > 9 {
		return 0, false
	}
	for _, c := range []byte(whole + decimals) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	rate, ok = parsePlain(whole, 0)
	if !ok || rate > MaxRate/RateUnit {
		return 0, false
	}
	rest, _ := parsePlain((decimals + "000000000")[:9], 0)
	rate = rate*RateUnit + rest
	return rate, rate > 0 && rate <= MaxRate
}

// FormatRate writes a rate as a plain decimal, without zeros at the end.
func FormatRate(rate int64) string {
	return strings.TrimSuffix(strings.TrimRight(FormatMinor(rate, 9), "0"), ".")
}

// DayRate is what one unit of Currency is worth from an instant on, which is the
// local midnight that its day begins with.
type DayRate struct {
	Currency string
	From     Micros
	Rate     int64 // billionths of the base currency
}

// Rates are exchange rates towards one base currency. They never change, so many
// goroutines may use them; nil has none.
type Rates struct {
	base string
	by   map[string][]DayRate // rising
}

// NewRates makes rates of a list in any order; of two of one instant the later
// in the list counts. The list is the caller's no more.
func NewRates(base string, list []DayRate) *Rates {
	slices.SortStableFunc(list, func(a, b DayRate) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.From, b.From))
	})
	r := &Rates{base: base, by: map[string][]DayRate{}}
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && list[j].Currency == list[i].Currency {
			j++
		}
		r.by[list[i].Currency] = list[i:j:j]
		i = j
	}
	return r
}

// At gives the rate of a currency at an instant: the newest of its day or of one
// before. Before the first there is none.
func (r *Rates) At(currency string, at Micros) (rate int64, ok bool) {
	if r == nil {
		return 0, false
	}
	list := r.by[currency]
	n, same := slices.BinarySearchFunc(list, at, func(d DayRate, at Micros) int { return cmp.Compare(d.From, at) })
	if same {
		for n+1 < len(list) && list[n+1].From == at {
			n++
		}
		return list[n].Rate, true
	}
	if n == 0 {
		return 0, false
	}
	return list[n-1].Rate, true
}

// Convert turns minor units of a currency into those of the base currency to, at
// the rate of an instant, rounding half away from zero as ParseMoney does. ok is
// false without a rate, towards another currency than the base, and beyond int64.
func (r *Rates) Convert(minor int64, from, to string, at Micros) (converted int64, ok bool) {
	if from == to {
		return minor, true
	}
	rate, ok := r.towards(from, to, at)
	if !ok {
		return 0, false
	}
	return scale(minor, rate, powerOfTen(9+Exponent(from)-Exponent(to)))
}

// ConvertMillionths is Convert for whole units that are counted in millionths,
// whatever the decimals of the currencies.
func (r *Rates) ConvertMillionths(n int64, from, to string, at Micros) (converted int64, ok bool) {
	if from == to {
		return n, true
	}
	rate, ok := r.towards(from, to, at)
	if !ok {
		return 0, false
	}
	return scale(n, rate, RateUnit)
}

func (r *Rates) towards(from, to string, at Micros) (rate int64, ok bool) {
	if r == nil || to != r.base {
		return 0, false
	}
	return r.At(from, at)
}

// scale is n * rate / unit, half away from zero; ok is false beyond int64.
func scale(n, rate int64, unit uint64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(n), uint64(rate))
	if hi >= unit {
		return 0, false
	}
	q, rest := bits.Div64(hi, lo, unit)
	if rest >= unit-rest {
		q++
	}
	if q > math.MaxInt64 {
		return 0, false
	}
	if n < 0 {
		return -int64(q), true
	}
	return int64(q), true
}

func powerOfTen(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
