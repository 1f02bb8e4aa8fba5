package fold

import (
	"encoding/binary"
	"errors"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/tidwall/gjson"
)

// State is one customer's values of a Program's accumulators.
type State struct {
	Marks uint64
	slots []slot
}

// New gives the state of a customer without history.
func (p *Program) New() *State { return &State{slots: make([]slot, len(p.accs))} }

// Apply folds one event and says whether a condition may have changed by it.
// Events come in timeline order.
func (p *Program) Apply(s *State, in *Input) bool {
	touched := false
	keys := [4]eventKey{{in.Kind, in.Name}, {0, in.Name}, {in.Kind, ""}, {0, ""}}
	use := keys[:]
	if in.Name == "" {
		use = keys[:2] // the other two are the same keys
	}
	for _, key := range use {
		for _, i := range p.byEvent[key] {
			a := &p.accs[i]
			if a.matches(in) {
				a.apply(&s.slots[i], in)
				touched = true
			}
		}
	}
	if in.Kind == core.KindIdentify && len(p.byTrait) > 0 {
		touched = p.applyTraits(s, in) || touched
	}
	return touched
}

func (p *Program) applyTraits(s *State, in *Input) bool {
	touched := false
	raw, isJSON := in.Props.(JSON)
	for name, i := range p.byTrait {
		if !isJSON {
			if v, ok := in.Props.Prop(name); ok {
				s.slots[i].setTrait(rawJSON(v), false, in.Time)
				touched = true
			}
			continue
		}
		r := gjson.GetBytes(raw, core.EscapePath(name))
		if !r.Exists() {
			r = gjson.GetBytes(raw, name)
		}
		if r.Exists() {
			s.slots[i].setTrait(r.Raw, r.Type == gjson.Null, in.Time)
			touched = true
		}
	}
	return touched
}

func (s *slot) setTrait(raw string, null bool, at core.Micros) {
	s.text, s.set, s.last = raw, !null, at
	if null {
		s.text = ""
	}
}

func rawJSON(v core.Value) string {
	if v.Kind == core.ValueText {
		return string(gjson.AppendJSONString(nil, v.Text))
	}
	return v.Display()
}

func (a *acc) matches(in *Input) bool {
	for _, m := range a.where {
		v, set := in.Props.Prop(m.Name)
		if !m.Test(v, set, in.Time) {
			return false
		}
	}
	return true
}

// Eval says whether condition c holds for s at now.
func (p *Program) Eval(s *State, c int, now core.Micros) bool { return p.conds[c](s, now) }

// NextChange gives the first instant after now at which any condition may
// change because time passes; ok is false when none can.
func (p *Program) NextChange(s *State, now core.Micros) (at core.Micros, ok bool) {
	for i := range p.accs {
		if t, has := p.accs[i].nextChange(&s.slots[i], now); has && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}

var errState = errors.New("fold state is damaged")

// Append writes s to buf in a compact form that Decode reads.
func (p *Program) Append(buf []byte, s *State) []byte {
	buf = binary.AppendUvarint(buf, s.Marks)
	buf = binary.AppendUvarint(buf, uint64(len(s.slots)))
	for i := range s.slots {
		buf = s.slots[i].append(buf)
	}
	return buf
}

func (s *slot) append(buf []byte) []byte {
	head := byte(0)
	if s.n != 0 || s.last != 0 || s.nums != 0 || s.sum != 0 || s.lastDay != 0 {
		head |= 1
	}
	if len(s.ring) > 0 {
		head |= 2
	}
	if s.set {
		head |= 4
	}
	if s.nums != 0 {
		head |= 8
	}
	buf = append(buf, head)
	if head&1 != 0 {
		for _, v := range [4]int64{s.n, s.sum, s.last, s.lastDay} {
			buf = binary.AppendVarint(buf, v)
		}
	}
	if head&8 != 0 {
		for _, v := range [3]int64{s.nums, s.min, s.max} {
			buf = binary.AppendVarint(buf, v)
		}
	}
	if head&2 != 0 {
		buf = binary.AppendUvarint(buf, uint64(len(s.ring)))
		prev := int64(0)
		for _, e := range s.ring {
			buf = binary.AppendVarint(buf, e.at-prev)
			buf = binary.AppendVarint(buf, e.val)
			prev = e.at
		}
	}
	if head&4 != 0 {
		buf = binary.AppendUvarint(buf, uint64(len(s.text)))
		buf = append(buf, s.text...)
	}
	return buf
}

// Decode reads what Append wrote and gives the rest of buf. A state of another
// Program, or a damaged one, is an error.
func (p *Program) Decode(buf []byte) (*State, []byte, error) {
	r := reader{buf: buf}
	s := p.New()
	s.Marks = r.uvarint()
	if r.uvarint() != uint64(len(s.slots)) || r.err {
		return nil, nil, errState
	}
	for i := range s.slots {
		s.slots[i].read(&r)
	}
	if r.err {
		return nil, nil, errState
	}
	return s, r.buf, nil
}

func (s *slot) read(r *reader) {
	head := r.byte()
	if head&1 != 0 {
		s.n, s.sum, s.last, s.lastDay = r.varint(), r.varint(), r.varint(), r.varint()
	}
	if head&8 != 0 {
		s.nums, s.min, s.max = r.varint(), r.varint(), r.varint()
	}
	if head&2 != 0 {
		n := r.uvarint()
		if n > maxRing {
			r.err = true
			return
		}
		s.ring = make([]entry, 0, n)
		prev := int64(0)
		for range n {
			prev += r.varint()
			s.ring = append(s.ring, entry{prev, r.varint()})
		}
	}
	if head&4 != 0 {
		s.set = true
		s.text = r.text()
	}
}

type reader struct {
	buf []byte
	err bool
}

func (r *reader) byte() byte {
	if len(r.buf) == 0 {
		r.err = true
		return 0
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.err = true
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.err = true
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) text() string {
	n := r.uvarint()
	if r.err || n > uint64(len(r.buf)) {
		r.err = true
		return ""
	}
	s := string(r.buf[:n])
	r.buf = r.buf[n:]
	return s
}
