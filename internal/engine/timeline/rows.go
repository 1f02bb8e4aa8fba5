package timeline

import (
	"math"
	"slices"
	"strconv"

	"github.com/ciclo/ciclo/internal/core"
)

// Rows holds the matching events of one customer as columns, in timeline order.
// Time, Seq, Kind and Name are always there, save that a Request for AnyOrder
// gives no Seq; the others when the Request names them. All slices are valid during the call only; texts stay valid.
type Rows struct {
	Time []int64  // microseconds UTC
	Seq  []int64  // log position
	Kind []uint8  // core.Kind
	Name []uint32 // see NameOf

	Actor    []int64
	Received []int64
	Original []int64
	Sent     []int64
	Source   []int64
	Flags    []uint32
	ID       []string
	Context  []core.Context
	Props    [][]byte
	Rest     [][]byte

	// Customers tells whose each row is, from Low on, when a Request for Mixed gave
	// rows of several customers; else it is nil.
	Customers []int64
	Low       core.CustomerID

	plan     *plan
	names    *nameTable
	customer core.CustomerID
	cols     []PropColumn
	numbers  *numberTexts
	wide     bool
	zeros    []uint32 // what Flags shows when none is set
}

// PropColumn holds one property path of the rows: Kind[i] says what the value
// of row i is, ValueNone that there is none.
type PropColumn struct {
	Kind []core.ValueKind
	Num  []float64 // numbers; booleans as 0 and 1
	Text []string  // texts; numbers as written or ""; lists and objects as JSON; "null" of an explicit null
}

// Len gives the number of rows.
func (r *Rows) Len() int { return len(r.Time) }

// NameOf gives the event name of a name id. Ids mean the same in all workers of
// one Scan.
func (r *Rows) NameOf(id uint32) string { return r.names.name(id) }

// NameID gives the id of an event name, if any event read so far carries it.
func (r *Rows) NameID(name string) (uint32, bool) { return r.names.find(name) }

// PropIndex gives the place of a requested property path for PropAt and
// PropColumn, or -1.
func (r *Rows) PropIndex(path string) int { return r.plan.path(path) }

// PropColumn gives the columns of a requested property path.
func (r *Rows) PropColumn(index int) *PropColumn { return &r.cols[index] }

// Prop finds a property of row i as core.Lookup would in the event's object:
// from its column when the Request named it, else from the JSON when that was
// asked for.
func (r *Rows) Prop(i int, path string) (core.Value, bool) {
	if k := r.plan.path(path); k >= 0 {
		return r.PropAt(i, k)
	}
	if r.plan.props {
		return core.Lookup(r.Props[i], path)
	}
	return core.Value{}, false
}

// PropAt is Prop for the path at index (see PropIndex).
func (r *Rows) PropAt(i, index int) (core.Value, bool) {
	c := &r.cols[index]
	switch c.Kind[i] {
	case core.ValueText:
		return core.Value{Kind: core.ValueText, Text: c.Text[i]}, true
	case core.ValueNumber:
		t := c.Text[i]
		if t == "" {
			t = r.numbers.text(c.Num[i])
		}
		return core.Value{Kind: core.ValueNumber, Num: c.Num[i], Text: t}, true
	case core.ValueBool:
		return core.Value{Kind: core.ValueBool, Bool: c.Num[i] != 0}, true
	case core.ValueList, core.ValueObject:
		return core.ParseJSON([]byte(c.Text[i]))
	}
	return core.Value{}, false
}

// Event writes row i into an event, as far as the Request loaded it. Customer
// is the current customer.
func (r *Rows) Event(i int, into *core.Event) {
	*into = core.Event{Customer: r.customer, Time: r.Time[i], Kind: core.Kind(r.Kind[i]), Name: r.NameOf(r.Name[i])}
	p := r.plan
	if !p.anyOrder {
		into.Seq = r.Seq[i]
	}
	if p.actor {
		into.Actor = core.ActorID(r.Actor[i])
	}
	if p.received {
		into.Received = r.Received[i]
	}
	if p.original {
		into.Original = r.Original[i]
	}
	if p.sent {
		into.Sent = r.Sent[i]
	}
	if p.source {
		into.Source = core.SourceID(r.Source[i])
	}
	if p.flags {
		into.Flags = core.Flags(r.Flags[i])
	}
	if p.id {
		into.ID = r.ID[i]
	}
	if p.context {
		into.Context = r.Context[i]
	}
	if p.props {
		into.Props = r.Props[i]
	}
	if p.rest {
		into.Rest = r.Rest[i]
	}
}

func newRows(p *plan, names *nameTable) *Rows {
	return &Rows{plan: p, names: names, cols: make([]PropColumn, len(p.paths)), numbers: &numberTexts{}, wide: p.wide()}
}

