package insight_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// told notes digests that webhooks hear of.
type told struct{ list []string }

func (p *told) Notify(_ context.Context, tx *db.Tx, _ core.WorkspaceID, event string, payload any) error {
	n := payload.(insight.DigestNotice)
	tx.AfterCommit(func() {
		p.list = append(p.list, fmt.Sprintf("%s %s %s %d %s", event, n.Name, n.Format, n.Webhook, n.Path))
	})
	return nil
}

// press is a shop in Rome with a queue, a folder and a dashboard: a trend, a KPI,
// a text and an insight that is gone.
type press struct {
	*shop
	queue  *jobs.Queue
	told   *told
	folder string
	board  insight.Dashboard
}

func newPress(t *testing.T, d *db.DB) *press {
	t.Helper()
	ctx := context.Background()
	p := &press{shop: newShop(t, d), told: &told{}, folder: t.TempDir()}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	p.queue = jobs.New(d, p.clock, slog.New(slog.DiscardHandler), jobs.Options{})
	p.with(insight.Deps{Notify: p.told, Jobs: p.queue, Files: p.folder, Settings: func(context.Context, core.WorkspaceID) (insight.Settings, time.Weekday, error) {
		return insight.Settings{Currency: "EUR", Zone: rome, LapseDays: 90}, time.Monday, nil
	}})
	for i := range 20 {
		p.append(p.order(core.CustomerID(i%7+1), float64(i)+0.5, obj{"order_id": fmt.Sprint("o", i), "revenue": 10 + i}))
	}
	var tiles []insight.Tile
	for i := range 2 {
		in, err := p.Save(ctx, ws, insight.Insight{Name: fmt.Sprintf("Orders & <%d>", i), Spec: ask(ws, core.EventOrderCompleted, last("30d")).Spec}, "ann")
		if err != nil {
			t.Fatal(err)
		}
		tiles = append(tiles, insight.Tile{ID: fmt.Sprint("t", i), Kind: insight.TileInsight, Insight: in.ID, X: 6 * i, W: 6, H: 5})
	}
	tiles = append(tiles, insight.Tile{ID: "k", Kind: insight.TileKPI, KPI: "orders", Y: 5, W: 4, H: 3}, insight.Tile{ID: "x", Kind: insight.TileText, Text: "One\n\ntwo", X: 4, Y: 5, W: 8, H: 3})
	if p.board, err = p.AddDashboard(ctx, ws, insight.Dashboard{Name: "Monday", Tiles: tiles}, owner()); err != nil {
		t.Fatal(err)
	}
	if err := p.DeleteInsight(ctx, ws, tiles[1].Insight); err != nil {
		t.Log(err) // it is used: it stays
	}
	return p
}

func (p *press) digest(change func(d *insight.Digest)) (insight.Digest, error) {
	d := insight.Digest{Name: "Weekly", Dashboard: p.board.ID, Language: "it", Format: insight.FormatSVG, Every: "day", Hour: 8, Enabled: true, Webhook: 4}
	if change != nil {
		change(&d)
	}
	return p.SaveDigest(context.Background(), ws, d, owner())
}

