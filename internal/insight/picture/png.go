package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// maxPixels bounds an image.
const maxPixels = 64 << 20

// WritePNG writes p as PNG, scale pixels a point.
func (p *Picture) WritePNG(out io.Writer, scale float64) error {
	w, h := int(math.Ceil(p.W*scale)), int(math.Ceil(p.H*scale))
	if w <= 0 || h <= 0 || w*h > maxPixels {
		return fmt.Errorf("write picture: %d × %d pixels are too many", w, h)
	}
	c := &canvas{img: image.NewNRGBA(image.Rect(0, 0, w, h)), scale: scale, fonts: p.fonts, faces: map[faceKey]font.Face{}}
	for i := range p.marks {
		if err := c.draw(&p.marks[i]); err != nil {
			return err
		}
	}
	if err := png.Encode(out, c.img); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

type faceKey struct {
	size float64
	bold bool
}

// canvas draws marks into an image.
type canvas struct {
	img   *image.NRGBA
	scale float64
	fonts *fonts
	faces map[faceKey]font.Face
}

func (c *canvas) draw(m *mark) error {
	switch {
	case m.text != "":
		return c.text(m)
	case m.rect:
		a, b := m.points[0], m.points[1]
		c.fill([]Point{a, {b.X, a.Y}, b, {a.X, b.Y}}, m.color)
	case m.area:
		c.fill(m.points, m.color)
	default:
		for _, part := range dashed(m.points, m.dash) {
			for i := 1; i < len(part); i++ {
				c.segment(part[i-1], part[i], m.width, m.color)
			}
		}
	}
	return nil
}

// fill paints a polygon.
func (c *canvas) fill(points []Point, col color.NRGBA) {
	b := c.img.Bounds()
	r := vector.NewRasterizer(b.Dx(), b.Dy())
	for i, q := range points {
		x, y := float32(q.X*c.scale), float32(q.Y*c.scale)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(c.img, b, image.NewUniform(col), image.Point{})
}

// segment paints one piece of a line as a thin rectangle.
func (c *canvas) segment(a, b Point, width float64, col color.NRGBA) {
	dx, dy := b.X-a.X, b.Y-a.Y
	l := math.Hypot(dx, dy)
	if l == 0 {
		return
	}
	ux, uy := dx/l*width/2, dy/l*width/2
	c.fillSmall([]Point{{a.X - uy, a.Y + ux}, {a.X + uy, a.Y - ux}, {b.X + uy, b.Y - ux}, {b.X - uy, b.Y + ux}}, col)
}

// fillSmall paints a polygon in a mask of its own size: many pieces of lines then
// cost little.
func (c *canvas) fillSmall(points []Point, col color.NRGBA) {
	box := image.Rectangle{Min: image.Pt(math.MaxInt32, math.MaxInt32), Max: image.Pt(math.MinInt32, math.MinInt32)}
	for _, q := range points {
		x, y := q.X*c.scale, q.Y*c.scale
		box.Min.X, box.Min.Y = min(box.Min.X, int(math.Floor(x))), min(box.Min.Y, int(math.Floor(y)))
		box.Max.X, box.Max.Y = max(box.Max.X, int(math.Ceil(x))+1), max(box.Max.Y, int(math.Ceil(y))+1)
	}
	clipped := box.Intersect(c.img.Bounds())
	if clipped.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for i, q := range points {
		x, y := float32(q.X*c.scale-float64(box.Min.X)), float32(q.Y*c.scale-float64(box.Min.Y))
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	mask := image.NewAlpha(image.Rect(0, 0, box.Dx(), box.Dy()))
	r.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	draw.DrawMask(c.img, clipped, image.NewUniform(col), image.Point{}, mask, clipped.Min.Sub(box.Min), draw.Over)
}

func (c *canvas) text(m *mark) error {
	key := faceKey{m.size, m.bold}
	face := c.faces[key]
	if face == nil {
		f := c.fonts.regular
		if m.bold {
			f = c.fonts.bold
		}
		var err error
		if face, err = opentype.NewFace(f, &opentype.FaceOptions{Size: m.size * c.scale, DPI: 72, Hinting: font.HintingNone}); err != nil {
			return fmt.Errorf("open font: %w", err)
		}
		c.faces[key] = face
	}
	x := m.points[0].X * c.scale
	width := float64(font.MeasureString(face, m.text)) / 64
	switch m.anchor {
	case Middle:
		x -= width / 2
	case End:
		x -= width
	}
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(m.color), Face: face, Dot: fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(m.points[0].Y * c.scale * 64)}}
	d.DrawString(m.text)
	return nil
}

// dashed cuts a line into dashes of one length with gaps of the same.
func dashed(points []Point, dash float64) [][]Point {
	if dash <= 0 {
		return [][]Point{points}
	}
	var out [][]Point
	part, on, left := []Point{points[0]}, true, dash
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		l := math.Hypot(b.X-a.X, b.Y-a.Y)
		for l > left {
			t := left / l
			a = Point{a.X + (b.X-a.X)*t, a.Y + (b.Y-a.Y)*t}
			l -= left
			if on {
				out = append(out, append(part, a))
			}
			part, on, left = []Point{a}, !on, dash
		}
		left -= l
		part = append(part, b)
	}
	if on && len(part) > 1 {
		out = append(out, part)
	}
	return out
}
