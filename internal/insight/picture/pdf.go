package picture

import (
	"fmt"
	"io"

	"github.com/signintech/gopdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// WritePDF writes pictures as the pages of one PDF, with the fonts in it.
func WritePDF(out io.Writer, title string, pages []*Picture) error {
	pdf := gopdf.GoPdf{}
	pdf.Start(gopdf.Config{Unit: gopdf.UnitPT, PageSize: *gopdf.PageSizeA4})
	pdf.SetInfo(gopdf.PdfInfo{Title: printable(title), Producer: "Ciclo"})
	for name, ttf := range map[string][]byte{"go": goregular.TTF, "gobold": gobold.TTF} {
		if err := pdf.AddTTFFontData(name, ttf); err != nil {
			return fmt.Errorf("write PDF: %w", err)
		}
	}
	for _, p := range pages {
		pdf.AddPageWithOption(gopdf.PageOption{PageSize: &gopdf.Rect{W: p.W, H: p.H}})
		for i := range p.marks {
			if err := p.marks[i].pdf(&pdf, p); err != nil {
				return fmt.Errorf("write PDF: %w", err)
			}
		}
	}
	if _, err := pdf.WriteTo(out); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

func (m *mark) pdf(pdf *gopdf.GoPdf, p *Picture) error {
	if m.text != "" {
		name := "go"
		if m.bold {
			name = "gobold"
		}
		if err := pdf.SetFont(name, "", m.size); err != nil {
			return err
		}
		x := m.points[0].X
		switch w := p.Width(m.text, m.size, m.bold); m.anchor {
		case Middle:
			x -= w / 2
		case End:
			x -= w
		}
		pdf.SetTextColor(m.color.R, m.color.G, m.color.B)
		pdf.SetXY(x, m.points[0].Y)
		return pdf.Text(m.text)
	}
	c := blended(m)
	pdf.SetFillColor(c[0], c[1], c[2])
	pdf.SetStrokeColor(c[0], c[1], c[2])
	switch {
	case m.rect:
		a, b := m.points[0], m.points[1]
		pdf.RectFromUpperLeftWithStyle(a.X, a.Y, b.X-a.X, b.Y-a.Y, "F")
	case m.area:
		points := make([]gopdf.Point, len(m.points))
		for i, q := range m.points {
			points[i] = gopdf.Point{X: q.X, Y: q.Y}
		}
		pdf.Polygon(points, "F")
	default:
		pdf.SetLineWidth(m.width)
		for _, part := range dashed(m.points, m.dash) {
			for i := 1; i < len(part); i++ {
				pdf.Line(part[i-1].X, part[i-1].Y, part[i].X, part[i].Y)
			}
		}
	}
	return nil
}

// blended is a colour on white: pages need no transparency then.
func blended(m *mark) [3]uint8 {
	mix := func(v uint8) uint8 { return uint8((int(v)*int(m.color.A) + 255*(255-int(m.color.A))) / 255) }
	return [3]uint8{mix(m.color.R), mix(m.color.G), mix(m.color.B)}
}
