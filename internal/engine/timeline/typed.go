package timeline

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/parquet-go/parquet-go"
)

// typedBlock is a property column of some rows of a block.
type typedBlock struct {
	col  typedColumn
	off  int // row of the block that the first element stands for
	set  []bool
	text []string
	num  []float64 // numbers; booleans as 0 and 1
}

// room makes place for rows [off, off+n) of the block.
func (b *typedBlock) room(off, n int) {
	b.off, b.set = off, sized(b.set, n)
	if b.col.Type == typeText {
		b.text = sized(b.text, n)
	} else {
		b.num = sized(b.num, n)
	}
}

// fill gives all rows one value, or none.
func (b *typedBlock) fill(v parquet.Value, null bool) {
	for i := range b.set {
		b.set[i] = !null
	}
	if null {
		return
	}
	switch b.col.Type {
	case typeText:
		s := string(v.ByteArray())
		for i := range b.text {
			b.text[i] = s
		}
	default:
		n := 0.0
		if b.col.Type == typeNumber {
			n = v.Double()
		} else if v.Boolean() {
			n = 1
		}
		for i := range b.num {
			b.num[i] = n
		}
	}
}

// load reads rows [from, to) of the group, all in the page that starts at row
// page, to element at and on.
func (b *typedBlock) load(c *column, page, from, to int64, at int) error {
	if err := c.read(page); err != nil {
		return err
	}
	n := c.page.NumRows()
	if to > page+n {
		return fmt.Errorf("column %s: page has %d rows, want %d", b.col.Column, n, to-page)
	}
	levels := c.page.DefinitionLevels()
	skip := int(from - page) // values of rows before from
	set := b.set[at : at+int(to-from)]
	if len(levels) == 0 {
		for i := range set {
			set[i] = true
		}
	} else {
		levels, skip = levels[skip:], countSet(levels[:skip])
		for i := range set {
			set[i] = levels[i] != 0
		}
	}
	data := c.page.Data()
	switch b.col.Type {
	case typeText:
		b.loadTexts(c, set, b.text[at:], skip)
	case typeNumber:
		b.loadNumbers(c, set, b.num[at:], skip)
	default:
		bits, num := data.Boolean(), b.num[at:]
		for i, on := range set {
			if on {
				num[i] = float64(bits[skip>>3] >> (skip & 7) & 1)
				skip++
			}
		}
	}
	return nil
}

func countSet(levels []byte) (n int) {
	for _, l := range levels {
		n += int(l)
	}
	return n
}

func (b *typedBlock) loadTexts(c *column, set []bool, text []string, n int) {
	data := c.page.Data()
	if c.page.Dictionary() != nil {
		c.know()
		idx := data.Int32()
		for i, on := range set {
			if on {
				text[i] = c.dict.text(idx[n])
				n++
			}
		}
		return
	}
	raw, off := data.ByteArray()
	end := n
	for _, on := range set {
		if on {
			end++
		}
	}
	if end == n {
		return
	}
	start := off[n]
	whole := string(raw[start:off[end]])
	for i, on := range set {
		if on {
			text[i] = whole[off[n]-start : off[n+1]-start]
			n++
		}
	}
}

func (b *typedBlock) loadNumbers(c *column, set []bool, num []float64, n int) {
	data := c.page.Data()
	if c.page.Dictionary() != nil {
		c.know()
		idx, values := data.Int32(), c.dict.doubles
		for i, on := range set {
			if on {
				num[i] = values[idx[n]]
				n++
			}
		}
		return
	}
	values := data.Double()
	for i, on := range set {
		if on {
			num[i] = values[n]
			n++
		}
	}
}

func (b *typedBlock) kind() core.ValueKind {
	switch b.col.Type {
	case typeText:
		return core.ValueText
	case typeNumber:
		return core.ValueNumber
	default:
		return core.ValueBool
	}
}

// appendJSON writes element i as JSON.
func (b *typedBlock) appendJSON(out []byte, i int) []byte {
	switch b.col.Type {
	case typeText:
		return append(append(append(out, '"'), b.text[i]...), '"')
	case typeNumber:
		return appendNumber(out, b.num[i])
	}
	if b.num[i] != 0 {
		return append(out, "true"...)
	}
	return append(out, "false"...)
}

// joined puts an object back together: typed values, then what was left.
func joined(typed []*typedBlock, rest string, row int) []byte {
	if rest == "" {
		return nil
	}
	if rest[0] != '{' || len(rest) < 2 {
		return []byte(rest)
	}
	n := len(rest) + 2
	any := false
	for _, t := range typed {
		if i := row - t.off; t.set[i] {
			any = true
			n += len(t.col.Path) + 28
			if t.text != nil {
				n += len(t.text[i])
			}
		}
	}
	if !any {
		return []byte(rest)
	}
	out := make([]byte, 1, n)
	out[0] = '{'
	for _, t := range typed {
		if i := row - t.off; t.set[i] {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), t.col.Path...), '"', ':')
			out = t.appendJSON(out, i)
		}
	}
	if rest != "{}" {
		return append(append(out, ','), rest[1:]...)
	}
	return append(out, '}')
}