// round runs what is due and tells how much it was.
func (p *press) round() int {
	p.t.Helper()
	n, err := p.queue.Round(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// TestDashboardIsDrawn in each format, with its numbers, in a language.
func TestDashboardIsDrawn(t *testing.T) {
	t.Parallel()
	p := newPress(t, dbtest.SQLite(t))
	ctx := context.Background()
	set, week, err := p.Settings(ctx, ws)
	if err != nil {
		t.Fatal(err)
	}
	drawn := func(lang, format string) string {
		var out bytes.Buffer
		if err := p.Draw(ctx, p.board, insight.Drawing{Workspace: ws, Name: "Shop", Language: lang, Settings: set, Week: week}, format, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	svg := drawn("it", insight.FormatSVG)
	for _, want := range []string{"Monday", "Shop · 01.03.2026 13:00 CET", "Orders &amp; &lt;0&gt;", "Ordini", ">One<", ">two<", ">20<", "stroke=\"#0072b2\""} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the drawing: %s", want, svg)
		}
	}
	img, err := png.Decode(strings.NewReader(drawn("en", insight.FormatPNG)))
	if err != nil || img.Bounds().Dx() != 2*842 {
		t.Errorf("PNG: %v", err)
	}
	if pdf := drawn("ro", insight.FormatPDF); !strings.HasPrefix(pdf, "%PDF-") || !strings.Contains(pdf, "/Count 1") {
		t.Errorf("PDF of %d bytes", len(pdf))
	}
	tall := p.board
	tall.Tiles = nil
	for i := range 10 {
		tall.Tiles = append(tall.Tiles, insight.Tile{ID: fmt.Sprint(i), Kind: insight.TileText, Text: "x", Y: 50 * i, W: 12, H: 50})
	}
	var out bytes.Buffer
	if err := p.Draw(ctx, tall, insight.Drawing{Workspace: ws, Settings: set}, insight.FormatPNG, io.Discard); errs.CodeOf(err) != "too_tall" {
		t.Errorf("a dashboard of 500 rows as PNG: %v", err)
	}
	if err := p.Draw(ctx, tall, insight.Drawing{Workspace: ws, Settings: set}, insight.FormatPDF, &out); err != nil || !strings.Contains(out.String(), "/Count 10") {
		t.Errorf("a dashboard of ten pages: %v", err)
	}
}

// TestDrawingTellsWhy says on a tile that cannot be drawn why, in the language
// of the drawing.
func TestDrawingTellsWhy(t *testing.T) {
	t.Parallel()
	p := newPress(t, dbtest.SQLite(t))
	set, week, err := p.Settings(context.Background(), ws)
	if err != nil {
		t.Fatal(err)
	}
	d := p.board
	d.Tiles = []insight.Tile{{ID: "gone", Kind: insight.TileInsight, Insight: 987, W: 12, H: 8}}
	for lang, want := range map[string]string{"": "there is no saved insight 987", "ro": "ro of there is no saved insight %d"} {
		if p.Tell = nil; lang != "" {
			p.Tell = func(language string, what *errs.Text) string { return language + " of " + what.Format }
		}
		var out bytes.Buffer
		if err := p.Draw(context.Background(), d, insight.Drawing{Workspace: ws, Language: lang, Settings: set, Week: week}, insight.FormatSVG, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}

// TestDigestRuns when it is due, once, keeps a file and tells webhooks.
func TestDigestRuns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d)
		ctx := context.Background()
		g, err := p.digest(nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := core.FromTime(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)); g.Next != want || g.By != "ann@x.test" || g.Last != 0 {
			t.Fatalf("made %+v, due %v", g, core.ToTime(g.Next))
		}
		p.clock.Advance(18 * time.Hour)
		if n := p.round(); n != 0 {
			t.Fatalf("%d jobs before the hour", n)
		}
		p.clock.Advance(time.Hour)
		if n := p.round(); n != 1 {
			t.Fatalf("%d jobs at the hour", n)
		}
		files, err := p.DigestFiles(ctx, ws, g.ID, owner())
		if err != nil || len(files) != 1 || files[0].Format != "svg" {
			t.Fatalf("files %+v %v", files, err)
		}
		if want := fmt.Sprintf("digest.ready Weekly svg 4 /api/v1/digests/%d/files/%d", g.ID, files[0].At); len(p.told.list) != 1 || p.told.list[0] != want {
			t.Errorf("told %q, want %q", p.told.list, want)
		}
		if f, raw, err := p.ReadDigest(ctx, ws, g.ID, files[0].At, owner()); err != nil || f != files[0] || !bytes.Contains(raw, []byte("Monday")) {
			t.Errorf("read %+v %v", f, err)
		}
		if g, err = p.Digest(ctx, ws, g.ID, owner()); err != nil || core.ToTime(g.Next).UTC().Format("2 15:04") != "3 07:00" || g.Last != core.FromTime(p.clock.Now()) || g.Problem != "" {
			t.Errorf("afterwards %+v %v", g, err)
		}
		// Down for four days: drawn once, not four times.
		p.clock.Advance(96 * time.Hour)
		if a, b := p.round(), p.round(); a != 1 || b != 0 {
			t.Errorf("%d and %d jobs after four days", a, b)
		}
		// Another hour takes the place of the first.
		g.Hour = 20
		if g, err = p.SaveDigest(ctx, ws, g, owner()); err != nil || core.ToTime(g.Next).UTC().Format("2 15:04") != "6 19:00" {
			t.Errorf("changed %+v %v", g, err)
		}
		p.clock.Advance(12 * time.Hour)
		if a, b := p.round(), p.round(); a != 1 || b != 0 || len(p.told.list) != 3 {
			t.Errorf("%d and %d jobs, told %q", a, b, p.told.list)
		}
		// Without its dashboard it says so and stays.
		if err := p.DeleteDashboard(ctx, ws, p.board.ID, owner()); err != nil {
			t.Fatal(err)
		}
		p.clock.Advance(24 * time.Hour)
		p.round()
		if g, err = p.Digest(ctx, ws, g.ID, owner()); err != nil || g.Problem == "" || g.Next < core.FromTime(p.clock.Now()) || len(p.told.list) != 3 {
			t.Errorf("without a dashboard: %+v %v", g, err)
		}
		if err := p.DeleteDigest(ctx, ws, g.ID, owner()); err != nil {
			t.Fatal(err)
		}
		p.clock.Advance(48 * time.Hour)
		if n := p.round(); n != 0 {
			t.Errorf("%d jobs of a deleted digest", n)
		}
		if list, err := os.ReadDir(fmt.Sprintf("%s/%d/%d", p.folder, ws, g.ID)); err != nil || len(list) != 0 {
			t.Errorf("files stay: %v %v", list, err)
		}
	})
}

