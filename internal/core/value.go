package core

import (
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// ValueKind is the type of a Value.
type ValueKind uint8

// Kinds of values.
const (
	ValueNone ValueKind = iota
	ValueText
	ValueNumber
	ValueBool
	ValueTime
	ValueList
	ValueObject
)

// Value is a typed property or trait value.
type Value struct {
	Kind ValueKind
	Text string // text as written; raw JSON for lists and objects
	Num  float64
	Bool bool
	Time Micros
	List []Value
}

// SealedPrefix begins the text that stands for a value which is encrypted at
// rest: it says nothing, and identifies nobody.
const SealedPrefix = "enc:v1:"

// Display writes v as a person would read it.
func (v Value) Display() string {
	switch v.Kind {
	case ValueText, ValueList, ValueObject:
		return v.Text
	case ValueNumber:
		if v.Text != "" {
			return v.Text
		}
		return strconv.FormatFloat(v.Num, 'g', -1, 64)
	case ValueBool:
		return strconv.FormatBool(v.Bool)
	case ValueTime:
		return ToTime(v.Time).Format(time.RFC3339)
	}
	return ""
}

// Lookup finds path in the JSON object obj. A key that holds the whole path,
// dots included, wins over a walk into nested objects.
func Lookup(obj []byte, path string) (Value, bool) {
	if len(obj) == 0 {
		return Value{}, false
	}
	r := gjson.GetBytes(obj, EscapePath(path))
	if !r.Exists() {
		r = gjson.GetBytes(obj, path)
	}
	if !r.Exists() || r.Type == gjson.Null {
		return Value{}, false
	}
	return fromResult(r), true
}

// IsNull says whether path stands in the JSON object obj with the value null.
func IsNull(obj []byte, path string) bool {
	if len(obj) == 0 {
		return false
	}
	r := gjson.GetBytes(obj, EscapePath(path))
	if !r.Exists() {
		r = gjson.GetBytes(obj, path)
	}
	return r.Exists() && r.Type == gjson.Null
}

// EscapePath makes key a literal gjson path.
func EscapePath(key string) string {
	for i := 0; i < len(key); i++ {
		switch key[i] {
		case '.', '*', '?', '|', '#', '@', '!', '{', '}', '[', ']', '(', ')', '=', '>', '<', '%', '\\', ':', '"', '~':
			out := make([]byte, 0, len(key)+8)
			for j := 0; j < len(key); j++ {
				switch key[j] {
				case '.', '*', '?', '|', '#', '@', '!', '{', '}', '[', ']', '(', ')', '=', '>', '<', '%', '\\', ':', '"', '~':
					out = append(out, '\\')
				}
				out = append(out, key[j])
			}
			return string(out)
		}
	}
	return key
}

// ParseJSON turns one JSON value into a Value; null gives ok false.
func ParseJSON(raw []byte) (Value, bool) {
	r := gjson.ParseBytes(raw)
	if !r.Exists() || r.Type == gjson.Null {
		return Value{}, false
	}
	return fromResult(r), true
}

func fromResult(r gjson.Result) Value {
	switch r.Type {
	case gjson.String:
		return Value{Kind: ValueText, Text: r.Str}
	case gjson.Number:
		return Value{Kind: ValueNumber, Num: r.Num, Text: r.Raw}
	case gjson.True, gjson.False:
		return Value{Kind: ValueBool, Bool: r.Type == gjson.True}
	case gjson.JSON:
		if r.IsArray() {
			v := Value{Kind: ValueList, Text: r.Raw}
			r.ForEach(func(_, e gjson.Result) bool {
				v.List = append(v.List, fromResult(e))
				return true
			})
			return v
		}
		return Value{Kind: ValueObject, Text: r.Raw}
	}
	return Value{}
}

// AsTime reads v as an instant: RFC 3339 text, a date, or a number of seconds
// or milliseconds since the epoch.
func (v Value) AsTime() (Micros, bool) {
	switch v.Kind {
	case ValueTime:
		return v.Time, true
	case ValueText:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
			if t, err := time.ParseInLocation(layout, v.Text, time.UTC); err == nil {
				return FromTime(t), true
			}
		}
	case ValueNumber:
		switch {
		case v.Num >= 1e11 && v.Num < 1e14:
			return Micros(v.Num * 1e3), true
		case v.Num >= 1e8 && v.Num < 1e11:
			return Micros(v.Num * 1e6), true
		}
	}
	return 0, false
}
