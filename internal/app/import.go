package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// ImportCmd imports a CSV file: into a data folder that no server uses, or
// through a running server with --url and --api-key.
type ImportCmd struct {
	Where
	Kind         string            `arg:"" enum:"orders,events,customers" help:"What a row is: orders, events or customers."`
	File         string            `arg:"" help:"CSV file, also .gz." type:"existingfile"`
	Map          map[string]string `help:"field=column,… ; the fields are those of GET /api/v1/imports/fields." mapsep:"," placeholder:"FIELD=COLUMN,…"`
	Preset       string            `help:"Ready mapping (cdnow, online-retail, listmonk, mailchimp, hubspot, klaviyo) or the name of a saved one." placeholder:"NAME"`
	Zone         string            `help:"Time zone of times without an offset. Default: the workspace's." placeholder:"ZONE"`
	Currency     string            `help:"Currency of amounts. Default: the workspace's." placeholder:"CODE"`
	DateOrder    string            `help:"Order of dates such as 3/4/2020: dmy or mdy. Default: as the file tells." enum:",ymd,dmy,mdy" default:""`
	DecimalComma bool              `help:"Numbers look like 1.234,50."`
	Encoding     string            `help:"utf-8, utf-16le, utf-16be or windows-1252. Default: as found out." default:""`
	Delimiter    string            `help:"Delimiter. Default: as found out." default:""`
	NoHeader     bool              `help:"The first row holds data; columns are named 'column 1' and so on."`
	IgnoreRest   bool              `help:"Leave out columns that no field is mapped to."`
	Event        string            `help:"Name of all events, when no column holds it." placeholder:"NAME"`
	Group        string            `help:"How order lines form orders: order_id, customer_day or none." enum:",order_id,customer_day,none" default:""`
	CancelPrefix string            `help:"Prefix of order ids of cancellations, such as C." placeholder:"TEXT"`
	FeeCodes     []string          `help:"Product codes that are fees, not goods." placeholder:"CODE,…"`
	Live         bool              `help:"Let journeys and earning act on these events."`
	DryRun       bool              `help:"Say what would happen; write nothing."`
	URL          string            `help:"Address of a running server." placeholder:"URL"`
	APIKey       string            `help:"API key for --url." name:"api-key" placeholder:"KEY"`
	Workspace    int64             `help:"Workspace of the data folder." default:"1"`
}

// importer is an installation, near or far, as the command uses it.
type importer interface {
	upload(ctx context.Context, name string, r io.Reader) (*connect.Upload, error)
	presets(ctx context.Context) ([]connect.Preset, error)
	dryRun(ctx context.Context, upload string, p connect.Plan) (*connect.DryRun, error)
	start(ctx context.Context, u *connect.Upload, p connect.Plan) (string, error)
	status(ctx context.Context, id string) (connect.Run, error)
}

// Run imports the file and shows how it goes.
func (c *ImportCmd) Run(env *Env) error {
	if c.URL != "" {
		if c.APIKey == "" {
			return errors.New("--url needs --api-key: make a key in Settings or with ciclo key")
		}
		return c.through(env.Ctx, env, newRemote(c.URL, c.APIKey))
	}
	return env.with(&c.Where, func(ctx context.Context, a *App) error {
		ws := core.WorkspaceID(c.Workspace)
		if _, err := a.Access.Workspace(ctx, ws); err != nil {
			return err
		}
		return a.working(ctx, func(ctx context.Context) error { return c.through(ctx, env, &nearby{a, ws}) })
	})
}

