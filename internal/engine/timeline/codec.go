package timeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/klauspost/compress/zstd"
)

// bodyFormat is the first byte of a tail row's body.
const bodyFormat = 1

// maxBody bounds the memory a damaged body may claim when it is opened, bytes.
const maxBody = 1 << 30

// Presence bits of an encoded event.
const (
	hasOriginal = 1 << iota
	hasSent
	hasContext
	hasProps
	hasRest
)

// row is an event in memory. Its texts point into the arena of its batch.
type row struct {
	customer core.CustomerID
	actor    core.ActorID
	time     core.Micros
	received core.Micros
	original core.Micros
	sent     core.Micros
	seq      int64
	source   core.SourceID
	id       string
	name     string
	flags    core.Flags
	kind     core.Kind
	ctx      *core.Context // nil when empty
	filled   uint32        // context columns that are set, by bit; known for tail rows only
	props    []byte
	rest     []byte
}

func (r *row) event(into *core.Event) {
	*into = core.Event{Customer: r.customer, Actor: r.actor, Time: r.time, Received: r.received, Original: r.original, Sent: r.sent,
		Seq: r.seq, ID: r.id, Kind: r.kind, Name: r.name, Source: r.source, Flags: r.flags, Props: r.props, Rest: r.rest}
	if r.ctx != nil {
		into.Context = *r.ctx
	}
}

// codec turns batches of events into bodies of tail rows and back. Safe for
// concurrent use.
type codec struct {
	enc     *zstd.Encoder
	dec     *zstd.Decoder
	context []contextColumn
}

func newCodec() (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, fmt.Errorf("make encoder: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return nil, fmt.Errorf("make decoder: %w", err)
	}
	return &codec{enc: enc, dec: dec, context: contextColumns()}, nil
}

// plain writes events uncompressed. Log positions are not written: they follow
// from the row's first one.
func (c *codec) plain(events []core.Event) []byte {
	b := make([]byte, 0, 64+len(events)*320)
	b = binary.AppendUvarint(b, uint64(len(events)))
	for i := range events {
		b = c.appendEvent(b, &events[i])
	}
	return b
}

func (c *codec) pack(plain []byte) []byte {
	out := make([]byte, 1, 64+len(plain)/3)
	out[0] = bodyFormat
	return c.enc.EncodeAll(plain, out)
}

func (c *codec) appendEvent(b []byte, e *core.Event) []byte {
	var bits byte
	empty := e.Context == core.Context{}
	set := func(on bool, bit byte) {
		if on {
			bits |= bit
		}
	}
	set(e.Original != 0, hasOriginal)
	set(e.Sent != 0, hasSent)
	set(!empty, hasContext)
	set(len(e.Props) > 0, hasProps)
	set(len(e.Rest) > 0, hasRest)
	b = append(b, bits, byte(e.Kind))
	b = binary.AppendUvarint(b, uint64(e.Flags))
	b = binary.AppendUvarint(b, uint64(e.Customer))
	b = binary.AppendUvarint(b, uint64(e.Actor))
	b = binary.AppendUvarint(b, uint64(e.Source))
	b = binary.AppendVarint(b, e.Time)
	b = binary.AppendVarint(b, e.Received-e.Time)
	if bits&hasOriginal != 0 {
		b = binary.AppendVarint(b, e.Original-e.Time)
	}
	if bits&hasSent != 0 {
		b = binary.AppendVarint(b, e.Sent-e.Time)
	}
	b = appendText(b, e.ID)
	b = appendText(b, e.Name)
	if !empty {
		b = c.appendContext(b, &e.Context)
	}
	if bits&hasProps != 0 {
		b = appendText(b, e.Props)
	}
	if bits&hasRest != 0 {
		b = appendText(b, e.Rest)
	}
	return b
}

func (c *codec) appendContext(b []byte, x *core.Context) []byte {
	var mask uint64
	size := 0
	for i := range c.context {
		if s := *c.context[i].at(x); s != "" {
			mask |= 1 << i
			size += len(s) + 3
		}
	}
	inner := binary.AppendUvarint(make([]byte, 0, size+8), mask)
	for i := range c.context {
		if mask&(1<<i) != 0 {
			inner = appendText(inner, *c.context[i].at(x))
		}
	}
	return appendText(b, inner)
}

func appendText[T string | []byte](b []byte, s T) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

var errBody = errors.New("damaged tail row")

// unpack opens a body as pack made it.
func (c *codec) unpack(body []byte) ([]byte, error) {
	if len(body) == 0 || body[0] != bodyFormat {
		return nil, errBody
	}
	plain, err := c.dec.DecodeAll(body[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBody, err)
	}
	return plain, nil
}

// rows reads a plain body. The rows keep pointing into it.
func (c *codec) rows(plain []byte, firstSeq int64) ([]row, error) {
	d := decoder{b: plain}
	n := d.uvarint()
	if n > uint64(len(plain)) {
		return nil, errBody
	}
	out := make([]row, n)
	seen := map[string]contextOf{}
	for i := range out {
		r := &out[i]
		r.seq = firstSeq + int64(i)
		c.readEvent(&d, r, seen)
		if d.bad {
			return nil, fmt.Errorf("%w: event %d of %d", errBody, i, n)
		}
	}
	if len(d.b) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errBody, len(d.b))
	}
	return out, nil
}

func (c *codec) readEvent(d *decoder, r *row, seen map[string]contextOf) {
	head := d.take(2)
	if head == nil {
		return
	}
	bits := head[0]
	r.kind = core.Kind(head[1])
	r.flags = core.Flags(d.uvarint())
	r.customer = core.CustomerID(d.uvarint())
	r.actor = core.ActorID(d.uvarint())
	r.source = core.SourceID(d.uvarint())
	r.time = d.varint()
	r.received = r.time + d.varint()
	if bits&hasOriginal != 0 {
		r.original = r.time + d.varint()
	}
	if bits&hasSent != 0 {
		r.sent = r.time + d.varint()
	}
	r.id = text(d.bytes())
	r.name = text(d.bytes())
	if bits&hasContext != 0 {
		raw := text(d.bytes())
		x, ok := seen[raw]
		if !ok {
			x = c.readContext(d, raw)
			seen[raw] = x
		}
		r.ctx, r.filled = x.ctx, x.filled
	}
	if bits&hasProps != 0 {
		r.props = d.bytes()
	}
	if bits&hasRest != 0 {
		r.rest = d.bytes()
	}
}

// contextOf is a decoded context, shared by the events of a batch that have it.
type contextOf struct {
	ctx    *core.Context
	filled uint32
}

func (c *codec) readContext(d *decoder, raw string) contextOf {
	in := decoder{b: unsafe.Slice(unsafe.StringData(raw), len(raw))}
	x := &core.Context{}
	mask := in.uvarint()
	for i := range c.context {
		if mask&(1<<i) != 0 {
			*c.context[i].at(x) = text(in.bytes())
		}
	}
	if in.bad || mask>>len(c.context) != 0 {
		d.bad = true
	}
	return contextOf{x, uint32(mask)}
}

// text views b, which never changes again, as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// decoder reads a body; after a fault it stays bad and gives zero values.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

// bytesOf views s as bytes that must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
