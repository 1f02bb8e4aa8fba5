package insight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight/picture"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Formats of a drawn dashboard.
const (
	FormatSVG = "svg"
	FormatPNG = "png"
	FormatPDF = "pdf"
)

// Sizes of a drawing, in points. A page of a PDF is A4, lying.
const (
	pageWidth  = 842
	pageHeight = 595
	margin     = 28
	headHeight = 44
	rowHeight  = 44 // of one row of the grid
	gutter     = 6
	maxDrawn   = 400 // rows of a drawing
)

// Drawing is what a dashboard is drawn with.
type Drawing struct {
	Workspace core.WorkspaceID
	Name      string // of the workspace
	Language  string
	Settings  Settings
	Week      time.Weekday
}

// panel is a tile with its answer.
type panel struct {
	tile  Tile
	title string
	draw  func(p *picture.Picture, b picture.Box)
}

// Draw answers all tiles of a dashboard and writes it in a format. A tile that
// cannot be answered says why; the others are drawn all the same.
func (s *Service) Draw(ctx context.Context, d Dashboard, o Drawing, format string, out io.Writer) error {
	w := picture.In(o.Language, o.Settings.Zone)
	panels, err := s.panels(ctx, d, o, w)
	if err != nil {
		return err
	}
	now := s.now()
	heading := func(p *picture.Picture) {
		p.Head(margin, margin, d.Name, strings.Trim(o.Name+" · "+w.Date(now)+" "+core.ToTime(now).In(w.Zone).Format("15:04 MST"), " ·"))
	}
	if format == FormatPDF {
		pages, err := paged(panels, heading)
		if err != nil {
			return err
		}
		return picture.WritePDF(out, d.Name, pages)
	}
	rows := 1
	for _, x := range panels {
		rows = max(rows, x.tile.Y+x.tile.H)
	}
	if rows > maxDrawn {
		return errs.New(errs.TooLarge, "too_tall", "the dashboard has more than %d rows: draw it as PDF", maxDrawn)
	}
	p, err := picture.New(pageWidth, float64(rows*rowHeight)+headHeight+2*margin)
	if err != nil {
		return err
	}
	p.Title = d.Name
	heading(p)
	for _, x := range panels {
		place(p, &x, 0)
	}
	if format == FormatPNG {
		return p.WritePNG(out, 2)
	}
	return p.WriteSVG(out)
}

// place draws a panel where its tile lies, rows down from the one given.
func place(p *picture.Picture, x *panel, from int) {
	const wide = (pageWidth - 2*margin) / float64(Columns)
	b := picture.Box{X: margin + float64(x.tile.X)*wide, Y: margin + headHeight + float64(x.tile.Y-from)*rowHeight, W: float64(x.tile.W)*wide - gutter, H: float64(x.tile.H)*rowHeight - gutter}
	x.draw(p, p.Frame(b, x.title))
}

// paged shares panels out among pages: a page ends before a tile that does not
// fit. One that is taller than a page is cut to it.
func paged(panels []panel, heading func(*picture.Picture)) ([]*picture.Picture, error) {
	const fit = (pageHeight - 2*margin - headHeight) / rowHeight
	slices.SortStableFunc(panels, func(a, b panel) int { return a.tile.Y - b.tile.Y })
	var pages []*picture.Picture
	from := 0
	for i := range panels {
		x := &panels[i]
		x.tile.H = min(x.tile.H, fit)
		if len(pages) == 0 || x.tile.Y+x.tile.H-from > fit {
			p, err := picture.New(pageWidth, pageHeight)
			if err != nil {
				return nil, err
			}
			heading(p)
			pages, from = append(pages, p), x.tile.Y
		}
		place(pages[len(pages)-1], x, from)
	}
	if len(pages) == 0 {
		p, err := picture.New(pageWidth, pageHeight)
		if err != nil {
			return nil, err
		}
		heading(p)
		pages = append(pages, p)
	}
	return pages, nil
}

// panels answers the tiles.
func (s *Service) panels(ctx context.Context, d Dashboard, o Drawing, w picture.Words) ([]panel, error) {
	kpis, err := s.kpisOf(ctx, d, o)
	if err != nil {
		return nil, err
	}
	out := make([]panel, len(d.Tiles))
	for i, t := range d.Tiles {
		x := panel{tile: t, title: t.Title}
		switch t.Kind {
		case TileText:
			x.draw = func(p *picture.Picture, b picture.Box) { p.Paragraph(b, t.Text) }
		case TileKPI:
			k := slices.IndexFunc(kpis, func(k KPI) bool { return k.Key == t.KPI && (t.Stage == "" || k.Stage == t.Stage) })
			x.draw = func(p *picture.Picture, b picture.Box) { p.Note(b, w.Say("none")) }
			if k >= 0 {
				x.draw = func(p *picture.Picture, b picture.Box) { drawKPI(p, b, &kpis[k], w) }
				if x.title == "" {
					x.title = kpis[k].Name
				}
			}
		case TileInsight:
			if err := s.answerTile(ctx, &x, d.Range, o, w); err != nil {
				return nil, err
			}
		}
		out[i] = x
	}
	return out, nil
}

