package picture

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"strings"
)

// WriteSVG writes p as SVG that needs nothing from elsewhere.
func (p *Picture) WriteSVG(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img" font-family="Go, Inter, Helvetica, Arial, sans-serif">`, number(p.W), number(p.H))
	if p.Title != "" {
		fmt.Fprintf(w, `<title>%s</title>`, escaped(p.Title))
	}
	for i := range p.marks {
		p.marks[i].svg(w)
	}
	fmt.Fprint(w, "</svg>\n")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

func hex(c color.NRGBA) string {
	s := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	if c.A != 255 {
		s += fmt.Sprintf("%02x", c.A)
	}
	return s
}

func (m *mark) svg(w io.Writer) {
	switch {
	case m.text != "":
		fmt.Fprintf(w, `<text x="%s" y="%s" font-size="%s" fill="%s"`, number(m.points[0].X), number(m.points[0].Y), number(m.size), hex(m.color))
		if m.bold {
			fmt.Fprint(w, ` font-weight="700"`)
		}
		if m.anchor != Start {
			fmt.Fprintf(w, ` text-anchor="%s"`, map[Anchor]string{Middle: "middle", End: "end"}[m.anchor])
		}
		fmt.Fprintf(w, `>%s</text>`, escaped(m.text))
	case m.rect:
		a, b := m.points[0], m.points[1]
		fmt.Fprintf(w, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>`, number(a.X), number(a.Y), number(b.X-a.X), number(b.Y-a.Y), hex(m.color))
	default:
		var path strings.Builder
		for i, q := range m.points {
			path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + number(q.X) + " " + number(q.Y))
		}
		if m.area {
			fmt.Fprintf(w, `<path d="%sZ" fill="%s"/>`, path.String(), hex(m.color))
			return
		}
		fmt.Fprintf(w, `<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"`, path.String(), hex(m.color), number(m.width))
		if m.dash > 0 {
			fmt.Fprintf(w, ` stroke-dasharray="%s"`, number(m.dash))
		}
		fmt.Fprint(w, "/>")
	}
}
