package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// hostile are names that must be shown as what they are, or not at all.
func hostile() []string {
	return []string{"", "<script>alert(1)</script>", `"&'<>]]>`, "a\x00b\x1b[31m", "\u202eevil", "é 💥 日本語", strings.Repeat("x", 5000), "\xff\xfe", "%s%n(/) Tj ET"}
}

func blank(t *testing.T) *Picture {
	t.Helper()
	p, err := New(300, 200)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ptr(v float64) *float64 { return &v }

// answers is one of every kind of answer with a name in it.
func answers(name string) map[string]*query.Result {
	b := []query.Bucket{{Start: 0}, {Start: core.Day}, {Start: 2 * core.Day}}
	line := query.Line{Label: name, Points: []query.Point{{Value: ptr(1)}, {}, {Value: ptr(-3)}}}
	return map[string]*query.Result{
		"trend":       {Trend: &query.TrendResult{Buckets: b, Lines: []query.Line{line, line}}},
		"one number":  {Trend: &query.TrendResult{Buckets: b[:1], Lines: []query.Line{line}}},
		"funnel":      {Funnel: &query.FunnelResult{Labels: []string{name, name}, Total: query.FunnelGroup{Steps: []query.FunnelStep{{Reached: 5, Entered: 5}, {Reached: 2, Entered: 5}}, Pending: 1}}},
		"retention":   {Retention: &query.RetentionResult{Columns: [][2]int{{0, 0}, {1, 6}}, Buckets: b, Groups: []query.RetentionGroup{{Average: []query.RetentionCell{{Size: 3, Share: ptr(1)}, {}}, Rows: [][]query.RetentionCell{{{Size: 3, Share: ptr(0.5), Incomplete: true}}}}}}},
		"growth":      {Growth: &query.GrowthResult{Rows: []query.GrowthRow{{Bucket: b[0], New: 3, Active: 3}, {Bucket: b[1], Returning: 2, Resurrecting: 1, Dormant: 1, Active: 3}}}},
		"stickiness":  {Stickiness: &query.StickinessResult{Bars: []query.StickinessBar{{Intervals: 1, Customers: 9}}}},
		"composition": {Composition: &query.CompositionResult{Parts: []query.Part{{Value: query.Value{Text: name}, Count: 4, Share: 1}}}},
		"paths":       {Paths: &query.PathsResult{Edges: []query.PathEdge{{From: name, To: name, Customers: 3}}}},
		"table":       {Table: &query.TableResult{Rows: []query.TableRow{{Value: &query.Value{Text: name}, Points: []query.Point{{Value: ptr(2)}}}}}},
		"attribution": {Attribution: &query.AttributionResult{Channels: []query.AttributionChannel{{Channel: name}}, Models: []query.AttributionModel{{Model: "shapley", Credits: []query.Credit{{Conversions: 0.5}}}}}},
		"nothing":     {},
	}
}

// TestEveryKindInEveryFormat: no name and no size breaks a drawing.
func TestEveryKindInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, name := range hostile() {
		var pages []*Picture
		for kind, res := range answers(name) {
			for _, size := range []Box{{5, 5, 290, 190}, {0, 0, 30, 30}, {0, 0, 10, 10}, {0, 0, 200, 24}, {0, 0, 24, 190}} {
				p := blank(t)
				p.Title = name
				p.Chart(p.Frame(size, name), res, In("ro", nil))
				var svg bytes.Buffer
				if err := p.WriteSVG(&svg); err != nil {
					t.Fatal(err)
				}
				wellFormed(t, kind, svg.String())
				if size.W < 200 {
					continue
				}
				var out bytes.Buffer
				if err := p.WritePNG(&out, 1); err != nil {
					t.Fatalf("%s of %q: %v", kind, name, err)
				}
				if img, err := png.Decode(&out); err != nil || img.Bounds().Dx() != 300 || img.Bounds().Dy() != 200 {
					t.Errorf("%s of %q as PNG: %v", kind, name, err)
				}
				pages = append(pages, p)
			}
		}
		var out bytes.Buffer
		if err := WritePDF(&out, name, pages); err != nil {
			t.Fatalf("PDF of %q: %v", name, err)
		}
		if !bytes.HasPrefix(out.Bytes(), []byte("%PDF-")) || !bytes.Contains(out.Bytes()[out.Len()-32:], []byte("%%EOF")) || !bytes.Contains(out.Bytes(), fmt.Appendf(nil, "/Count %d", len(pages))) {
			t.Errorf("PDF of %q has not %d pages", name, len(pages))
		}
	}
}

