package inbox

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// errJSON is what the scanner gives for text that is not JSON.
var errJSON = errors.New("body is not valid JSON")

// member is one key and value of an object, as offsets into the scanned text.
// Keys exclude their quotes.
type member struct{ ks, ke, vs, ve int32 }

// scanner checks the grammar of one JSON value in a single pass without
// recursion. It records the members of the outermost object, the depth, and
// whether the text needs cleaning: a repeated or escaped key, U+0000, a lone
// surrogate or invalid UTF-8.
type scanner struct {
	b       []byte
	members []member
	stack   []int32 // per level: -1 for an array, else the start of its key hashes
	keys    []uint64
	depth   int // deepest level seen in the last value
	dirty   bool
}

func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value scans the value that begins at or after i and gives the offset behind
// it. Members of the outermost object are appended to s.members.
func (s *scanner) value(i int) (int, error) {
	s.stack, s.keys, s.depth, s.dirty = s.stack[:0], s.keys[:0], 0, false
	b := s.b
	var err error
	for {
		i = blanks(b, i)
		if i >= len(b) {
			return i, errJSON
		}
		if len(s.stack) == 1 && s.stack[0] >= 0 {
			s.members[len(s.members)-1].vs = int32(i)
		}
		opened := false
		switch c := b[i]; c {
		case '{', '[':
			i, opened, err = s.open(i, c)
		case '"':
			i, err = s.text(i + 1)
		default:
			i, err = scalar(b, i)
		}
		if err != nil {
			return i, err
		}
		if opened {
			continue
		}
		var done bool
		if i, done, err = s.after(i); done || err != nil {
			return i, err
		}
	}
}

// open enters an object or array at i. opened is false when it is empty.
func (s *scanner) open(i int, c byte) (next int, opened bool, err error) {
	b := s.b
	level := int32(-1)
	if c == '{' {
		level = int32(len(s.keys))
	}
	s.stack = append(s.stack, level)
	s.depth = max(s.depth, len(s.stack))
	i = blanks(b, i+1)
	if i >= len(b) {
		return i, false, errJSON
	}
	if b[i] == c+2 { // '}' and ']' follow their openers by two
		s.stack = s.stack[:len(s.stack)-1]
		return i + 1, false, nil
	}
	if c == '{' {
		i, err = s.key(i)
	}
	return i, true, err
}

// after closes what ends at i and moves to the next value, if there is one.
func (s *scanner) after(i int) (next int, done bool, err error) {
	b := s.b
	for {
		n := len(s.stack)
		if n == 0 {
			return i, true, nil
		}
		level := s.stack[n-1]
		if n == 1 && level >= 0 {
			s.members[len(s.members)-1].ve = int32(i)
		}
		i = blanks(b, i)
		if i >= len(b) {
			return i, false, errJSON
		}
		switch {
		case b[i] == ',' && level < 0:
			return i + 1, false, nil
		case b[i] == ',':
			i, err = s.key(blanks(b, i+1))
			return i, false, err
		case b[i] == ']' && level < 0:
			s.stack = s.stack[:n-1]
		case b[i] == '}' && level >= 0:
			s.endObject(int(level))
			s.stack = s.stack[:n-1]
		default:
			return i, false, errJSON
		}
		i++
	}
}

// key scans a key and its colon.
func (s *scanner) key(i int) (int, error) {
	b := s.b
	if i >= len(b) || b[i] != '"' {
		return i, errJSON
	}
	end, err := s.text(i + 1)
	if err != nil {
		return end, err
	}
	raw := b[i+1 : end-1]
	s.keys = append(s.keys, keyHash(raw))
	for _, c := range raw {
		if c == '\\' {
			s.dirty = true
			break
		}
	}
	if len(s.stack) == 1 {
		s.members = append(s.members, member{ks: int32(i + 1), ke: int32(end - 1)})
	}
	end = blanks(b, end)
	if end >= len(b) || b[end] != ':' {
		return end, errJSON
	}
	return end + 1, nil
}

// keyHash tells most different keys apart. Two keys with one hash only cost
// the slower path.
func keyHash(k []byte) uint64 {
	n := len(k)
	if n >= 8 {
		return binary.LittleEndian.Uint64(k)*0x9E3779B97F4A7C15 ^ bits.RotateLeft64(binary.LittleEndian.Uint64(k[n-8:]), 29) ^ uint64(n)
	}
	h := uint64(n) << 56
	for i, c := range k {
		h |= uint64(c) << (8 * i)
	}
	return h * 0x9E3779B97F4A7C15
}

// endObject looks for repeated keys among those since start.
func (s *scanner) endObject(start int) {
	keys := s.keys[start:]
	if len(keys) > 12 {
		slices.Sort(keys)
		for i := 1; i < len(keys); i++ {
			if keys[i] == keys[i-1] {
				s.dirty = true
			}
		}
	} else {
		for i := 1; i < len(keys); i++ {
			for _, k := range keys[:i] {
				if k == keys[i] {
					s.dirty = true
				}
			}
		}
	}
	s.keys = s.keys[:start]
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit of each byte set that is a quote, a backslash, a
// control character or not ASCII.
func special(w uint64) uint64 {
	q := w ^ ('"' * ones)
	e := w ^ ('\\' * ones)
	return ((q-ones) & ^q | (e-ones) & ^e | (w - 0x20*ones) | w) & highs
}

// text scans the inside of a string from i and gives the offset behind its
// closing quote.
func (s *scanner) text(i int) (int, error) {
	b := s.b
	start, wide := i, false
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			if m := special(w); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return i, errJSON
		}
		switch c := b[i]; {
		case c == '"':
			if wide && !utf8.Valid(b[start:i]) {
				s.dirty = true
			}
			return i + 1, nil
		case c == '\\':
			n, err := s.escape(i)
			if err != nil {
				return i, err
			}
			i = n
		case c < 0x20:
			return i, errJSON
		case c >= 0x80:
			wide = true
			for i < len(b) && b[i] >= 0x80 {
				i++
			}
		default:
			i++
		}
	}
}

// escape checks the escape at i and gives the offset behind it.
func (s *scanner) escape(i int) (int, error) {
	b := s.b
	if i+1 >= len(b) {
		return i, errJSON
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
	default:
		return i, errJSON
	}
	r, ok := hex4(b, i+2)
	if !ok {
		return i, errJSON
	}
	i += 6
	switch {
	case r == 0 || r >= 0xDC00 && r < 0xE000:
		s.dirty = true
	case r >= 0xD800 && r < 0xDC00:
		if i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
			if low, ok := hex4(b, i+2); ok && low >= 0xDC00 && low < 0xE000 {
				return i + 6, nil
			}
		}
		s.dirty = true
	}
	return i, nil
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// scalar scans a number, true, false or null.
func scalar(b []byte, i int) (int, error) {
	for _, word := range [...]string{"true", "false", "null"} {
		if b[i] == word[0] {
			if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
				return i + len(word), nil
			}
			return i, errJSON
		}
	}
	if b[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	first := i
	if !digits() || i-first > 1 && b[first] == '0' {
		return i, errJSON
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return i, errJSON
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return i, errJSON
		}
	}
	return i, nil
}
