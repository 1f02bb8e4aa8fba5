package inbox

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// walker goes through the members of an object that the scanner has checked.
type walker struct {
	b        []byte
	i        int
	key, val []byte // key without quotes, as written
}

// walk starts at the object raw; anything else has no members.
func walk(raw []byte) walker {
	if len(raw) == 0 || raw[0] != '{' {
		return walker{}
	}
	return walker{b: raw, i: 1}
}

func (w *walker) next() bool {
	b := w.b
	i := w.i
	for i < len(b) && (b[i] == ',' || b[i] <= ' ') {
		i++
	}
	if i >= len(b) || b[i] != '"' {
		return false
	}
	end := skip(b, i)
	w.key = b[i+1 : end-1]
	i = end
	for b[i] == ':' || b[i] <= ' ' {
		i++
	}
	w.i = skip(b, i)
	w.val = b[i:w.i]
	return true
}

// skip gives the offset behind the checked value at i.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		for i++; ; i++ {
			i += bytes.IndexByte(b[i:], '"')
			back := 0
			for b[i-1-back] == '\\' {
				back++
			}
			if back%2 == 0 {
				return i + 1
			}
		}
	case '{', '[':
		for depth := 0; ; {
			switch b[i] {
			case '"':
				i = skip(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

// elements gives the values of the checked array raw.
func elements(raw []byte) [][]byte {
	if len(raw) == 0 || raw[0] != '[' {
		return nil
	}
	var out [][]byte
	for i := 1; ; {
		for raw[i] == ',' || raw[i] <= ' ' {
			i++
		}
		if raw[i] == ']' {
			return out
		}
		end := skip(raw, i)
		out = append(out, raw[i:end])
		i = end
	}
}

// find gives the value of key in the checked object raw, or nil. The last one
// of a repeated key wins.
func find(raw []byte, key string) []byte {
	var val []byte
	for w := walk(raw); w.next(); {
		if string(w.key) == key {
			val = w.val
		}
	}
	return val
}

// unquote reads the inside of a checked string: escapes resolved, U+0000
// removed, lone surrogates and invalid UTF-8 replaced by U+FFFD.
func unquote(in []byte) string {
	if bytes.IndexByte(in, '\\') < 0 {
		if utf8.Valid(in) {
			return string(in)
		}
		return string(bytes.ToValidUTF8(in, []byte("\uFFFD")))
	}
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); {
		if in[i] != '\\' {
			out = append(out, in[i])
			i++
			continue
		}
		c := in[i+1]
		i += 2
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, n := unicodeEscape(in, i)
			if r != 0 {
				out = utf8.AppendRune(out, r)
			}
			i += n
		default:
			out = append(out, c)
		}
	}
	if !utf8.Valid(out) {
		out = bytes.ToValidUTF8(out, []byte("\uFFFD"))
	}
	return string(out)
}

// unicodeEscape reads the digits of a \u escape at i, with its pair.
func unicodeEscape(in []byte, i int) (r rune, n int) {
	r, _ = hex4(in, i)
	if r < 0xD800 || r >= 0xE000 {
		return r, 4
	}
	if r < 0xDC00 && i+6 <= len(in) && in[i+4] == '\\' && in[i+5] == 'u' {
		if low, ok := hex4(in, i+6); ok && low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 10
		}
	}
	return utf8.RuneError, 4
}

// quote appends s as a JSON string.
func quote(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// clean rewrites a checked value of bounded depth: text as unquote leaves it,
// of a repeated key only the last. Numbers stay as written.
func clean(dst, raw []byte) []byte {
	switch raw[0] {
	case '"':
		return quote(dst, unquote(raw[1:len(raw)-1]))
	case '[':
		dst = append(dst, '[')
		for i, e := range elements(raw) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = clean(dst, e)
		}
		return append(dst, ']')
	case '{':
		return cleanObject(dst, raw)
	}
	return append(dst, raw...)
}

func cleanObject(dst, raw []byte) []byte {
	type pair struct {
		key string
		val []byte
	}
	var pairs []pair
	last := map[string]int{}
	for w := walk(raw); w.next(); {
		k := unquote(w.key)
		last[k] = len(pairs)
		pairs = append(pairs, pair{k, w.val})
	}
	dst = append(dst, '{')
	first := true
	for i, p := range pairs {
		if last[p.key] != i {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(quote(dst, p.key), ':')
		dst = clean(dst, p.val)
	}
	return append(dst, '}')
}

// textOf gives the text of a checked JSON string; "" for anything else.
func textOf(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	return unquote(raw[1 : len(raw)-1])
}

// identifier reads an id: text, or a number or boolean as written. null and
// empty are absent; ok is false for objects and arrays.
func identifier(raw []byte) (id string, ok bool) {
	if len(raw) == 0 || raw[0] == 'n' {
		return "", true
	}
	switch raw[0] {
	case '{', '[':
		return "", false
	case '"':
		return tidy(unquote(raw[1 : len(raw)-1])), true
	}
	return string(raw), true
}

// tidy strips invisible characters and outer blanks.
func tidy(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7F {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// blank says whether s shows nothing.
func blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] > ' ' && s[i] < 0x7F {
			return false
		}
	}
	return tidy(s) == ""
}
