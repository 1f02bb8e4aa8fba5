package customer

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/tidwall/gjson"
	"github.com/zeebo/xxh3"
)

// SummaryMachine is the id of the fold that keeps a customer's traits and
// totals.
const SummaryMachine int64 = 1

// Trait is one known fact about a customer, with its origin.
type Trait struct {
	Name    string        `json:"name"`
	Value   string        `json:"value"` // JSON
	At      core.Micros   `json:"at"`
	Source  core.SourceID `json:"source"`
	EventID string        `json:"event_id"`
}

// Summary is what the list of customers shows: a fold over the timeline.
type Summary struct {
	FirstSeen, LastSeen core.Micros
	Events              int64
	Orders              int64
	Revenue             int64 // net of refunds, minor units of the workspace currency
	FirstOrder          core.Micros
	LastOrder           core.Micros
	Foreign             int64 // orders in another currency: counted, not summed
	Traits              []Trait
	orders              []orderState
}

// orderState remembers an order's value, so that a refund that only names it
// takes back the right amount.
type orderState struct {
	key      uint64
	net      int64
	refunded int64
	known    bool // false: a refund came before its order
	full     bool // refunded in full, whatever the amount
}

// SummaryChanged is the signal that a customer's summary has new content. The
// pointer shows the state at the end of the batch.
type SummaryChanged struct {
	Customer core.CustomerID
	Summary  *Summary
	Traits   *bool // whether traits changed
}

// Nothing is the change of a customer whose last events moved away.
func Nothing(c core.CustomerID) SummaryChanged {
	all := true
	return SummaryChanged{c, &Summary{}, &all}
}

type summaryMachine struct{ currency string }

// Machine gives the summary fold for a workspace with that currency.
func Machine(currency string) fold.Machine { return summaryMachine{currency} }

func (m summaryMachine) ID() int64 { return SummaryMachine }

func (m summaryMachine) Open(c core.CustomerID, state []byte) (fold.Instance, error) {
	in := &summaryInstance{c: c, m: m}
	if state == nil {
		return in, nil
	}
	return in, in.s.decode(state)
}

type summaryInstance struct {
	c      core.CustomerID
	m      summaryMachine
	s      Summary
	told   bool
	traits bool
}

func (in *summaryInstance) Clock() core.Micros                     { return in.s.LastSeen }
func (in *summaryInstance) Advance(core.Micros, func(core.Signal)) {}
func (in *summaryInstance) Due() (core.Micros, bool)               { return 0, false }

func (in *summaryInstance) Apply(e *fold.Input, emit func(core.Signal)) {
	if e.Kind == core.KindSignal {
		return // nothing that the customer did
	}
	if !in.told {
		emit(SummaryChanged{in.c, &in.s, &in.traits})
		in.told = true
	}
	s := &in.s
	if s.Events == 0 || e.Time < s.FirstSeen {
		s.FirstSeen = e.Time
	}
	s.LastSeen = max(s.LastSeen, e.Time)
	s.Events++
	raw, _ := e.Props.(fold.JSON)
	switch {
	case e.Kind == core.KindIdentify:
		in.traits = s.learn(raw, e) || in.traits
	case e.Kind == core.KindTrack && e.Name == core.EventOrderCompleted:
		s.order(core.ReadOrder(raw, in.m.currency), e, in.m.currency)
	case e.Kind == core.KindTrack && (e.Name == core.EventOrderRefunded || e.Name == core.EventOrderCancelled):
		s.refund(core.ReadOrder(raw, in.m.currency), e, in.m.currency)
	}
}

func (in *summaryInstance) Append(buf []byte) []byte { return in.s.append(buf) }

// learn takes the traits of an identify: the newest by event time wins.
func (s *Summary) learn(raw []byte, e *fold.Input) bool {
	changed := false
	gjson.ParseBytes(raw).ForEach(func(k, v gjson.Result) bool {
		name := k.Str
		i, found := slices.BinarySearchFunc(s.Traits, name, func(t Trait, n string) int { return strings.Compare(t.Name, n) })
		switch {
		case found && v.Type == gjson.Null:
			s.Traits = slices.Delete(s.Traits, i, i+1)
		case v.Type == gjson.Null:
			return true
		case found:
			s.Traits[i] = Trait{name, v.Raw, e.Time, 0, e.ID}
		case len(s.Traits) >= maxTraits:
			return true
		default:
			s.Traits = slices.Insert(s.Traits, i, Trait{name, v.Raw, e.Time, 0, e.ID})
		}
		changed = true
		return true
	})
	return changed
}

