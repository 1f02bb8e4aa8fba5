package picture

import (
	"fmt"
	"image/color"

	"github.com/ciclo/ciclo/internal/engine/query"
)

// cell is one cell of a table; shade from 0 to 1 colours it.
type cell struct {
	text  string
	shade float64
	num   bool
	faded bool
}

// grid draws a table, as much of it as fits; the first row is the head.
func (p *Picture) grid(b Box, rows [][]cell, w Words) {
	if len(rows) < 2 {
		p.Note(b, w.Say("empty"))
		return
	}
	const step = 14
	fit := max(int(b.H/step), 2)
	if len(rows) > fit {
		p.Text(b.X, b.Y+b.H, textSize, Start, false, muted, w.Say("more"))
		rows = rows[:fit-1]
	}
	widths := p.columns(b, rows)
	for i, r := range rows {
		x, y := b.X, b.Y+float64(i)*step
		if i == 1 {
			p.Line([]Point{{b.X, y}, {b.X + b.W, y}}, 0.5, 0, muted)
		}
		for k, c := range r {
			if k == len(widths) {
				break
			}
			if c.shade > 0 {
				p.Rect(x+0.5, y+0.5, widths[k]-1, step-1, shaded(c.shade))
			}
			col := ink
			if i == 0 || c.faded {
				col = muted
			}
			text := p.Fit(c.text, textSize, false, widths[k]-6)
			if c.num {
				p.Text(x+widths[k]-3, y+10, textSize, End, false, col, text)
			} else {
				p.Text(x+3, y+10, textSize, Start, false, col, text)
			}
			x += widths[k]
		}
	}
}

// columns gives the widths of the columns that fit.
func (p *Picture) columns(b Box, rows [][]cell) []float64 {
	var widths []float64
	for _, r := range rows {
		for k, c := range r {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			widths[k] = max(widths[k], min(p.Width(c.text, textSize, false)+8, b.W*0.35))
		}
	}
	left := b.W
	for k := range widths {
		if left -= widths[k]; left < 0 {
			return widths[:max(k, 1)]
		}
	}
	return widths
}

// shaded mixes the first colour into white, at most 36 %: text stays readable.
func shaded(v float64) color.NRGBA {
	c, t := Colour(0), min(v, 1)*0.36
	mix := func(x uint8) uint8 { return uint8(255 - (255-float64(x))*t) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

func head(texts ...string) []cell {
	out := make([]cell, len(texts))
	for i, t := range texts {
		out[i] = cell{text: t, num: i > 0}
	}
	return out
}

func (p *Picture) retention(b Box, r *query.RetentionResult, w Words) {
	if len(r.Groups) == 0 {
		p.Note(b, w.Say("empty"))
		return
	}
	g := &r.Groups[0]
	top := []string{"", w.Say("size")}
	for _, c := range r.Columns {
		text := fmt.Sprint(c[0])
		if c[1] != c[0] {
			text += "–" + fmt.Sprint(c[1])
		}
		top = append(top, text)
	}
	rows := [][]cell{head(top...)}
	line := func(name string, list []query.RetentionCell) {
		out := []cell{{text: name}}
		for k, c := range list {
			if k == 0 {
				out = append(out, cell{text: w.Number(float64(c.Size)), num: true})
			}
			x := cell{num: true, faded: c.Incomplete}
			if c.Share != nil {
				x.text, x.shade = w.Percent(*c.Share), *c.Share
			}
			out = append(out, x)
		}
		rows = append(rows, out)
	}
	line(w.Say("mean"), g.Average)
	for i, list := range g.Rows {
		line(w.day(r.Buckets[i].Start), list)
	}
	p.grid(b, rows, w)
}

// cells are the kinds of answers that are shown as tables.
func cells(res *query.Result, w Words) [][]cell {
	var rows [][]cell
	num := func(v float64) cell { return cell{text: w.Number(v), num: true} }
	switch {
	case res.Table != nil:
		for i, r := range res.Table.Rows {
			name := ""
			if r.Value != nil {
				name = r.Value.Text
			} else if r.Customer != 0 {
				name = fmt.Sprintf("#%d", r.Customer)
			}
			line := []cell{{text: name}}
			top := []string{""}
			for k := range r.Points {
				line = append(line, cell{text: pointText(&r.Points[k], w), num: true})
				top = append(top, string(rune('A'+k)))
			}
			if i == 0 {
				rows = append(rows, head(top...))
			}
			rows = append(rows, line)
		}
	case res.Paths != nil:
		rows = append(rows, head("", "", w.Say("customers")))
		for _, e := range res.Paths.Edges {
			rows = append(rows, []cell{{text: e.From}, {text: e.To}, num(float64(e.Customers))})
		}
	case res.Attribution != nil:
		top := []string{w.Say("channel")}
		for _, m := range res.Attribution.Models {
			name := m.Model
			if m.Order > 0 {
				name += fmt.Sprint(" ", m.Order)
			}
			top = append(top, name)
		}
		rows = append(rows, head(top...))
		for i, c := range res.Attribution.Channels {
			line := []cell{{text: c.Channel}}
			for _, m := range res.Attribution.Models {
				if i < len(m.Credits) {
					line = append(line, num(m.Credits[i].Conversions))
				} else {
					line = append(line, cell{})
				}
			}
			rows = append(rows, line)
		}
	}
	return rows
}
