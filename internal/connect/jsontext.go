package connect

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// object writes a JSON object member by member.
type object struct{ buf []byte }

func (o *object) key(k string) {
	if n := len(o.buf); n > 0 && o.buf[n-1] != '{' && o.buf[n-1] != '[' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(appendText(o.buf, k), ':')
}

func (o *object) text(k, v string) {
	if v != "" {
		o.key(k)
		o.buf = appendText(o.buf, v)
	}
}

// raw writes v, which must be JSON.
func (o *object) raw(k, v string) {
	o.key(k)
	o.buf = append(o.buf, v...)
}

// list writes an array whose items are given as JSON.
func (o *object) list(k string, items []byte) {
	o.open(k, '[')
	o.buf = append(append(o.buf, items...), ']')
}

func (o *object) int(k string, v int64) {
	o.key(k)
	o.buf = strconv.AppendInt(o.buf, v, 10)
}

func (o *object) money(k string, minor int64, exponent int) {
	o.key(k)
	o.buf = append(o.buf, core.FormatMinor(minor, exponent)...)
}

func (o *object) time(k string, t core.Micros) {
	o.key(k)
	o.buf = append(core.ToTime(t).AppendFormat(append(o.buf, '"'), time.RFC3339Nano), '"')
}

func (o *object) open(k string, bracket byte) {
	o.key(k)
	o.buf = append(o.buf, bracket)
}

// item begins an object in an array.
func (o *object) item() {
	if n := len(o.buf); o.buf[n-1] != '[' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(o.buf, '{')
}

func (o *object) close(bracket byte) { o.buf = append(o.buf, bracket) }

// appendText writes a JSON string.
func appendText(buf []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7F || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil { // text always encodes
				return append(buf, `""`...)
			}
			return append(buf, quoted...)
		}
	}
	return append(append(append(buf, '"'), s...), '"')
}
