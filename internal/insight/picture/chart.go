package picture

import (
	"fmt"
	"math"
	"strings"

	"github.com/ciclo/ciclo/internal/engine/query"
)

// Box is where something is drawn.
type Box struct{ X, Y, W, H float64 }

// inset makes a box smaller on each side.
func (b Box) inset(d float64) Box { return Box{b.X + d, b.Y + d, b.W - 2*d, b.H - 2*d} }

// Sizes of texts, in points.
const (
	titleSize = 11
	textSize  = 8
	bigSize   = 26
)

// Frame draws the panel of a tile with its title and gives what is left.
func (p *Picture) Frame(b Box, title string) Box {
	p.Rect(b.X, b.Y, b.W, b.H, panel)
	in := b.inset(9)
	if title != "" {
		p.Text(in.X, in.Y+titleSize, titleSize, Start, true, ink, p.Fit(title, titleSize, true, in.W))
		in.Y += titleSize + 8
		in.H -= titleSize + 8
	}
	return in
}

// Note writes a sentence where a chart would be.
func (p *Picture) Note(b Box, text string) {
	p.Text(b.X, b.Y+textSize+4, textSize+1, Start, false, muted, p.Fit(text, textSize+1, false, b.W))
}

// Chart draws an answer.
func (p *Picture) Chart(b Box, res *query.Result, w Words) {
	if b.W < 20 || b.H < 20 {
		return
	}
	switch {
	case res.Trend != nil:
		p.trend(b, res.Trend, w)
	case res.Funnel != nil:
		p.funnel(b, res.Funnel, w)
	case res.Retention != nil:
		p.retention(b, res.Retention, w)
	case res.Growth != nil:
		p.growth(b, res.Growth, w)
	case res.Stickiness != nil:
		var rows []row
		for _, bar := range res.Stickiness.Bars {
			rows = append(rows, row{fmt.Sprintf("%d %s", bar.Intervals, w.Say("intervals")), float64(bar.Customers), w.Number(float64(bar.Customers))})
		}
		p.bars(b, rows, w)
	case res.Composition != nil:
		p.bars(b, compositionRows(res.Composition, w), w)
	default:
		p.grid(b, cells(res, w), w)
	}
}

// row is one labelled bar.
type row struct {
	label string
	value float64
	text  string
}

func compositionRows(c *query.CompositionResult, w Words) []row {
	var out []row
	for _, part := range c.Parts {
		out = append(out, row{part.Value.Text, float64(part.Count), w.Number(float64(part.Count)) + "  " + w.Percent(part.Share)})
	}
	if c.Numbers != nil {
		for _, bin := range c.Numbers.Bins {
			out = append(out, row{w.Number(bin.From) + " – " + w.Number(bin.To), float64(bin.Count), w.Number(float64(bin.Count))})
		}
	}
	return out
}

// bars draws horizontal bars, as many as fit.
func (p *Picture) bars(b Box, rows []row, w Words) {
	if len(rows) == 0 {
		p.Note(b, w.Say("empty"))
		return
	}
	const step = 15
	fit := max(int(b.H/step), 1)
	if len(rows) > fit {
		p.Text(b.X, b.Y+b.H, textSize, Start, false, muted, w.Say("more"))
		rows = rows[:max(fit-1, 1)]
	}
	most, label := 0.0, 0.0
	for _, r := range rows {
		most, label = max(most, r.value), max(label, p.Width(r.label, textSize, false))
	}
	label = min(label, b.W*0.4) + 8
	room := b.W - label - 70
	for i, r := range rows {
		y := b.Y + float64(i)*step
		p.Text(b.X+label-8, y+10, textSize, End, false, ink, p.Fit(r.label, textSize, false, label-8))
		long := 0.0
		if most > 0 {
			long = max(r.value/most*room, 0)
		}
		p.Rect(b.X+label, y+2, long, step-5, Colour(0))
		p.Text(b.X+label+long+4, y+10, textSize, Start, false, ink, r.text)
	}
}

// axis is a scale from 0 or below up to a round number.
type axis struct{ lo, hi, step float64 }

func newAxis(lo, hi float64) axis {
	lo, hi = min(lo, 0), max(hi, 0)
	if hi == lo {
		hi = lo + 1
	}
	raw := (hi - lo) / 4
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	step := base
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * base; step >= raw {
			break
		}
	}
	return axis{math.Floor(lo/step) * step, math.Ceil(hi/step) * step, step}
}