func (s *Service) answerTile(ctx context.Context, x *panel, over *query.Range, o Drawing, w picture.Words) error {
	failed := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var e *errs.Error
		text := w.Say("none")
		if errors.As(err, &e) {
			why := e.Message
			if s.Tell != nil {
				why = s.Tell(o.Language, e.Said())
			}
			text = fmt.Sprintf(w.Say("failed"), why)
		}
		x.draw = func(p *picture.Picture, b picture.Box) { p.Note(b, text) }
		return nil
	}
	in, err := s.Insight(ctx, o.Workspace, x.tile.Insight)
	if err != nil {
		return failed(err)
	}
	if x.title == "" {
		x.title = in.Name
	}
	if over != nil {
		in.Spec.Range = *over
	}
	answer, err := s.Run(ctx, Ask{Workspace: o.Workspace, Spec: in.Spec, Settings: o.Settings, Week: o.Week})
	if err != nil {
		return failed(err)
	}
	res, err := answer.Result()
	if err != nil {
		return failed(err)
	}
	names := label(res, &in.Spec, w)
	x.draw = func(p *picture.Picture, b picture.Box) { p.Chart(b, res, names, w) }
	return nil
}

// label names the lines of a trend that have no label, and gives the names of a
// table's columns.
func label(res *query.Result, spec *query.Spec, w picture.Words) (columns []string) {
	if spec.Table != nil {
		for i := range spec.Table.Columns {
			columns = append(columns, w.Series(&spec.Table.Columns[i]))
		}
	}
	if spec.Trend == nil || res.Trend == nil {
		return columns
	}
	for i := range res.Trend.Lines {
		l := &res.Trend.Lines[i]
		if l.Label != "" || l.Series == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(l.Series, "F"))
		switch k := int(l.Series[0] - 'A'); {
		case err == nil && n >= 1 && n <= len(spec.Trend.Formulas):
			l.Label = spec.Trend.Formulas[n-1].Text
		case len(l.Series) == 1 && k < len(spec.Trend.Series):
			l.Label = w.Series(&spec.Trend.Series[k])
		}
	}
	return columns
}

// kpisOf computes the KPIs of a dashboard's range, when it shows any.
func (s *Service) kpisOf(ctx context.Context, d Dashboard, o Drawing) ([]KPI, error) {
	if !slices.ContainsFunc(d.Tiles, func(t Tile) bool { return t.Kind == TileKPI }) {
		return nil, nil
	}
	spec := Spec{Workspace: o.Workspace, Settings: o.Settings}
	if d.Range != nil {
		zone := o.Settings.Zone
		if zone == nil {
			zone = time.UTC
		}
		var err error
		if spec.From, spec.To, err = d.Range.Resolve(zone, s.now()); err != nil {
			return nil, err
		}
	}
	r, err := s.Report(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("compute KPIs: %w", err)
	}
	return s.KPIs(r, o.Language, o.Settings.Targets), nil
}

// kpiText writes a KPI's value with its unit.
func kpiText(k *KPI, v *float64, w picture.Words) string {
	if v == nil {
		return w.Say("none")
	}
	switch k.Unit {
	case "ratio":
		return w.Percent(*v)
	case "money":
		return w.Number(math.Round(*v)/math.Pow10(core.Exponent(k.Currency))) + " " + k.Currency
	case "days":
		return w.Number(*v) + " d"
	case "seconds":
		return w.Number(*v/86_400) + " d"
	}
	return w.Number(*v)
}

func drawKPI(p *picture.Picture, b picture.Box, k *KPI, w picture.Words) {
	var below []string
	if k.Previous != nil {
		below = append(below, w.Say("before")+" "+kpiText(k, k.Previous, w))
	}
	if k.Target != nil {
		below = append(below, w.Say("target")+" "+kpiText(k, k.Target, w)+" "+w.Say(k.Status))
	}
	p.Big(b, kpiText(k, k.Value, w), strings.Join(below, " · "), w)
	if b.H > 70 {
		p.Spark(picture.Box{X: b.X, Y: b.Y + 52, W: b.W, H: b.H - 56}, k.Spark)
	}
}
