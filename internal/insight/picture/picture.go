// Package picture draws charts without a browser: one drawing of rectangles,
// lines, areas and texts, written as SVG, PDF or PNG. Units are points of 1/72
// inch; y grows downwards.
package picture

import (
	"fmt"
	"image/color"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Anchor says where a text lies about its point.
type Anchor uint8

// Anchors.
const (
	Start Anchor = iota
	Middle
	End
)

// Point is a place.
type Point struct{ X, Y float64 }

// mark is one thing drawn; exactly one of its forms is used.
type mark struct {
	points []Point // of a line or an area
	area   bool
	rect   bool // points[0] to points[1]
	width  float64
	dash   float64
	color  color.NRGBA

	text   string
	size   float64
	bold   bool
	anchor Anchor
}

// Picture is a drawing.
type Picture struct {
	W, H  float64
	Title string // for those who cannot see it
	marks []mark
	fonts *fonts
}

// fonts measure texts.
type fonts struct{ regular, bold *sfnt.Font }

// New makes an empty picture on white ground.
func New(w, h float64) (*Picture, error) {
	f := &fonts{}
	var err error
	if f.regular, err = sfnt.Parse(goregular.TTF); err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	if f.bold, err = sfnt.Parse(gobold.TTF); err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	p := &Picture{W: w, H: h, fonts: f}
	p.Rect(0, 0, w, h, white)
	return p, nil
}

// Colours of what is no data.
var (
	white = color.NRGBA{255, 255, 255, 255}
	ink   = color.NRGBA{33, 37, 41, 255}
	muted = color.NRGBA{87, 95, 103, 255}
	faint = color.NRGBA{222, 226, 230, 255}
	panel = color.NRGBA{248, 249, 250, 255}
)

// Colour gives the colour of series i: those of Okabe and Ito (2008), which stay
// apart with each kind of colour blindness.
func Colour(i int) color.NRGBA {
	list := []color.NRGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {90, 90, 90, 255}}
	return list[i%len(list)]
}

// dashOf gives the dash of series i, so that colour is not all that tells.
func dashOf(i int) float64 { return []float64{0, 5, 2, 8}[i%4] }

// Rect fills a rectangle.
func (p *Picture) Rect(x, y, w, h float64, c color.NRGBA) {
	p.marks = append(p.marks, mark{rect: true, points: []Point{{x, y}, {x + w, y + h}}, color: c})
}

// Line draws through points; dash is the length of dashes, 0 for none.
func (p *Picture) Line(points []Point, width, dash float64, c color.NRGBA) {
	if len(points) > 1 {
		p.marks = append(p.marks, mark{points: points, width: width, dash: dash, color: c})
	}
}

// Area fills the polygon of points.
func (p *Picture) Area(points []Point, c color.NRGBA) {
	if len(points) > 2 {
		p.marks = append(p.marks, mark{points: points, area: true, color: c})
	}
}

// Text writes on the base line at y.
func (p *Picture) Text(x, y, size float64, a Anchor, bold bool, c color.NRGBA, text string) {
	if text = printable(text); text != "" {
		p.marks = append(p.marks, mark{points: []Point{{x, y}}, text: text, size: size, bold: bold, anchor: a, color: c})
	}
}

// printable takes out what no font shows: control characters and breaks.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == 0xFFFD || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E {
			return -1
		}
		return r
	}, s)
}

// Width is how wide a text is.
func (p *Picture) Width(text string, size float64, bold bool) float64 {
	f := p.fonts.regular
	if bold {
		f = p.fonts.bold
	}
	var buf sfnt.Buffer
	w := 0.0
	for _, r := range text {
		i, err := f.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		a, err := f.GlyphAdvance(&buf, i, fixed.I(1000), 0)
		if err == nil {
			w += float64(a) / 64 / 1000 * size
		}
	}
	return w
}

// Fit cuts a text so that it is at most as wide as given.
func (p *Picture) Fit(text string, size float64, bold bool, most float64) string {
	if text = printable(text); p.Width(text, size, bold) <= most {
		return text
	}
	runes := []rune(text)
	n := sort.Search(len(runes), func(n int) bool { return p.Width(string(runes[:n+1])+"…", size, bold) > most })
	if n == 0 {
		return ""
	}
	return strings.TrimRight(string(runes[:n]), " ") + "…"
}

// number writes a coordinate.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }
