package timeline

import (
	"bytes"
	"runtime"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/parquet-go/parquet-go"
)

// builder turns up to blockRows rows into column values. Its arrays are reused
// from block to block.
type builder struct {
	layout  *layout
	typed   map[string][4]int16 // property → place in layout.Typed by valueType, -1 = none
	context []contextColumn     // those the file has
	ints    []intColumn
	cols    [][]parquet.Value // by leaf
	leafOf  map[string]int
	typedAt []int // leaf of each typed column
	mu      sync.Mutex
	keys    map[string]bool // keys left in JSON, of all blocks
}

// intColumn is one integer column of an event.
type intColumn struct {
	name string
	of   func(*row) int64
}

func intColumns() []intColumn {
	return []intColumn{
		{"customer", func(r *row) int64 { return int64(r.customer) }},
		{"actor", func(r *row) int64 { return int64(r.actor) }},
		{"time", func(r *row) int64 { return r.time }},
		{"received", func(r *row) int64 { return r.received }},
		{"original", func(r *row) int64 { return r.original }},
		{"sent", func(r *row) int64 { return r.sent }},
		{"seq", func(r *row) int64 { return r.seq }},
		{"source", func(r *row) int64 { return int64(r.source) }},
		{"flags", func(r *row) int64 { return int64(r.flags) }},
	}
}

func newBuilder(l *layout, schema *parquet.Schema) *builder {
	b := &builder{layout: l, typed: map[string][4]int16{}, ints: intColumns(), leafOf: map[string]int{}, keys: map[string]bool{}}
	for i, path := range schema.Columns() {
		b.leafOf[path[0]] = i
		b.cols = append(b.cols, make([]parquet.Value, 0, blockRows))
	}
	for _, c := range contextColumns() {
		if slices.Contains(l.Context, c.name) {
			b.context = append(b.context, c)
		}
	}
	for i, t := range l.Typed {
		at, ok := b.typed[t.Path]
		if !ok {
			at = [4]int16{-1, -1, -1, -1}
		}
		at[t.Type] = int16(i)
		b.typed[t.Path] = at
		b.typedAt = append(b.typedAt, b.leafOf[t.Column])
	}
	return b
}

// build fills the columns from rows, several slices of rows at once.
func (b *builder) build(rows []*row) {
	for i := range b.cols {
		b.cols[i] = b.cols[i][:len(rows)]
	}
	parts := runtime.GOMAXPROCS(0)
	step := (len(rows) + parts - 1) / parts
	var wg sync.WaitGroup
	for from := 0; from < len(rows); from += step {
		wg.Add(1)
		go func() {
			defer wg.Done()
			b.slice(rows, from, min(from+step, len(rows)))
		}()
	}
	wg.Wait()
}

func (b *builder) slice(rows []*row, from, to int) {
	for _, c := range b.ints {
		out := b.cols[b.leafOf[c.name]]
		for i := from; i < to; i++ {
			out[i] = parquet.Int64Value(c.of(rows[i]))
		}
	}
	kind, event := b.cols[b.leafOf["kind"]], b.cols[b.leafOf["event"]]
	id, rest := b.cols[b.leafOf["id"]], b.cols[b.leafOf["rest"]]
	for i := from; i < to; i++ {
		r := rows[i]
		kind[i] = parquet.Int32Value(int32(r.kind))
		event[i] = textValue(r.name)
		id[i] = textValue(r.id)
		rest[i] = parquet.ByteArrayValue(r.rest)
	}
	for _, c := range b.context {
		out := b.cols[b.leafOf["context."+c.name]]
		for i := from; i < to; i++ {
			s := ""
			if x := rows[i].ctx; x != nil {
				s = *c.at(x)
			}
			out[i] = textValue(s)
		}
	}
	b.props(rows, from, to)
}

