package insight_test

import (
	"math/big"

	"github.com/ciclo/ciclo/internal/core"
)

// fx converts minor units into the workspace's currency at the rate of the local
// day of an instant, or of the newest day before, in rational numbers; half is
// rounded away from zero. ok is false without a rate.
func (r *reference) fx(minor int64, currency string, at core.Micros) (converted int64, ok bool) {
	home := r.spec.Settings.Currency
	if currency == home {
		return minor, true
	}
	y, m, d := core.ToTime(at).In(r.spec.Settings.Zone).Date()
	day := date(y, int(m), d)
	var rate int64
	best := int64(-1)
	for _, x := range r.rate {
		if x.Currency == currency && x.Day <= day && x.Day >= best {
			best, rate = x.Day, x.Rate
		}
	}
	if rate == 0 {
		return 0, false
	}
	x := new(big.Rat).Mul(big.NewRat(minor, 1), big.NewRat(rate, 1_000_000_000))
	for range core.Exponent(currency) {
		x.Quo(x, big.NewRat(10, 1))
	}
	for range core.Exponent(home) {
		x.Mul(x, big.NewRat(10, 1))
	}
	half := big.NewRat(1, 2)
	if x.Sign() < 0 {
		half.Neg(half)
	}
	x.Add(x, half)
	return new(big.Int).Quo(x.Num(), x.Denom()).Int64(), true
}
