package core

import (
	"math/big"
	"strings"
)

// Money is an amount in minor units of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Exponent gives the number of decimals of an ISO 4217 currency; 2 when the
// code is not one of the exceptions.
func Exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// ParseMoney reads a decimal number ("12.50", "-3", "1e2") into minor units
// with exponent decimals, rounding half away from zero. ok is false for
// anything else ("$25", "", "1,000", "0x1") and for amounts beyond int64.
func ParseMoney(text string, exponent int) (minor int64, ok bool) {
	s := strings.TrimSpace(text)
	if !isDecimal(s) {
		return 0, false
	}
	if minor, ok := parsePlain(s, exponent); ok {
		return minor, true
	}
	if len(s) > 64 {
		return 0, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 4 {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	return rounded(r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil))))
}

// rounded gives r as a whole number, half away from zero; ok is false beyond
// int64.
func rounded(r *big.Rat) (n int64, ok bool) {
	num, den := new(big.Int).Abs(r.Num()), r.Denom()
	num.Mul(num, big.NewInt(2)).Add(num, den)
	q := num.Quo(num, new(big.Int).Mul(den, big.NewInt(2)))
	if r.Sign() < 0 {
		q.Neg(q)
	}
	return q.Int64(), q.IsInt64()
}

// isDecimal says whether s is a sign, digits with at most one point, and an
// exponent, each but the digits optional.
func isDecimal(s string) bool {
	i, digits := 0, 0
	sign := func() {
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			i++
		}
	}
	run := func() (n int) {
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			n++
		}
		return n
	}
	sign()
	digits = run()
	if i < len(s) && s[i] == '.' {
		i++
		digits += run()
	}
	if digits == 0 {
		return false
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		sign()
		if run() == 0 {
			return false
		}
	}
	return i == len(s)
}

// parsePlain is the fast path for decimals without an exponent part whose minor
// units have at most 18 digits.
func parsePlain(s string, exponent int) (int64, bool) {
	neg := false
	i := 0
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg, i = s[0] == '-', 1
	}
	var n int64
	room := 18 - exponent // digits before the point
	decimals, seenDot, round := 0, false, false
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			seenDot = true
			continue
		case c < '0' || c > '9':
			return 0, false
		case !seenDot:
			if room--; room < 0 {
				return 0, false
			}
		default:
			decimals++
			if decimals == exponent+1 {
				round = c >= '5'
			}
			if decimals > exponent {
				continue
			}
		}
		n = n*10 + int64(c-'0')
	}
	for d := min(decimals, exponent); d < exponent; d++ {
		n *= 10
	}
	if round {
		n++
	}
	if neg {
		n = -n
	}
	return n, true
}

// FormatMinor writes minor units as a plain decimal number.
func FormatMinor(minor int64, exponent int) string {
	if exponent == 0 {
		return big.NewInt(minor).String()
	}
	neg := minor < 0
	s := new(big.Int).Abs(big.NewInt(minor)).String()
	for len(s) <= exponent {
		s = "0" + s
	}
	s = s[:len(s)-exponent] + "." + s[len(s)-exponent:]
	if neg {
		s = "-" + s
	}
	return s
}
