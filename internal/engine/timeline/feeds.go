package timeline

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// columnFeed brings one requested column from a block into Rows. load is told
// the range of rows of the group that add may name.
type columnFeed interface {
	load(from, to int64) error
	add(out *Rows, sel []int32)
}

// newFeeds makes the feeds of a plan; base columns are the reader's own.
func newFeeds(r *reader) []columnFeed {
	var out []columnFeed
	ints := func(on bool, name string, into func(*Rows) *[]int64) {
		if on {
			out = append(out, &intFeed{r: r, name: name, into: into})
		}
	}
	p := r.plan
	ints(p.actor, "actor", func(o *Rows) *[]int64 { return &o.Actor })
	ints(p.received, "received", func(o *Rows) *[]int64 { return &o.Received })
	ints(p.original, "original", func(o *Rows) *[]int64 { return &o.Original })
	ints(p.sent, "sent", func(o *Rows) *[]int64 { return &o.Sent })
	ints(p.source, "source", func(o *Rows) *[]int64 { return &o.Source })
	if p.flags && !p.noFlags {
		out = append(out, &flagFeed{r: r})
	}
	if p.id {
		out = append(out, &idFeed{r: r})
	}
	if p.context {
		out = append(out, newContextFeed(r))
	}
	if p.rest {
		out = append(out, &restFeed{r: r})
	}
	if p.props {
		out = append(out, newPropsFeed(r))
	}
	for k, path := range p.paths {
		if column, ok := ContextOf(path); ok {
			out = append(out, &contextTextFeed{r: r, at: k, column: "context." + column})
			continue
		}
		out = append(out, newPropFeed(r, k, path))
	}
	return out
}

type intFeed struct {
	r      *reader
	name   string
	into   func(*Rows) *[]int64
	values intRange
}

func (f *intFeed) load(from, to int64) error { return f.r.intsOf(f.name, from, to, &f.values) }

func (f *intFeed) add(out *Rows, sel []int32) {
	into := f.into(out)
	for _, i := range sel {
		*into = append(*into, f.values.at(i))
	}
}

type flagFeed struct {
	r      *reader
	values intRange
}

func (f *flagFeed) load(from, to int64) error { return f.r.intsOf("flags", from, to, &f.values) }

func (f *flagFeed) add(out *Rows, sel []int32) {
	for _, i := range sel {
		out.Flags = append(out.Flags, uint32(f.values.at(i)))
	}
}

// textRange is a text column of some rows of a block.
type textRange struct {
	off    int
	values []string
}

func (t *textRange) at(row int32) string { return t.values[int(row)-t.off] }

// texts reads rows [from, to) of the group into t.
func (r *reader) texts(name string, from, to int64, t *textRange) error {
	t.off, t.values = int(from-r.start), sized(t.values, int(to-from))
	leaf, ok := r.file.leaf[name]
	if !ok {
		clear(t.values)
		return nil
	}
	if v, null, ok := r.file.constant(r.group, leaf); ok && !null {
		s := string(v.ByteArray())
		for i := range t.values {
			t.values[i] = s
		}
		return nil
	}
	c, err := r.column(name)
	if err != nil {
		return err
	}
	return c.texts(from, to, from, r.file.pageRows(name), t.values)
}

type idFeed struct {
	r    *reader
	text textRange
}

func (f *idFeed) load(from, to int64) error { return f.r.texts("id", from, to, &f.text) }

func (f *idFeed) add(out *Rows, sel []int32) {
	for _, i := range sel {
		out.ID = append(out.ID, f.text.at(i))
	}
}

type restFeed struct {
	r    *reader
	text textRange
}

func (f *restFeed) load(from, to int64) error { return f.r.texts("rest", from, to, &f.text) }

func (f *restFeed) add(out *Rows, sel []int32) {
	for _, i := range sel {
		var b []byte
		if s := f.text.at(i); s != "" {
			b = []byte(s)
		}
		out.Rest = append(out.Rest, b)
	}
}

// contextFeed puts the context columns of the file together.
type contextFeed struct {
	r      *reader
	cols   []contextColumn
	values []textRange
}

func newContextFeed(r *reader) *contextFeed {
	f := &contextFeed{r: r}
	for _, c := range contextColumns() {
		if _, ok := r.file.leaf["context."+c.name]; ok {
			f.cols = append(f.cols, c)
			f.values = append(f.values, textRange{})
		}
	}
	return f
}

func (f *contextFeed) load(from, to int64) error {
	for k, c := range f.cols {
		if err := f.r.texts("context."+c.name, from, to, &f.values[k]); err != nil {
			return err
		}
	}
	return nil
}