func (r *Rows) reset() {
	r.Time, r.Seq, r.Kind, r.Name = r.Time[:0], r.Seq[:0], r.Kind[:0], r.Name[:0]
	r.Actor, r.Received, r.Original, r.Sent, r.Source = r.Actor[:0], r.Received[:0], r.Original[:0], r.Sent[:0], r.Source[:0]
	r.Flags, r.ID, r.Context, r.Props, r.Rest = r.Flags[:0], r.ID[:0], r.Context[:0], r.Props[:0], r.Rest[:0]
	for i := range r.cols {
		c := &r.cols[i]
		c.Kind, c.Num, c.Text = c.Kind[:0], c.Num[:0], c.Text[:0]
	}
}

// addRow appends an event that is in memory.
func (r *Rows) addRow(e *row, name uint32) {
	r.Time = append(r.Time, e.time)
	r.Kind = append(r.Kind, uint8(e.kind))
	r.Name = append(r.Name, name)
	p := r.plan
	if !p.anyOrder {
		r.Seq = append(r.Seq, e.seq)
	}
	if p.actor {
		r.Actor = append(r.Actor, int64(e.actor))
	}
	if p.received {
		r.Received = append(r.Received, e.received)
	}
	if p.original {
		r.Original = append(r.Original, e.original)
	}
	if p.sent {
		r.Sent = append(r.Sent, e.sent)
	}
	if p.source {
		r.Source = append(r.Source, int64(e.source))
	}
	if p.flags && !p.noFlags {
		r.Flags = append(r.Flags, uint32(e.flags))
	}
	if p.id {
		r.ID = append(r.ID, e.id)
	}
	if p.context {
		var x core.Context
		if e.ctx != nil {
			x = *e.ctx
		}
		r.Context = append(r.Context, x)
	}
	if p.props {
		r.Props = append(r.Props, e.props)
	}
	if p.rest {
		r.Rest = append(r.Rest, e.rest)
	}
	for i, path := range p.paths {
		if column, ok := ContextOf(path); ok {
			r.cols[i].addText(e.contextText(column))
			continue
		}
		r.cols[i].look(e.props, path)
	}
}

// null is the text of a row whose value is an explicit null; its kind is none.
const null = "null"

// look adds the value at path of an object.
func (c *PropColumn) look(obj []byte, path string) {
	kind, num, text := valueIn(obj, path)
	c.Kind, c.Num, c.Text = append(c.Kind, kind), append(c.Num, num), append(c.Text, text)
}

// valueIn gives the value at path of an object as a row of a PropColumn holds it.
func valueIn(obj []byte, path string) (core.ValueKind, float64, string) {
	v, ok := core.Lookup(obj, path)
	switch {
	case !ok && core.IsNull(obj, path):
		v.Text = null
	case v.Bool:
		v.Num = 1
	}
	return v.Kind, v.Num, v.Text
}

// NullAt says whether the property at index is an explicit null in row i.
func (r *Rows) NullAt(i, index int) bool {
	c := &r.cols[index]
	return c.Kind[i] == core.ValueNone && c.Text[i] == null
}

// extend appends n rows without values and gives them to be filled.
func (c *PropColumn) extend(n int) (kinds []core.ValueKind, nums []float64, texts []string) {
	at := len(c.Kind)
	c.Kind, c.Num, c.Text = slices.Grow(c.Kind, n)[:at+n], slices.Grow(c.Num, n)[:at+n], slices.Grow(c.Text, n)[:at+n]
	kinds, nums, texts = c.Kind[at:], c.Num[at:], c.Text[at:]
	clear(kinds)
	clear(nums)
	clear(texts)
	return kinds, nums, texts
}

// addText appends a text; the empty one is no value.
func (c *PropColumn) addText(s string) {
	kind := core.ValueText
	if s == "" {
		kind = core.ValueNone
	}
	c.Kind, c.Num, c.Text = append(c.Kind, kind), append(c.Num, 0), append(c.Text, s)
}

// contextText gives one context column of the row.
func (e *row) contextText(column string) string {
	if e.ctx == nil {
		return ""
	}
	return *contextAt(column)(e.ctx)
}

// numberTexts remembers the texts of numbers seen lately, by their bits.
type numberTexts struct {
	bits  [1024]uint64
	texts [1024]string
}

func (t *numberTexts) text(f float64) string {
	b := math.Float64bits(f)
	slot := (b ^ b>>52 ^ b>>40 ^ b>>20) & 1023
	if t.bits[slot] != b || t.texts[slot] == "" {
		t.bits[slot], t.texts[slot] = b, string(appendNumber(nil, f))
	}
	return t.texts[slot]
}

// appendNumber writes f as the shortest JSON number that reads back as f.
func appendNumber(b []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}