// props spreads the properties over the typed columns and the rest.
func (b *builder) props(rows []*row, from, to int) {
	for k, leaf := range b.typedAt {
		null := parquet.NullValue().Level(0, 0, leaf)
		out := b.cols[b.typedAt[k]]
		for i := from; i < to; i++ {
			out[i] = null
		}
	}
	s := splitter{b: b, keys: map[string]bool{}, touched: make([]int, 0, 64)}
	out := b.cols[b.leafOf["props"]]
	for i := from; i < to; i++ {
		out[i] = parquet.ByteArrayValue(s.split(rows[i].props, i))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range s.keys {
		if len(b.keys) >= maxRestKeys {
			b.layout.RestAny = true
			break
		}
		b.keys[k] = true
	}
	if s.opaque {
		b.layout.RestAny = true
	}
}

func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(bytesOf(s))
}

// splitter takes the objects of one slice of rows apart.
type splitter struct {
	b       *builder
	keys    map[string]bool // with values left in JSON, a null too: it takes a trait away
	opaque  bool            // some object could not be taken apart
	touched []int           // typed columns set for the row at hand
	left    [][]byte        // keys with columns whose value stayed in JSON in this row
	arena   []byte
}

// split sets the typed columns of row i and gives what is left as JSON: nil
// for no object, "{}" for one that is used up.
func (s *splitter) split(props []byte, i int) []byte {
	if len(props) == 0 {
		return nil
	}
	if cap(s.arena)-len(s.arena) < len(props)+16 {
		s.arena = make([]byte, 0, max(1<<18, 2*len(props)+16))
	}
	start := len(s.arena)
	s.arena = append(s.arena, '{')
	s.touched, s.left = s.touched[:0], s.left[:0]
	ok := members(props, func(key, raw []byte) bool { return s.member(key, raw, i, start) })
	if !ok {
		for _, leaf := range s.touched {
			s.b.cols[leaf][i] = parquet.NullValue().Level(0, 0, leaf)
		}
		s.arena = s.arena[:start]
		s.opaque = true
		return props
	}
	s.arena = append(s.arena, '}')
	return s.arena[start:len(s.arena):len(s.arena)]
}

func (s *splitter) member(key, raw []byte, i, start int) bool {
	t, f := typeOf(raw)
	at, known := s.b.typed[string(key)]
	if known {
		if s.twice(at, key, i) {
			return false // keep the object as it is: the first of the two must stay first
		}
		if t >= typeText && t <= typeBool && at[t] >= 0 {
			leaf := s.b.typedAt[at[t]]
			s.b.cols[leaf][i] = typedValue(t, raw, f).Level(0, 1, leaf)
			s.touched = append(s.touched, leaf)
			return true
		}
		s.left = append(s.left, key)
	}
	if len(s.keys) <= maxRestKeys && !s.keys[string(key)] {
		s.keys[string(key)] = true
	}
	if len(s.arena) > start+1 {
		s.arena = append(s.arena, ',')
	}
	s.arena = append(append(append(s.arena, '"'), key...), '"', ':')
	s.arena = append(s.arena, raw...)
	return true
}

// twice says whether a key with columns was already met in this row.
func (s *splitter) twice(at [4]int16, key []byte, i int) bool {
	for _, k := range at[1:] {
		if k >= 0 && !s.b.cols[s.b.typedAt[k]][i].IsNull() {
			return true
		}
	}
	for _, k := range s.left {
		if bytes.Equal(k, key) {
			return true
		}
	}
	return false
}

func typedValue(t valueType, raw []byte, f float64) parquet.Value {
	switch t {
	case typeText:
		return parquet.ByteArrayValue(raw[1 : len(raw)-1])
	case typeNumber:
		return parquet.DoubleValue(f)
	default:
		return parquet.BooleanValue(raw[0] == 't')
	}
}

// count notes the properties of an event for choosing columns.
func (c propCounts) count(props []byte) {
	members(props, func(key, raw []byte) bool {
		t, _ := typeOf(raw)
		c.add(key, raw, t)
		return true
	})
}

// customersOf counts the distinct customers of sorted rows, given the last one
// before them.
func customersOf(rows []*row, last core.CustomerID) (n int64) {
	for _, r := range rows {
		if r.customer != last {
			n, last = n+1, r.customer
		}
	}
	return n
}
