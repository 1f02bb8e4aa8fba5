package fold

import (
	"encoding/binary"
	"errors"
)

var errState = errors.New("fold state is damaged")

// Append writes s to buf in a compact form that Decode reads.
func (p *Program) Append(buf []byte, s *State) []byte { return s.append(buf) }

func (s *State) append(buf []byte) []byte {
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
	if s.set || s.climb != nil {
		head |= 4 // a ladder keeps no text: the bit says that somebody climbs
	}
	if s.nums != 0 {
		head |= 8
	}
	for i, has := range [4]bool{len(s.subs) > 0, len(s.texts) > 0, len(s.keys) > 0, len(s.steps) > 0} {
		if has {
			head |= 16 << i
		}
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
		buf = appendEntries(buf, s.ring)
	}
	if head&4 != 0 && s.climb == nil {
		buf = appendText(buf, s.text)
	}
	return s.appendLater(buf, head)
}

// appendLater writes what only accumulators from modeFirst on keep.
func (s *slot) appendLater(buf []byte, head byte) []byte {
	if head&16 != 0 {
		buf = binary.AppendUvarint(buf, uint64(len(s.subs)))
		for i := range s.subs {
			buf = binary.AppendVarint(buf, s.subs[i].period)
			buf = s.subs[i].slot.append(buf)
		}
	}
	if head&32 != 0 {
		for _, text := range s.texts { // as many as ring has
			buf = appendText(buf, text)
		}
	}
	if head&64 != 0 {
		buf = binary.AppendUvarint(buf, uint64(len(s.keys)))
		for i := range s.keys {
			k := &s.keys[i]
			buf = binary.AppendVarint(buf, k.hash)
			buf = binary.AppendVarint(buf, k.at)
			buf = k.state.append(buf)
		}
	}
	if head&128 != 0 {
		buf = appendEntries(buf, s.steps)
	}
	if s.climb != nil {
		buf = s.climb.Append(buf)
	}
	return buf
}

func appendText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

func appendEntries(buf []byte, list []entry) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(list)))
	prev := int64(0)
	for _, e := range list {
		buf = binary.AppendVarint(buf, e.at-prev)
		buf = binary.AppendVarint(buf, e.val)
		prev = e.at
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
		s.slots[i].read(&r, &p.accs[i])
	}
	if r.err {
		return nil, nil, errState
	}
	return s, r.buf, nil
}

func (s *slot) read(r *reader, a *acc) {
	head := r.byte()
	if head&1 != 0 {
		s.n, s.sum, s.last, s.lastDay = r.varint(), r.varint(), r.varint(), r.varint()
	}
	if head&8 != 0 {
		s.nums, s.min, s.max = r.varint(), r.varint(), r.varint()
	}
	if head&2 != 0 {
		s.ring = r.entries(maxRing)
	}
	if head&4 != 0 && a.mode != modeLadder {
		s.set = true
		s.text = r.text()
	}
	s.readLater(r, a, head)
}

// readLater reads what appendLater wrote; parts that the accumulator does not
// keep are damage.
func (s *slot) readLater(r *reader, a *acc, head byte) {
	for i, m := range [4]mode{modeCalendar, modeFirst, modeKeyed, modeSequence} {
		if head&(16<<i) != 0 && a.mode != m && !(m == modeSequence && a.mode == modeLadder) {
			r.err = true
		}
	}
	if head&16 != 0 {
		for range r.length(maxPeriods) {
			p := sub{period: r.varint()}
			p.slot.read(r, a.inner)
			s.subs = append(s.subs, p)
		}
	}
	if head&32 != 0 {
		for range s.ring {
			s.texts = append(s.texts, r.text())
		}
	}
	if a.mode == modeFirst && len(s.texts) != len(s.ring) {
		r.err = true
	}
	if head&64 != 0 {
		s.readKeys(r, a)
	}
	if head&128 != 0 {
		want := len(a.entries)
		if a.seq != nil {
			want = a.seq.events
		}
		if s.steps = r.entries(maxRing); !r.err && len(s.steps) != want {
			r.err = true
		}
	}
	if head&4 != 0 && a.mode == modeLadder && !r.err {
		var err error
		if s.climb, r.buf, err = a.ladder.decode(r.buf); err != nil {
			r.err = true
		}
	}
}

func (s *slot) readKeys(r *reader, a *acc) {
	for range r.length(maxKeys) {
		k := keyState{hash: r.varint(), at: r.varint()}
		state, rest, err := a.prog.Decode(r.buf)
		if err != nil {
			r.err = true
			return
		}
		k.state, r.buf = state, rest
		s.keys = append(s.keys, k)
	}
}

type reader struct {
	buf []byte
	err bool
}

// length reads a number of parts; none when it cannot be right.
func (r *reader) length(most uint64) int {
	n := r.uvarint()
	if r.err || n > most || n > uint64(len(r.buf)) {
		r.err = true
		return 0
	}
	return int(n)
}

func (r *reader) entries(most uint64) []entry {
	n := r.length(most)
	list := make([]entry, 0, n)
	prev := int64(0)
	for range n {
		prev += r.varint()
		list = append(list, entry{prev, r.varint()})
	}
	return list
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
