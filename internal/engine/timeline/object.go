package timeline

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// valueType is the type of a JSON value, as far as columns care.
type valueType uint8

const (
	typeOther valueType = iota // list, object, or text with escapes
	typeText
	typeNumber
	typeBool
	typeNull
)

// members calls fn for each member of the JSON object b with the raw key
// (between its quotes) and the raw value. It gives false when b is not an
// object that it can take apart: then b must be kept as it is.
func members(b []byte, fn func(key, raw []byte) bool) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return skipSpace(b, i+1) == len(b)
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return false
		}
		n := bytes.IndexByte(b[i+1:], '"')
		if n < 0 {
			return false
		}
		key := b[i+1 : i+1+n]
		if bytes.IndexByte(key, '\\') >= 0 {
			return false
		}
		i = skipSpace(b, i+n+2)
		if i >= len(b) || b[i] != ':' {
			return false
		}
		i = skipSpace(b, i+1)
		end := skipValue(b, i)
		if end <= i || !fn(key, b[i:end]) {
			return false
		}
		i = skipSpace(b, end)
		if i >= len(b) {
			return false
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return skipSpace(b, i+1) == len(b)
		default:
			return false
		}
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue gives the end of the value that starts at i, or i when there is
// none.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case '"':
		return skipText(b, i)
	case '{', '[':
		depth := 0
		for j := i; j < len(b); j++ {
			switch b[j] {
			case '"':
				end := skipText(b, j)
				if end == j {
					return i
				}
				j = end - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return j + 1
				}
			}
		}
		return i
	}
	j := i
	for j < len(b) && b[j] != ',' && b[j] != '}' && b[j] != ']' && b[j] > ' ' {
		j++
	}
	return j
}

// skipText gives the end of the text that starts at i, or i when it has none.
func skipText(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return i
}

// typeOf tells which column could hold a raw value exactly. f is set for
// numbers.
func typeOf(raw []byte) (t valueType, f float64) {
	switch raw[0] {
	case '"':
		if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && plainText(inner) {
			return typeText, 0
		}
	case 't', 'f':
		if s := text(raw); s == "true" || s == "false" {
			return typeBool, 0
		}
	case 'n':
		return typeNull, 0
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if f, ok := exactNumber(raw); ok {
			return typeNumber, f
		}
	}
	return typeOther, 0
}

// plainText says whether s stands for itself inside JSON quotes.
func plainText(s []byte) bool {
	ascii := true
	for _, c := range s {
		if c < ' ' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(s)
}

// exactNumber reads a JSON number whose decimal value a float64's shortest
// text gives back. Others, such as long identifiers, do not fit a column.
func exactNumber(raw []byte) (float64, bool) {
	whole, digits, ok := numberShape(raw)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(text(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	switch {
	case f == 0:
		return f, digits == 0
	case digits <= 15:
		// Any decimal of up to 15 digits survives a float64, in its normal range.
		return f, math.Abs(f) > 1e-300 && math.Abs(f) < 1e300
	case whole:
		// At 2^53 itself the next odd number would round to it.
		return f, math.Abs(f) < 1<<53
	}
	return 0, false
}

// numberShape checks JSON's number grammar and counts significant digits, from
// the first that is not zero. whole: neither fraction nor exponent.
func numberShape(raw []byte) (whole bool, digits int, ok bool) {
	i := 0
	if i < len(raw) && raw[i] == '-' {
		i++
	}
	start := i
	count := func() int {
		from := i
		for i < len(raw) && raw[i] >= '0' && raw[i] <= '9' {
			if digits > 0 || raw[i] != '0' {
				digits++
			}
			i++
		}
		return i - from
	}
	n := count()
	if n == 0 || n > 1 && raw[start] == '0' {
		return false, 0, false
	}
	whole = true
	if i < len(raw) && raw[i] == '.' {
		i, whole = i+1, false
		if count() == 0 {
			return false, 0, false
		}
	}
	if i < len(raw) && (raw[i] == 'e' || raw[i] == 'E') {
		i, whole = i+1, false
		if i < len(raw) && (raw[i] == '+' || raw[i] == '-') {
			i++
		}
		from := i
		for i < len(raw) && raw[i] >= '0' && raw[i] <= '9' {
			i++
		}
		if i == from {
			return false, 0, false
		}
	}
	return whole, digits, i == len(raw)
}
