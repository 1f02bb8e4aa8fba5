package timeline

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// marked says whether a row holds something that goes.
func (e *eraser) marked(r *row) bool {
	if e.holds(r.props) {
		return true
	}
	names := e.spec.Names
	if names == nil {
		return false
	}
	if r.ctx != nil {
		if r.ctx.IP != "" {
			return true
		}
		for _, c := range contextColumns() {
			if v := *c.at(r.ctx); v != "" && names([]byte(v)) {
				return true
			}
		}
	}
	return names([]byte(r.id)) || len(r.rest) > 0 && !bytes.Equal(e.rest(r.rest), r.rest)
}

// clean takes what goes out of a row.
func (e *eraser) clean(r *row) {
	r.props = e.without(r.props, func(key, raw []byte) bool { return e.props[string(key)] || e.names(raw) })
	names := e.spec.Names
	if names == nil {
		return
	}
	if r.ctx != nil {
		c := *r.ctx
		c.IP = ""
		for _, col := range contextColumns() {
			if v := col.at(&c); *v != "" && names([]byte(*v)) {
				*v = ""
			}
		}
		r.ctx = &c
	}
	if names([]byte(r.id)) {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		r.id = "erased:" + hex.EncodeToString(b[:])
	}
	r.rest = e.rest(r.rest)
}

func (e *eraser) names(text []byte) bool { return e.spec.Names != nil && e.spec.Names(text) }

// rest leaves out what context holds of a person or a device.
func (e *eraser) rest(obj []byte) []byte {
	if len(obj) == 0 {
		return obj
	}
	return e.without(obj, func(key, raw []byte) bool {
		return slices.Contains([]string{"traits", "externalIds", "device", "ip", "address", "userId", "anonymousId"}, string(key)) || e.names(raw)
	})
}

// holds says whether properties have a member that goes.
func (e *eraser) holds(props []byte) bool {
	if len(props) == 0 {
		return false
	}
	found := false
	if members(props, func(key, raw []byte) bool {
		found = found || e.props[string(key)] || e.names(raw)
		return true
	}) {
		return found
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(props, &m) != nil {
		return true // cannot tell: without drops it
	}
	for k, raw := range m {
		found = found || e.props[k] || e.names(raw)
	}
	return found
}

// without takes members out of an object. What cannot be read goes altogether:
// erasing must not leave a trace.
func (e *eraser) without(obj []byte, goes func(key, raw []byte) bool) []byte {
	if len(obj) == 0 {
		return obj
	}
	out := []byte{'{'}
	ok := members(obj, func(key, raw []byte) bool {
		if !goes(key, raw) {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), key...), '"', ':')
			out = append(out, raw...)
		}
		return true
	})
	if ok {
		return append(out, '}')
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(obj, &m) != nil {
		return nil
	}
	for k, raw := range m {
		if goes([]byte(k), raw) {
			delete(m, k)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return b
}

// cleanEvent is clean for an event that was read already.
func (e *eraser) cleanEvent(v *core.Event) {
	r := row{customer: v.Customer, actor: v.Actor, time: v.Time, id: v.ID, ctx: &v.Context, props: v.Props, rest: v.Rest}
	e.clean(&r)
	v.ID, v.Context, v.Props, v.Rest = r.id, *r.ctx, r.props, r.rest
}
