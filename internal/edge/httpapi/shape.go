package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Body wraps an answer.
type Body[T any] struct{ Body T }

func body[T any](v T) (*Body[T], error) { return &Body[T]{v}, nil }

// None is an empty answer or request.
type None struct{}

// Money is an amount in minor units.
type Money struct {
	Minor    int64  `json:"minor" doc:"Minor units, such as cents"`
	Currency string `json:"currency"`
}

// when gives an instant as JSON time; 0 and open ends give null.
func when(m core.Micros) *time.Time {
	if m == 0 || m == 1<<63-1 || m == -1<<63 {
		return nil
	}
	t := core.ToTime(m)
	return &t
}

func micros(t time.Time) core.Micros {
	if t.IsZero() {
		return 0
	}
	return core.FromTime(t)
}

// cursor writes v as an opaque text.
func cursor(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// maxCursor is longer than any cursor that a list gives, in bytes.
const maxCursor = 4096

// readCursor reads what cursor wrote, and nothing else; "" leaves v alone.
func readCursor(text string, v any) error {
	if text == "" {
		return nil
	}
	if len(text) > maxCursor {
		return errCursor()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return errCursor()
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(v) != nil || dec.More() || holdsNUL(raw) {
		return errCursor()
	}
	return nil
}

func errCursor() error {
	return errs.Field("cursor", "bad_cursor", "the cursor is not one that this list gave")
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// jtime is a time in an answer.
type jtime = time.Time

func toTime(m core.Micros) time.Time { return core.ToTime(m) }