// plot draws the lines of an axis and gives the box of the data and how a value
// becomes a height.
func (p *Picture) plot(b Box, a axis, w Words) (Box, func(v float64) float64) {
	label := 0.0
	for v := a.lo; v <= a.hi+a.step/2; v += a.step {
		label = max(label, p.Width(w.Number(v), textSize, false))
	}
	in := Box{b.X + label + 6, b.Y + 4, b.W - label - 8, b.H - 20}
	y := func(v float64) float64 { return in.Y + in.H - (v-a.lo)/(a.hi-a.lo)*in.H }
	for v := a.lo; v <= a.hi+a.step/2; v += a.step {
		p.Line([]Point{{in.X, y(v)}, {in.X + in.W, y(v)}}, 0.5, 0, faint)
		p.Text(in.X-4, y(v)+3, textSize, End, false, muted, w.Number(v))
	}
	return in, y
}

// dates writes as many labels below a plot as fit.
func (p *Picture) dates(in Box, buckets []query.Bucket, x func(i int) float64, w Words) {
	every := max(int(math.Ceil(float64(len(buckets))*42/in.W)), 1)
	for i := 0; i < len(buckets); i += every {
		p.Text(x(i), in.Y+in.H+12, textSize, Middle, false, muted, w.day(buckets[i].Start))
	}
}

// maxLines is how many lines one plot shows.
const maxLines = 7

func (p *Picture) trend(b Box, t *query.TrendResult, w Words) {
	if len(t.Lines) == 0 || len(t.Buckets) == 0 {
		p.Note(b, w.Say("empty"))
		return
	}
	if len(t.Buckets) == 1 {
		p.Big(b, pointText(&t.Lines[0].Points[0], w), "", w)
		return
	}
	lines := t.Lines[:min(len(t.Lines), maxLines)]
	lo, hi := 0.0, 0.0
	for _, l := range lines {
		for _, q := range l.Points {
			if q.Value != nil {
				lo, hi = min(lo, *q.Value), max(hi, *q.Value)
			}
		}
	}
	b = p.legend(b, lines, len(t.Lines) > maxLines, w)
	in, y := p.plot(b, newAxis(lo, hi), w)
	x := func(i int) float64 { return in.X + float64(i)/float64(len(t.Buckets)-1)*in.W }
	for k, l := range lines {
		var run []Point
		for i, q := range l.Points {
			if q.Value == nil {
				p.Line(run, 1.6, dashOf(k), Colour(k))
				run = nil
				continue
			}
			run = append(run, Point{x(i), y(*q.Value)})
		}
		p.Line(run, 1.6, dashOf(k), Colour(k))
	}
	p.dates(in, t.Buckets, x, w)
}

func pointText(q *query.Point, w Words) string {
	if q.Value == nil {
		return w.Say("none")
	}
	return w.Number(*q.Value)
}

// legend names lines above a plot, when there are several.
func (p *Picture) legend(b Box, lines []query.Line, more bool, w Words) Box {
	if len(lines) < 2 {
		return b
	}
	x, y := b.X, b.Y
	for k, l := range lines {
		name := l.Label
		if name == "" {
			name = l.Series
		}
		if !l.Value.All {
			name = l.Value.Text
		}
		name = p.Fit(name, textSize, false, 120)
		wide := p.Width(name, textSize, false) + 30
		if x+wide > b.X+b.W && x > b.X {
			x, y = b.X, y+12
		}
		p.Line([]Point{{x, y + 5}, {x + 16, y + 5}}, 2, dashOf(k), Colour(k))
		p.Text(x+19, y+8, textSize, Start, false, ink, name)
		x += wide
	}
	if more {
		p.Text(x, y+8, textSize, Start, false, muted, w.Say("more"))
	}
	used := y - b.Y + 16
	return Box{b.X, b.Y + used, b.W, b.H - used}
}

func (p *Picture) funnel(b Box, f *query.FunnelResult, w Words) {
	g := &f.Total
	var rows []row
	for i := range g.Steps {
		s := &g.Steps[i]
		share := 0.0
		if s.Entered > 0 {
			share = float64(s.Reached) / float64(s.Entered)
		}
		rows = append(rows, row{fmt.Sprintf("%d  %s", i+1, f.Labels[i]), float64(s.Reached), w.Number(float64(s.Reached)) + "  " + w.Percent(share)})
	}
	if g.Pending > 0 {
		rows = append(rows, row{w.Say("pending"), float64(g.Pending), w.Number(float64(g.Pending))})
	}
	p.bars(b, rows, w)
}