// maxTraits bounds how many traits one customer keeps; further names stay in
// the timeline only.
const maxTraits = 500

func (s *Summary) find(id, event string) *orderState {
	key := xxh3.HashString(id)
	if id == "" {
		key = xxh3.HashString("event\x00" + event)
	}
	for i := len(s.orders) - 1; i >= 0; i-- {
		if s.orders[i].key == key {
			return &s.orders[i]
		}
	}
	s.orders = append(s.orders, orderState{key: key})
	return &s.orders[len(s.orders)-1]
}

// order counts an order. The same order told again replaces what was known.
func (s *Summary) order(o core.Order, e *fold.Input, currency string) {
	st := s.find(o.ID, e.ID)
	if !st.known {
		s.Orders++
		if s.FirstOrder == 0 || e.Time < s.FirstOrder {
			s.FirstOrder = e.Time
		}
		s.LastOrder = max(s.LastOrder, e.Time)
		if o.Currency != currency {
			s.Foreign++
		}
	}
	was := st.value()
	st.known = true
	if o.Currency == currency {
		st.net = o.Net
	}
	s.Revenue += st.value() - was
}

// value is what an order adds to revenue.
func (o *orderState) value() int64 {
	if !o.known {
		return 0
	}
	if o.full {
		return 0
	}
	return o.net - o.refunded
}

func (s *Summary) refund(o core.Order, e *fold.Input, currency string) {
	if o.Net < 0 {
		o.Net = -o.Net
	}
	if o.ID == "" {
		// A refund that names no order still lowers revenue.
		if o.HasValue && o.Currency == currency {
			s.Revenue -= o.Net
		}
		return
	}
	st := s.find(o.ID, e.ID)
	was := st.value()
	switch {
	case !o.HasValue || e.Name == core.EventOrderCancelled:
		st.full = true
	case o.Currency == currency:
		st.refunded += o.Net
	}
	s.Revenue += st.value() - was
}

func (s *Summary) append(buf []byte) []byte {
	for _, v := range [9]int64{1, s.FirstSeen, s.LastSeen, s.Events, s.Orders, s.Revenue, s.FirstOrder, s.LastOrder, s.Foreign} {
		buf = binary.AppendVarint(buf, v)
	}
	buf = binary.AppendUvarint(buf, uint64(len(s.orders)))
	for _, o := range s.orders {
		flags := byte(0)
		if o.known {
			flags |= 1
		}
		if o.full {
			flags |= 2
		}
		buf = binary.LittleEndian.AppendUint64(append(buf, flags), o.key)
		buf = binary.AppendVarint(binary.AppendVarint(buf, o.net), o.refunded)
	}
	buf = binary.AppendUvarint(buf, uint64(len(s.Traits)))
	for _, t := range s.Traits {
		for _, text := range [3]string{t.Name, t.Value, t.EventID} {
			buf = append(binary.AppendUvarint(buf, uint64(len(text))), text...)
		}
		buf = binary.AppendVarint(buf, t.At)
	}
	return buf
}

var errSummary = errors.New("customer summary is damaged")

func (s *Summary) decode(buf []byte) error {
	d := decoder{buf: buf}
	if d.int() != 1 {
		return errSummary
	}
	for _, p := range []*int64{&s.FirstSeen, &s.LastSeen, &s.Events, &s.Orders, &s.Revenue, &s.FirstOrder, &s.LastOrder, &s.Foreign} {
		*p = d.int()
	}
	n := d.count()
	for range n {
		head := d.bytes(9)
		if d.bad {
			return errSummary
		}
		s.orders = append(s.orders, orderState{known: head[0]&1 != 0, full: head[0]&2 != 0,
			key: binary.LittleEndian.Uint64(head[1:]), net: d.int(), refunded: d.int()})
	}
	n = d.count()
	for range n {
		t := Trait{Name: d.text(), Value: d.text(), EventID: d.text(), At: d.int()}
		if d.bad {
			return errSummary
		}
		s.Traits = append(s.Traits, t)
	}
	if d.bad || len(d.buf) > 0 {
		return errSummary
	}
	return nil
}

type decoder struct {
	buf []byte
	bad bool
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.bad, d.buf = true, nil
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) count() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 || v > uint64(len(d.buf)) {
		d.bad, d.buf = true, nil
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) bytes(n int) []byte {
	if len(d.buf) < n {
		d.bad, d.buf = true, nil
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes(int(d.count()))) }