func (f *contextFeed) add(out *Rows, sel []int32) {
	for _, i := range sel {
		var x core.Context
		for k := range f.cols {
			*f.cols[k].at(&x) = f.values[k].at(i)
		}
		out.Context = append(out.Context, x)
	}
}

// contextTextFeed brings one context column.
type contextTextFeed struct {
	r      *reader
	at     int // place in Rows.cols
	column string
	text   textRange
}

func (f *contextTextFeed) load(from, to int64) error {
	if _, ok := f.r.file.leaf[f.column]; !ok {
		return nil
	}
	return f.r.texts(f.column, from, to, &f.text)
}

func (f *contextTextFeed) add(out *Rows, sel []int32) {
	c := &out.cols[f.at]
	kinds, _, texts := c.extend(len(sel))
	if _, has := f.r.file.leaf[f.column]; !has {
		return
	}
	for k, i := range sel {
		if s := f.text.at(i); s != "" {
			kinds[k], texts[k] = core.ValueText, s
		}
	}
}

// typedBlock gives the loaded property column of the block. All feeds share it.
func (r *reader) typedBlock(t typedColumn) *typedBlock {
	b := r.typed[t.Column]
	if b == nil {
		b = &typedBlock{col: t}
		r.typed[t.Column] = b
	}
	return b
}

func (r *reader) loadTyped(b *typedBlock, from, to int64) error {
	leaf, ok := r.file.leaf[b.col.Column]
	if !ok {
		return fmt.Errorf("column %s is missing", b.col.Column)
	}
	if v, null, ok := r.file.constant(r.group, leaf); ok {
		b.room(int(from-r.start), int(to-from))
		b.fill(v, null)
		return nil
	}
	c, err := r.column(b.col.Column)
	if err != nil {
		return err
	}
	b.room(int(from-r.start), int(to-from))
	step := r.file.pageRows(b.col.Column)
	for row := from / step * step; row < to; row += step {
		if err := b.load(c, row, max(from, row), min(to, row+step), int(max(from, row)-from)); err != nil {
			return err
		}
	}
	return nil
}

// loadRest reads what is left in the props JSON of the rows, once per block.
func (r *reader) loadRest(from, to int64) error {
	at := [3]int64{int64(r.group), from, to}
	if r.restAt == at {
		return nil
	}
	r.restAt = [3]int64{-1}
	if err := r.texts("props", from, to, &r.rest); err != nil {
		return err
	}
	r.restAt = at
	return nil
}

// propsFeed puts whole property objects together.
type propsFeed struct {
	r     *reader
	typed []*typedBlock
}

func newPropsFeed(r *reader) *propsFeed {
	f := &propsFeed{r: r}
	for _, t := range r.file.layout.Typed {
		f.typed = append(f.typed, r.typedBlock(t))
	}
	return f
}

func (f *propsFeed) load(from, to int64) error {
	for _, b := range f.typed {
		if err := f.r.loadTyped(b, from, to); err != nil {
			return err
		}
	}
	return f.r.loadRest(from, to)
}

func (f *propsFeed) add(out *Rows, sel []int32) {
	for _, i := range sel {
		out.Props = append(out.Props, joined(f.typed, f.r.rest.at(i), int(i)))
	}
}

// propFeed brings one property path.
type propFeed struct {
	r     *reader
	at    int // place in Rows.cols
	path  string
	typed []*typedBlock
	rest  bool // values may stand in the JSON
}

func newPropFeed(r *reader, at int, path string) *propFeed {
	f := &propFeed{r: r, at: at, path: path, rest: r.file.layout.mayHoldRest(path, r.file.rest)}
	for _, t := range r.file.typed[path] {
		f.typed = append(f.typed, r.typedBlock(t))
	}
	return f
}

func (f *propFeed) load(from, to int64) error {
	if !f.r.plan.props { // else propsFeed, which comes first, has loaded all
		for _, b := range f.typed {
			if err := f.r.loadTyped(b, from, to); err != nil {
				return err
			}
		}
	}
	if f.rest {
		return f.r.loadRest(from, to)
	}
	return nil
}

func (f *propFeed) add(out *Rows, sel []int32) {
	kinds, nums, texts := out.cols[f.at].extend(len(sel))
	for k, i := range sel {
		kinds[k], nums[k], texts[k] = f.one(int(i))
	}
}

func (f *propFeed) one(row int) (core.ValueKind, float64, string) {
	for _, b := range f.typed {
		i := row - b.off
		if !b.set[i] {
			continue
		}
		if b.text != nil {
			return b.kind(), 0, b.text[i]
		}
		return b.kind(), b.num[i], ""
	}
	if f.rest {
		if s := f.r.rest.at(int32(row)); s != "" {
			return valueIn(bytesOf(s), f.path)
		}
	}
	return core.ValueNone, 0, ""
}