func (p *Picture) growth(b Box, g *query.GrowthResult, w Words) {
	if len(g.Rows) == 0 {
		p.Note(b, w.Say("empty"))
		return
	}
	parts := []struct {
		key string
		of  func(r *query.GrowthRow) int64
	}{{"new", func(r *query.GrowthRow) int64 { return r.New }}, {"returning", func(r *query.GrowthRow) int64 { return r.Returning }},
		{"resurrecting", func(r *query.GrowthRow) int64 { return r.Resurrecting }}, {"dormant", func(r *query.GrowthRow) int64 { return -r.Dormant }}}
	lo, hi := 0.0, 0.0
	lines := make([]query.Line, len(parts))
	for k := range parts {
		lines[k] = query.Line{Label: w.Say(parts[k].key), Value: query.Value{All: true}}
	}
	buckets := make([]query.Bucket, len(g.Rows))
	for i := range g.Rows {
		buckets[i] = g.Rows[i].Bucket
		lo, hi = min(lo, -float64(g.Rows[i].Dormant)), max(hi, float64(g.Rows[i].Active))
	}
	in, y := p.plot(p.legend(b, lines, false, w), newAxis(lo, hi), w)
	wide := in.W / float64(len(g.Rows))
	for i := range g.Rows {
		up := 0.0
		for k, part := range parts {
			v := float64(part.of(&g.Rows[i]))
			x := in.X + float64(i)*wide + wide*0.15
			if v < 0 {
				p.Rect(x, y(0), wide*0.7, y(v)-y(0), Colour(k))
				continue
			}
			p.Rect(x, y(up+v), wide*0.7, y(up)-y(up+v), Colour(k))
			up += v
		}
	}
	p.dates(in, buckets, func(i int) float64 { return in.X + (float64(i)+0.5)*wide }, w)
}

// Big writes one number, with what stands below it.
func (p *Picture) Big(b Box, text, below string, w Words) {
	size := float64(bigSize)
	for size > 10 && p.Width(text, size, true) > b.W {
		size--
	}
	p.Text(b.X, b.Y+size, size, Start, true, ink, text)
	p.Text(b.X, b.Y+size+14, textSize, Start, false, muted, p.Fit(below, textSize, false, b.W))
}

// Spark draws a small line without axes; nil values are gaps.
func (p *Picture) Spark(b Box, values []*float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v != nil {
			lo, hi = min(lo, *v), max(hi, *v)
		}
	}
	if hi <= lo || len(values) < 2 || b.H < 6 {
		return
	}
	var run []Point
	for i, v := range values {
		if v == nil {
			p.Line(run, 1.4, 0, Colour(0))
			run = nil
			continue
		}
		run = append(run, Point{b.X + float64(i)/float64(len(values)-1)*b.W, b.Y + b.H - (*v-lo)/(hi-lo)*b.H})
	}
	p.Line(run, 1.4, 0, Colour(0))
}

// Head writes the heading of a drawing.
func (p *Picture) Head(x, y float64, title, below string) {
	p.Text(x, y+16, 17, Start, true, ink, p.Fit(title, 17, true, p.W-2*x))
	p.Text(x, y+31, textSize+1, Start, false, muted, p.Fit(below, textSize+1, false, p.W-2*x))
}

// Paragraph writes text in lines that fit, as many as there is room for.
func (p *Picture) Paragraph(b Box, text string) {
	y := b.Y + 10
	for _, line := range strings.Split(text, "\n") {
		for _, part := range p.wrapped(strings.Fields(line), b.W) {
			if y > b.Y+b.H {
				return
			}
			p.Text(b.X, y, textSize+1, Start, false, ink, p.Fit(part, textSize+1, false, b.W))
			y += 13
		}
	}
}

// wrapped breaks words into lines; no words make one empty line.
func (p *Picture) wrapped(words []string, wide float64) []string {
	line := ""
	var out []string
	for _, word := range words {
		next := strings.TrimSpace(line + " " + word)
		if line != "" && p.Width(next, textSize+1, false) > wide {
			out = append(out, line)
			next = word
		}
		line = next
	}
	return append(out, line)
}