// wellFormed reads an SVG to its end: nothing but shapes and texts, all places
// finite.
func wellFormed(t *testing.T, what, svg string) {
	t.Helper()
	if !utf8.ValidString(svg) || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Fatalf("%s: not valid or not finite: %.300s", what, svg)
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v in %.300s", what, err, svg)
		}
		if e, ok := tok.(xml.StartElement); ok && !strings.Contains(" svg title text rect path ", " "+e.Name.Local+" ") {
			t.Fatalf("%s holds an element %s", what, e.Name.Local)
		}
	}
}

// TestPixels: shapes are where they were drawn, in their colour.
func TestPixels(t *testing.T) {
	t.Parallel()
	p := blank(t)
	p.Rect(10, 10, 50, 30, Colour(0))
	p.Line([]Point{{100, 20}, {200, 20}}, 4, 0, Colour(1))
	p.Line([]Point{{100, 60}, {200, 60}}, 4, 10, Colour(2))
	p.Text(10, 150, 40, Start, true, ink, "MM")
	var out bytes.Buffer
	if err := p.WritePNG(&out, 2); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(img.At(2*x, 2*y)).(color.NRGBA) }
	for _, c := range []struct {
		x, y int
		want color.NRGBA
	}{{5, 5, white}, {30, 25, Colour(0)}, {70, 25, white}, {150, 20, Colour(1)}, {150, 25, white}, {105, 60, Colour(2)}, {115, 60, white}, {125, 60, Colour(2)}} {
		if got := at(c.x, c.y); got != c.want {
			t.Errorf("at %d, %d: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	dark := 0
	for x := 10; x < 80; x++ {
		for y := 115; y < 155; y++ {
			if at(x, y) == ink {
				dark++
			}
		}
	}
	if dark < 300 {
		t.Errorf("%d dark points of two letters", dark)
	}
	if err := p.WritePNG(io.Discard, 1000); err == nil {
		t.Error("an image of 60 milliard points is drawn")
	}
}

// TestFit: a text never gets wider than its room.
func TestFit(t *testing.T) {
	t.Parallel()
	p := blank(t)
	for _, text := range hostile() {
		for _, wide := range []float64{0, 1, 10, 60, 1000} {
			got := p.Fit(text, 10, false, wide)
			if w := p.Width(got, 10, false); w > wide || !utf8.ValidString(got) {
				t.Errorf("%.20q in %g: %.20q is %g wide", text, wide, got, w)
			}
		}
	}
	if got := p.Fit("short", 10, false, 100); got != "short" {
		t.Errorf("%q", got)
	}
	if got := p.Fit("a long name of a channel", 10, false, 60); !strings.HasSuffix(got, "…") || !strings.HasPrefix(got, "a long") {
		t.Errorf("%q", got)
	}
}

// TestNumbers are written as the language writes them.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v      float64
		en, it string
	}{{0, "0", "0"}, {-0.001, "0", "0"}, {0.5, "0.5", "0,5"}, {12.345, "12.35", "12,35"}, {999.999, "1,000", "1.000"}, {1234, "1,234", "1.234"}, {-1234567.8, "−1,234,568", "−1.234.568"}, {1e15, "1,000,000,000,000,000", "1.000.000.000.000.000"}} {
		if got := In("en", nil).Number(c.v); got != c.en {
			t.Errorf("%g in English: %q, want %q", c.v, got, c.en)
		}
		if got := In("it", nil).Number(c.v); got != c.it {
			t.Errorf("%g in Italian: %q, want %q", c.v, got, c.it)
		}
	}
	if got := In("ro", nil).Percent(0.12345); got != "12,3 %" {
		t.Errorf("%q", got)
	}
}

// TestWords: every phrase in every language, and days of the zone.
func TestWords(t *testing.T) {
	t.Parallel()
	en := In("en", nil)
	for _, lang := range []string{"it", "ro"} {
		w := In(lang, nil)
		for key := range en.words {
			if w.Say(key) == "" {
				t.Errorf("%s has no %q", lang, key)
			}
		}
		if len(w.words) != len(en.words) {
			t.Errorf("%s has %d phrases, English %d", lang, len(w.words), len(en.words))
		}
	}
	if In("xx", nil).Say("mean") != en.Say("mean") {
		t.Error("another language is not English")
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	at := core.FromTime(time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC))
	if got := In("it", rome).Date(at); got != "02.03.2026" {
		t.Errorf("%q", got)
	}
}

// TestAxis: a scale holds its values and 0, in few round steps.
func TestAxis(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]float64{{0, 0}, {0, 1}, {0, 7}, {-3, 8}, {0, 1e12}, {-1e-9, 1e-9}, {5, 5}, {-10, -2}} {
		a := newAxis(c[0], c[1])
		if steps := (a.hi - a.lo) / a.step; a.lo > min(c[0], 0) || a.hi < max(c[1], 0) || steps < 1 || steps > 10 || math.Abs(steps-math.Round(steps)) > 1e-6 {
			t.Errorf("axis of %v: %+v", c, a)
		}
	}
}
