package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

type costShape struct {
	Day      string `json:"day" format:"date"`
	Channel  string `json:"channel" minLength:"1" maxLength:"200"`
	Campaign string `json:"campaign,omitempty" maxLength:"200"`
	Kind     string `json:"kind,omitempty" enum:"ads,salaries,other" default:"ads" doc:"ads counts for ROAS and paid CAC, all kinds for CAC"`
	Amount   int64  `json:"amount" minimum:"0" doc:"Minor units"`
	Currency string `json:"currency" minLength:"3" maxLength:"3"`
}

type costsOut struct {
	Costs []costShape `json:"costs" doc:"By day, channel and campaign"`
}

type costsIn struct {
	Costs []costShape `json:"costs" maxItems:"50000" doc:"Each replaces the row of the same day, channel and campaign"`
}

type costChangeOut struct {
	Rows    int `json:"rows"`
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Same    int `json:"same" doc:"Were there already"`
}

type costSpan struct {
	From string `query:"from" format:"date" doc:"First day; default 90 days ago"`
	To   string `query:"to" format:"date" doc:"Last day; default today"`
}

type costDelete struct {
	From     string   `query:"from" format:"date" required:"true" doc:"First day"`
	To       string   `query:"to" format:"date" required:"true" doc:"Last day"`
	Channel  []string `query:"channel,explode" maxItems:"1" doc:"Only this channel"`
	Campaign []string `query:"campaign,explode" maxItems:"1" doc:"Only this campaign; empty: rows without one"`
}

type deletedOut struct {
	Deleted int64 `json:"deleted"`
}

func (a *API) costs() {
	const tag = "costs"
	handle(a, route{method: "GET", path: "/costs", summary: "Costs by day, channel and campaign", perm: access.ReadData, tag: tag}, a.listCosts)
	handle(a, route{method: "PUT", path: "/costs", summary: "Write costs, all rows or none", perm: access.Design, audit: "costs.write", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body costsIn }) (*Body[costChangeOut], error) {
			rows := make([]insight.Cost, len(in.Body.Costs))
			for i, c := range in.Body.Costs {
				day, err := insight.ParseDay(fmt.Sprintf("costs[%d].day", i), c.Day)
				if err != nil {
					return nil, err
				}
				rows[i] = insight.Cost{Day: day, Channel: c.Channel, Campaign: c.Campaign, Kind: c.Kind, Amount: c.Amount, Currency: c.Currency}
			}
			done, err := a.Insight.SetCosts(ctx, p.Workspace, rows)
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "added", &done.Added, "changed", &done.Changed)
			return body(costChangeOut(done))
		})
	handle(a, route{method: "DELETE", path: "/costs", summary: "Delete costs of a span of days", perm: access.Design, audit: "costs.delete", tag: tag}, a.deleteCosts)
	a.raw("POST /costs/import", access.Design, a.importCosts, file{summary: "Read costs from a CSV file with a header: day, channel, campaign, amount, currency, kind; all lines or none", tag: tag, upload: "file", query: []*huma.Param{
		textParam("currency", "Of lines without one"), textParam("kind", "Of lines without one", "ads", "salaries", "other"),
		textParam("dates", "How dates are written; left out: the file tells", "ymd", "dmy", "mdy"), textParam("decimal", "The decimal sign; left out: the file tells", "point", "comma")}})
}

// textParam is a parameter of a request that holds a file.
func textParam(name, doc string, values ...any) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString, Enum: values}}
}

// costDays reads a span of days, both ends inside.
func costDays(from, to string, otherwise insight.CostFilter) (insight.CostFilter, error) {
	f := otherwise
	if from != "" {
		day, err := insight.ParseDay("from", from)
		if err != nil {
			return f, err
		}
		f.From = day
	}
	if to != "" {
		day, err := insight.ParseDay("to", to)
		if err != nil {
			return f, err
		}
		f.To = day + 1
	}
	if f.From >= f.To {
		return f, errs.Field("to", "bad_span", "to lies before from")
	}
	return f, nil
}

func (a *API) listCosts(ctx context.Context, p *access.Principal, in *costSpan) (*Body[costsOut], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	y, m, d := a.Clock.Now().In(w.Zone()).Date()
	today := core.FromTime(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) / core.Day
	f := insight.CostFilter{From: today - 90, To: today + 1}
	if in.From == "" && in.To != "" {
		f.From = 0
	}
	if f, err = costDays(in.From, in.To, f); err != nil {
		return nil, err
	}
	list, err := a.Insight.Costs(ctx, p.Workspace, f)
	if err != nil {
		return nil, err
	}
	out := costsOut{Costs: make([]costShape, len(list))}
	for i, c := range list {
		out.Costs[i] = costShape{insight.FormatDay(c.Day), c.Channel, c.Campaign, c.Kind, c.Amount, c.Currency}
	}
	return body(out)
}

func (a *API) deleteCosts(ctx context.Context, p *access.Principal, in *costDelete) (*Body[deletedOut], error) {
	f, err := costDays(in.From, in.To, insight.CostFilter{})
	if err != nil {
		return nil, err
	}
	if len(in.Channel) > 0 {
		f.Channel = &in.Channel[0]
	}
	if len(in.Campaign) > 0 {
		f.Campaign = &in.Campaign[0]
	}
	n, err := a.Insight.DeleteCosts(ctx, p.Workspace, f)
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "deleted", &n)
	return body(deletedOut{n})
}

// importCosts reads the file of a form, or the body when it is CSV.
func (a *API) importCosts(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	a.importLines(w, r, p, "costs.import", func(text []byte) (insight.CostChange, error) {
		q := r.URL.Query()
		return a.Insight.ImportCosts(r.Context(), p.Workspace, text, insight.CostFile{Currency: q.Get("currency"), Kind: q.Get("kind"), Dates: q.Get("dates"), Decimal: q.Get("decimal")})
	})
}

// importLines answers a request that holds a file, whose lines are all written or
// none.
func (a *API) importLines(w http.ResponseWriter, r *http.Request, p *access.Principal, audit string, write func(text []byte) (insight.CostChange, error)) {
	text, err := csvOf(r)
	var done insight.CostChange
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = errs.Wrap(err, errs.TooLarge, "too_large", "the file is larger than 4 MB: split it")
	}
	if err == nil {
		done, err = write(text)
	}
	var lines *insight.LinesError
	if errors.As(err, &lines) {
		p := refused(http.StatusUnprocessableEntity, "bad_lines", "nothing was written: lines of the file cannot be read")
		for _, l := range lines.Lines {
			p.Errors = append(p.Errors, fieldProblem(fmt.Sprintf("line %d, %s", l.Line, l.Column), l.What))
		}
		a.write(w, r, p)
		return
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	c := callOf(r.Context())
	c.detail = fmt.Sprintf("added=%d changed=%d", done.Added, done.Changed)
	if err := a.audit(c, p, audit); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(costChangeOut(done)) // the client is gone when this fails
}

// csvOf gives the text of a request that is CSV, or holds it as a file.
func csvOf(r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "text/csv" {
		return io.ReadAll(r.Body)
	}
	part, err := formFile(r, errs.Say("send the file as text/csv, or as multipart/form-data with a part named file"))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(part)
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		err = errs.Wrap(err, errs.Invalid, "damaged_form", "the form ends too early")
	}
	return text, err
}
