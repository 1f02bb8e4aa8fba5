package connect

import (
	"math/big"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// decimal writes a number of a cell in plain form ("1234.5", "-3"): thousands
// separators are taken out, a decimal comma becomes a point. ok is false for
// anything else: "$25" is not a number.
func decimal(cell string, comma bool) (string, bool) {
	s := strings.TrimSpace(cell)
	if plain(s) && !(comma && strings.Contains(s, ".")) {
		return s, true
	}
	point, group := byte('.'), byte(',')
	if comma {
		point, group = ',', '.'
	}
	s = strings.ReplaceAll(s, "\u2212", "-") // minus sign
	neg := false
	if len(s) > 2 && s[0] == '(' && s[len(s)-1] == ')' { // accountants' negative
		neg, s = true, s[1:len(s)-1]
	}
	s = strings.NewReplacer("\u00a0", "", "\u202f", "", " ", "", "'", "", "\u2019", "").Replace(s)
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg, s = neg != (s[0] == '-'), s[1:]
	}
	whole, frac, hasFrac := strings.Cut(s, string(point))
	if strings.IndexByte(whole, group) >= 0 {
		for i, part := range strings.Split(whole, string(group)) {
			if i > 0 && len(part) != 3 || i == 0 && (part == "" || len(part) > 3) {
				return "", false
			}
		}
		whole = strings.ReplaceAll(whole, string(group), "")
	}
	if whole == "" {
		whole = "0"
	}
	if len(s) == 0 || hasFrac && frac == "" && whole == "0" || !digitsOnly(whole) || !digitsOnly(frac) || len(whole)+len(frac) > 30 {
		return "", false
	}
	if frac != "" {
		whole += "." + frac
	}
	if neg {
		whole = "-" + whole
	}
	return trimZeros(whole), true
}

// plain says whether s is a short number in JSON's form, which most cells are.
func plain(s string) bool {
	i := 0
	if len(s) > 0 && s[0] == '-' {
		i = 1
	}
	start, dot := i, -1
	for ; i < len(s); i++ {
		switch {
		case s[i] == '.' && dot < 0 && i > start && i < len(s)-1:
			dot = i
		case s[i] < '0' || s[i] > '9':
			return false
		}
	}
	if len(s) == start || len(s) > 30 {
		return false
	}
	leading := s[start] == '0' && len(s) > start+1 && dot != start+1
	return !leading // "007" is no JSON number
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// trimZeros brings a plain number into JSON's form: no leading zeros.
func trimZeros(s string) string {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for len(s) > 1 && s[0] == '0' && s[1] != '.' {
		s = s[1:]
	}
	if neg && strings.Trim(s, "0.") != "" {
		return "-" + s
	}
	return s
}

// amount multiplies two plain numbers and rounds to minor units, half away
// from zero. ok is false beyond int64.
func amount(price, quantity string, exponent int) (int64, bool) {
	if quantity == "1" {
		return core.ParseMoney(price, exponent)
	}
	p, pd, ok1 := fixed(price)
	q, qd, ok2 := fixed(quantity)
	if ok1 && ok2 {
		if m := p * q; p == 0 || m/p == q {
			if v, ok := rescale(m, pd+qd, exponent); ok {
				return v, true
			}
		}
	}
	x, okx := new(big.Rat).SetString(price)
	y, oky := new(big.Rat).SetString(quantity)
	if !okx || !oky {
		return 0, false
	}
	// FloatString rounds half away from zero.
	return core.ParseMoney(x.Mul(x, y).FloatString(exponent), exponent)
}

// fixed reads up to 15 digits as mantissa and number of decimals.
func fixed(s string) (m int64, decimals int, ok bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if len(s) > 15 || s == "" {
		return 0, 0, false
	}
	dot := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && dot < 0:
			dot = i
		case c < '0' || c > '9':
			return 0, 0, false
		default:
			m = m*10 + int64(c-'0')
		}
	}
	if dot >= 0 {
		decimals = len(s) - 1 - dot
	}
	if neg {
		m = -m
	}
	return m, decimals, true
}

// rescale turns m with so many decimals into exponent decimals.
func rescale(m int64, decimals, exponent int) (int64, bool) {
	for ; decimals < exponent; decimals++ {
		if m > 1<<59 || m < -(1<<59) {
			return 0, false
		}
		m *= 10
	}
	if decimals == exponent {
		return m, true
	}
	div := int64(1)
	for ; decimals > exponent; decimals-- {
		if div > 1<<58 {
			return 0, false
		}
		div *= 10
	}
	half := div / 2
	if m < 0 {
		return (m - half) / div, true
	}
	return (m + half) / div, true
}

// identifier tidies an id: spreadsheets write the number 17850 as "17850.0".
func identifier(cell string) string {
	s := strings.TrimSpace(cell)
	whole, frac, ok := strings.Cut(s, ".")
	if ok && whole != "" && frac != "" && digitsOnly(whole) && strings.Trim(frac, "0") == "" {
		return whole
	}
	return s
}

// truth reads what people write for yes and no.
func truth(cell string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "true", "yes", "y", "1", "t":
		return true, true
	case "false", "no", "n", "0", "f":
		return false, true
	}
	return false, false
}