// working runs fn beside the workers that process what it brings, then lets
// the timers of the imported past fire.
func (a *App) working(ctx context.Context, fn func(ctx context.Context) error) error {
	wctx, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	failed := make(chan error, 3)
	for _, w := range []func(context.Context) error{a.Pipeline.Run, a.Timeline.Maintain, a.Inbox.Maintain} {
		workers.Go(func() {
			if err := w(wctx); err != nil && wctx.Err() == nil {
				failed <- err
				stop()
			}
		})
	}
	err := fn(wctx)
	a.Imports.Stop()
	stop()
	workers.Wait()
	select {
	case werr := <-failed:
		return errors.Join(err, werr)
	default:
	}
	if err != nil {
		return err
	}
	spaces, err := a.Access.Workspaces(ctx)
	if err != nil {
		return err
	}
	for _, w := range spaces {
		for n := 1; n > 0; {
			if n, err = a.Pipeline.Step(ctx, w.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *ImportCmd) through(ctx context.Context, env *Env, to importer) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	u, err := to.upload(ctx, filepath.Base(c.File), f)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Err, "%s: %d bytes, %s, delimiter %q, about %d rows, columns: %s\n", u.Name, u.Bytes, u.Encoding, u.Delimiter, u.RowsEstimate, columnList(u))
	if u.EncodingAsked && c.Encoding == "" {
		fmt.Fprintln(env.Err, "The text is not UTF-8; it is read as Windows-1252. If that is wrong, say --encoding.")
	}
	p, err := c.plan(ctx, to, u)
	if err != nil {
		return err
	}
	if c.DryRun {
		d, err := to.dryRun(ctx, u.ID, p)
		if err != nil {
			return explainField(err)
		}
		return showDryRun(env.Out, d)
	}
	id, err := to.start(ctx, u, p)
	if err != nil {
		return explainField(err)
	}
	return c.follow(ctx, env, to, id)
}

func columnList(u *connect.Upload) string {
	names := make([]string, len(u.Columns))
	for i, col := range u.Columns {
		names[i] = col.Name
	}
	return strings.Join(names, ", ")
}

// plan joins preset or suggestion with the flags.
func (c *ImportCmd) plan(ctx context.Context, to importer, u *connect.Upload) (connect.Plan, error) {
	p := connect.Plan{Kind: connect.Kind(c.Kind), Map: map[string]string{}}
	switch {
	case c.Preset != "":
		saved, err := to.presets(ctx)
		if err != nil {
			return p, err
		}
		all := append(saved, connect.Ready()...)
		i := slices.IndexFunc(all, func(x connect.Preset) bool { return x.Key == c.Preset || strings.EqualFold(x.Name, c.Preset) })
		if i < 0 {
			return p, fmt.Errorf("there is no preset %q", c.Preset)
		}
		if all[i].Kind != p.Kind {
			return p, fmt.Errorf("the preset %s is for %s", c.Preset, all[i].Kind)
		}
		fitted, ok := all[i].Fit(u.Names())
		if !ok {
			return p, fmt.Errorf("the file lacks columns that the preset %s uses", c.Preset)
		}
		p.Map, p.Options = fitted.Map, fitted.Options
	case len(c.Map) == 0 && u.Suggested.Kind == p.Kind:
		p.Map, p.Options = u.Suggested.Map, u.Suggested.Options
	}
	for field, column := range c.Map {
		p.Map[field] = column
	}
	c.options(&p.Options)
	return p, nil
}

func (c *ImportCmd) options(o *connect.Options) {
	for _, x := range []struct {
		to   *string
		from string
	}{{&o.TimeZone, c.Zone}, {&o.Currency, c.Currency}, {&o.DateOrder, c.DateOrder}, {&o.Encoding, c.Encoding}, {&o.Delimiter, c.Delimiter},
		{&o.Event, c.Event}, {&o.Group, c.Group}, {&o.CancelPrefix, c.CancelPrefix}} {
		if x.from != "" {
			*x.to = x.from
		}
	}
	o.DecimalComma = o.DecimalComma || c.DecimalComma
	o.IgnoreRest = o.IgnoreRest || c.IgnoreRest
	o.Live = o.Live || c.Live
	if c.NoHeader {
		header := false
		o.Header = &header
	}
	if c.FeeCodes != nil {
		o.FeeCodes = c.FeeCodes
	}
}

// follow shows a run until it ends.
func (c *ImportCmd) follow(ctx context.Context, env *Env, to importer, id string) error {
	for {
		r, err := to.status(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprint(env.Err, "\r\x1b[K", bar(&r))
		if r.Status != connect.Running {
			fmt.Fprintln(env.Err)
			return c.told(env, &r, id)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(env.Err)
			return errors.New("stopped; the same command goes on from here, and nothing is doubled")
		case <-env.Clock.After(250 * time.Millisecond):
		}
	}
}

func (c *ImportCmd) told(env *Env, r *connect.Run, id string) error {
	if r.Status == connect.Failed {
		return fmt.Errorf("import %s failed: %s", id, r.Error)
	}
	fmt.Fprintf(env.Out, "import %s: %d rows, %d events, %d rows refused, in %.1f s\n", id, r.Rows, r.Events, r.Rejected, float64(r.Finished-r.Started)/float64(core.Second))
	return nil
}

// bar draws a progress bar with rate and time left.
func bar(r *connect.Run) string {
	const width = 30
	share := 0.0
	if r.TotalRows > 0 {
		share = min(float64(r.Rows)/float64(r.TotalRows), 1)
	}
	n := int(share * width)
	text := fmt.Sprintf("[%s%s] %3.0f%% %d/%d rows", strings.Repeat("=", n), strings.Repeat(" ", width-n), share*100, r.Rows, r.TotalRows)
	if r.Rate > 0 {
		text += fmt.Sprintf(", %.0f rows/s, %s left", r.Rate, (time.Duration(r.ETA) * time.Second).String())
	}
	return text
}

func showDryRun(w io.Writer, d *connect.DryRun) error {
	fmt.Fprintf(w, "rows: %d\nnew: %d\nchanged: %d\nunchanged: %d\nrefused: %d\n", d.Rows, d.Counts.New, d.Counts.Changed, d.Counts.Unchanged, d.Counts.Refused)
	if d.Plan.Kind == connect.Orders {
		fmt.Fprintf(w, "orders: %d\nrefunds: %d\n", d.Orders, d.Refunds)
	}
	for _, g := range d.Refused {
		fmt.Fprintf(w, "refused because %s: %d\n", g.Reason, g.Count)
		for _, s := range g.Samples[:min(3, len(g.Samples))] {
			fmt.Fprintf(w, "  line %d %s: %s\n", s.Line, s.Column, s.Message)
		}
	}
	for _, s := range d.Sample[:min(3, len(d.Sample))] {
		text, err := json.MarshalIndent(s.Event, "", "  ")
		if err != nil {
			return fmt.Errorf("show sample: %w", err)
		}
		fmt.Fprintf(w, "line %d becomes:\n%s\n", s.Line, text)
	}
	return nil
}

// explainField names the input at fault.
func explainField(err error) error {
	var e *errs.Error
	if errors.As(err, &e) && e.Field != "" {
		return fmt.Errorf("%s: %w", e.Field, err)
	}
	return err
}
