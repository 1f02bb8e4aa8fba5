package customer

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
)

// Names finds identifiers in text: JSON, CSV, addresses. A value counts where it
// stands by itself, not inside a longer word; one of fewer than four bytes only
// where it is a whole quoted text or cell, since a 7 may be anything.
type Names struct {
	values  map[string]bool
	lengths []int
}

// shortName is the length below which a value must be a whole cell.
const shortName = 4

// NewNames makes a finder for the values of identifiers.
func NewNames(ids []core.Identifier) *Names {
	n := &Names{values: map[string]bool{}}
	seen := map[int]bool{}
	for _, id := range ids {
		v := strings.ToLower(id.Value)
		if v == "" || n.values[v] {
			continue
		}
		n.values[v] = true
		if !seen[len(v)] {
			seen[len(v)] = true
			n.lengths = append(n.lengths, len(v))
		}
	}
	return n
}

// Empty says that there is nothing to find.
func (n *Names) Empty() bool { return len(n.values) == 0 }

// In says whether one of the identifiers stands in text.
func (n *Names) In(text []byte) bool {
	if n.Empty() || len(text) == 0 {
		return false
	}
	from, to := n.find(bytes.ToLower(plain(text)), 0)
	return to > from
}

// Redact replaces identifiers in text.
func (n *Names) Redact(text string) string {
	if n.Empty() {
		return text
	}
	low := []byte(strings.ToLower(text))
	if len(low) != len(text) { // lower case changed lengths: places do not match
		if from, to := n.find(low, 0); to > from {
			return "[erased]"
		}
		return text
	}
	var b strings.Builder
	at := 0
	for {
		from, to := n.find(low, at)
		if to <= from {
			b.WriteString(text[at:])
			return b.String()
		}
		b.WriteString(text[at:from] + "[erased]")
		at = to
	}
}

// find gives the first place from at on where a value stands.
func (n *Names) find(low []byte, at int) (from, to int) {
	for i := at; i < len(low); i++ {
		if i > 0 && inWord(low[i-1]) && inWord(low[i]) {
			continue
		}
		for _, size := range n.lengths {
			end := i + size
			if end > len(low) || end < len(low) && inWord(low[end]) && inWord(low[end-1]) || !n.values[string(low[i:end])] {
				continue
			}
			if size < shortName && (i > 0 && !borders(low[i-1]) || end < len(low) && !borders(low[end])) {
				continue
			}
			return i, end
		}
	}
	return 0, 0
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

// borders says whether a byte ends a quoted text or a cell.
func borders(c byte) bool {
	switch c {
	case '"', '\'', ',', ';', '\t', '|', '\n', '\r':
		return true
	}
	return false
}

// plain undoes the escapes of JSON that may hide a value.
func plain(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		if text[i+1] == '/' || text[i+1] == '\\' {
			out = append(out, text[i+1])
			i++
			continue
		}
		r, size := escaped(text[i:])
		if size == 0 {
			out = append(out, text[i])
			continue
		}
		out = utf8.AppendRune(out, r)
		i += size - 1
	}
	return out
}

// escaped reads \uXXXX, or two of them that make one character.
func escaped(b []byte) (r rune, size int) {
	first, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) && len(b) >= 12 {
		if second, ok := hex4(b[6:]); ok {
			return utf16.DecodeRune(first, second), 12
		}
	}
	return first, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return rune(n), err == nil
}
