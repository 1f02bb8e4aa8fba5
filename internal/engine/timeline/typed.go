package timeline

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// typedBlock is a property column of one block, spread over its rows.
type typedBlock struct {
	col  typedColumn
	set  []bool
	text []string
	num  []float64 // numbers; booleans as 0 and 1
}

func newTypedBlock(t typedColumn) *typedBlock {
	b := &typedBlock{col: t, set: make([]bool, blockRows)}
	if t.Type == typeText {
		b.text = make([]string, blockRows)
	} else {
		b.num = make([]float64, blockRows)
	}
	return b
}

// load reads the block that starts at row of the group.
func (b *typedBlock) load(c *column, row int64, rows int) error {
	if err := c.read(row); err != nil {
		return err
	}
	levels := c.page.DefinitionLevels()
	if len(levels) == 0 && c.page.NumNulls() == 0 {
		levels = nil
	} else if len(levels) != rows {
		return fmt.Errorf("column %s: page has %d rows, want %d", b.col.Column, len(levels), rows)
	}
	for i := range rows {
		b.set[i] = levels == nil || levels[i] != 0
	}
	switch b.col.Type {
	case typeText:
		b.loadTexts(c, rows)
	case typeNumber:
		b.loadNumbers(c, rows)
	default:
		data := c.page.Data()
		bits := data.Boolean()
		n := 0
		for i := range rows {
			if b.set[i] {
				b.num[i] = float64(bits[n>>3] >> (n & 7) & 1)
				n++
			}
		}
	}
	return nil
}

func (b *typedBlock) loadTexts(c *column, rows int) {
	data := c.page.Data()
	n := 0
	if c.page.Dictionary() != nil {
		c.know()
		idx := data.Int32()
		for i := range rows {
			if b.set[i] {
				b.text[i] = c.dict.text(idx[n])
				n++
			}
		}
		return
	}
	raw, off := data.ByteArray()
	whole := string(raw)
	for i := range rows {
		if b.set[i] {
			b.text[i] = whole[off[n]:off[n+1]]
			n++
		}
	}
}

func (b *typedBlock) loadNumbers(c *column, rows int) {
	data := c.page.Data()
	n := 0
	if c.page.Dictionary() != nil {
		c.know()
		idx := data.Int32()
		for i := range rows {
			if b.set[i] {
				b.num[i] = c.dict.doubles[idx[n]]
				n++
			}
		}
		return
	}
	values := data.Double()
	for i := range rows {
		if b.set[i] {
			b.num[i] = values[n]
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

// appendJSON writes the value of row i as JSON.
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
func joined(typed []*typedBlock, rest string, i int) []byte {
	if rest == "" {
		return nil
	}
	if rest[0] != '{' || len(rest) < 2 {
		return []byte(rest)
	}
	n := len(rest) + 2
	any := false
	for _, t := range typed {
		if t.set[i] {
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
		if t.set[i] {
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