// TestDigestSchedules: the workspace's clock counts, also where it jumps.
func TestDigestSchedules(t *testing.T) {
	t.Parallel()
	p := newPress(t, dbtest.SQLite(t)) // it is Sunday, 1 March 2026, 13:00 in Rome
	for _, c := range []struct {
		every    string
		on, hour int
		advance  time.Duration
		want     string
	}{
		{"day", 0, 13, 0, "Mon 2 Mar 13:00 +0100"}, {"day", 0, 14, 0, "Sun 1 Mar 14:00 +0100"}, {"week", 7, 12, 0, "Sun 8 Mar 12:00 +0100"}, {"week", 1, 0, 0, "Mon 2 Mar 00:00 +0100"},
		{"month", 28, 6, 0, "Sat 28 Mar 06:00 +0100"}, {"month", 1, 6, 0, "Wed 1 Apr 06:00 +0200"},
		{"day", 0, 2, 27*24*time.Hour + 11*time.Hour, "Sun 29 Mar 03:00 +0200"}, // the hour from 2 to 3 does not exist
	} {
		p.clock.Advance(c.advance)
		g, err := p.digest(func(d *insight.Digest) { d.Every, d.On, d.Hour = c.every, c.on, c.hour })
		set, _, _ := p.Settings(context.Background(), ws)
		if got := core.ToTime(g.Next).In(set.Zone).Format("Mon 2 Jan 15:04 -0700"); err != nil || got != c.want {
			t.Errorf("%s %d at %d: %s %v, want %s", c.every, c.on, c.hour, got, err, c.want)
		}
	}
}

// TestDigestOverSkippedMidnight: on a Sunday without a midnight the digest comes
// when the day begins, and is not left out.
func TestDigestOverSkippedMidnight(t *testing.T) {
	t.Parallel()
	p := newPress(t, dbtest.SQLite(t))
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	p.with(insight.Deps{Notify: p.told, Jobs: p.queue, Files: p.folder, Settings: func(context.Context, core.WorkspaceID) (insight.Settings, time.Weekday, error) {
		return insight.Settings{Currency: "EUR", Zone: zone, LapseDays: 90}, time.Monday, nil
	}})
	p.clock.Set(time.Date(2026, 9, 4, 12, 0, 0, 0, zone))
	g, err := p.digest(func(d *insight.Digest) { d.Every, d.On, d.Hour = "week", 7, 0 })
	if got := core.ToTime(g.Next).In(zone).Format(time.RFC3339); err != nil || got != "2026-09-06T01:00:00-03:00" {
		t.Errorf("due at %s, %v", got, err)
	}
}

// TestDigestRefusals name the field, and a dashboard stays unseen.
func TestDigestRefusals(t *testing.T) {
	t.Parallel()
	p := newPress(t, dbtest.SQLite(t))
	ctx := context.Background()
	for what, c := range map[string]struct {
		change func(d *insight.Digest)
		field  string
	}{
		"name":      {func(d *insight.Digest) { d.Name = " " }, "name"},
		"language":  {func(d *insight.Digest) { d.Language = "fr" }, "language"},
		"format":    {func(d *insight.Digest) { d.Format = "../x" }, "format"},
		"every":     {func(d *insight.Digest) { d.Every = "hour" }, "every"},
		"hour":      {func(d *insight.Digest) { d.Hour = 24 }, "hour"},
		"day":       {func(d *insight.Digest) { d.Every, d.On = "week", 8 }, "on"},
		"no day":    {func(d *insight.Digest) { d.Every = "month" }, "on"},
		"dashboard": {func(d *insight.Digest) { d.Dashboard = 99 }, "dashboard"},
	} {
		_, err := p.digest(c.change)
		if query.FieldOf(err) != c.field || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	g, err := p.digest(nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.RunDigest(ctx, ws, g.ID, owner())
	if err != nil {
		t.Fatal(err)
	}
	if g, err = p.Digest(ctx, ws, g.ID, owner()); err != nil || g.Last != f.At || g.Problem != "" || g.Next == 0 {
		t.Errorf("drawn by hand at %d: last %d, next %d, problem %q, %v", f.At, g.Last, g.Next, g.Problem, err)
	}
	stranger := insight.Viewer{Role: "support", Label: "bob"}
	if list, err := p.Digests(ctx, ws, stranger); err != nil || len(list) != 0 {
		t.Errorf("a stranger sees %+v %v", list, err)
	}
	if _, _, err := p.ReadDigest(ctx, ws, g.ID, f.At, stranger); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a stranger reads a drawing: %v", err)
	}
	if _, _, err := p.ReadDigest(ctx, ws+1, g.ID, f.At, owner()); errs.KindOf(err) != errs.NotFound {
		t.Errorf("another workspace reads a drawing: %v", err)
	}
	if _, _, err := p.ReadDigest(ctx, ws, g.ID, f.At+1, owner()); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a file that is none: %v", err)
	}
	for range 35 {
		p.clock.Advance(time.Minute)
		if _, err := p.RunDigest(ctx, ws, g.ID, owner()); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := p.DigestFiles(ctx, ws, g.ID, owner()); err != nil || len(list) != 30 || list[0].At != core.FromTime(p.clock.Now()) {
		t.Errorf("%d files are kept, %v", len(list), err)
	}
}
