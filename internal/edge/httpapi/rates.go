package httpapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/danielgtaylor/huma/v2"
)

type dayRateShape struct {
	Currency string `json:"currency" minLength:"3" maxLength:"3"`
	Day      string `json:"day" format:"date" doc:"Counts from this day until the next one with a rate"`
	Rate     string `json:"rate" minLength:"1" maxLength:"24" doc:"What one unit of the currency is worth in that of the workspace: a decimal above 0 with at most nine decimals, such as 0.2009"`
}

type ratesOut struct {
	Base       string         `json:"base" doc:"Currency of the workspace, into which the rates convert"`
	Rates      []dayRateShape `json:"rates" doc:"By currency, the newest first"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

type ratesIn struct {
	Rates []dayRateShape `json:"rates" maxItems:"50000" doc:"Each replaces the rate of the same currency and day"`
}

type rateList struct {
	Currency string `query:"currency" maxLength:"3" doc:"Only this currency"`
	From     string `query:"from" format:"date" doc:"First day; default the first of all"`
	To       string `query:"to" format:"date" doc:"Last day; default the last of all"`
	Limit    int    `query:"limit" default:"1000" minimum:"1" maximum:"10000"`
	Cursor   string `query:"cursor"`
}

type rateDelete struct {
	Currency string `query:"currency" maxLength:"3" doc:"Only this currency"`
	From     string `query:"from" format:"date" required:"true" doc:"First day"`
	To       string `query:"to" format:"date" required:"true" doc:"Last day"`
}

type missingRateShape struct {
	Currency string `json:"currency"`
	First    string `json:"first" format:"date" doc:"First day on which something has no rate"`
	Last     string `json:"last" format:"date"`
	Events   int64  `json:"events" doc:"Orders, refunds and subscriptions without a rate"`
	Costs    int64  `json:"costs" doc:"Rows of costs without a rate"`
}

type missingRatesOut struct {
	Base       string             `json:"base"`
	Currencies []missingRateShape `json:"currencies" doc:"The one met most often first"`
}

func (a *API) rates() {
	const tag = "rates"
	handle(a, route{method: "GET", path: "/rates", summary: "Exchange rates by currency and day", perm: access.ReadData, tag: tag}, a.listRates)
	handle(a, route{method: "GET", path: "/rates/missing", summary: "Currencies of orders and costs that lack an exchange rate", perm: access.ReadData, tag: tag}, a.missingRates)
	handle(a, route{method: "PUT", path: "/rates", summary: "Write exchange rates, all rows or none", perm: access.Design, audit: "rates.write", tag: tag}, a.putRates)
	handle(a, route{method: "DELETE", path: "/rates", summary: "Delete exchange rates of a span of days", perm: access.Design, audit: "rates.delete", tag: tag}, a.deleteRates)
	a.raw("POST /rates/import", access.Design, a.importRates, file{summary: "Read exchange rates from a CSV file with a header: day, currency, rate; all lines or none", tag: tag, upload: "file", query: []*huma.Param{
		textParam("currency", "Of lines without one"), textParam("dates", "How dates are written; left out: the file tells", "ymd", "dmy", "mdy"),
		textParam("decimal", "The decimal sign; left out: the file tells", "point", "comma")}})
}

// rateDays reads a span of days, both ends inside.
func rateDays(currency, from, to string) (insight.RateFilter, error) {
	days, err := costDays(from, to, insight.CostFilter{From: 0, To: math.MaxInt32})
	return insight.RateFilter{Currency: strings.ToUpper(currency), From: days.From, To: days.To}, err
}

func (a *API) listRates(ctx context.Context, p *access.Principal, in *rateList) (*Body[ratesOut], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	f, err := rateDays(in.Currency, in.From, in.To)
	if err != nil {
		return nil, err
	}
	var after *insight.RateCursor
	if in.Cursor != "" {
		after = &insight.RateCursor{}
		if err := readCursor(in.Cursor, after); err != nil {
			return nil, err
		}
	}
	list, err := a.Insight.Rates(ctx, p.Workspace, w.Currency, f, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := ratesOut{Base: w.Currency, Rates: make([]dayRateShape, len(list))}
	for i, r := range list {
		out.Rates[i] = dayRateShape{r.Currency, insight.FormatDay(r.Day), core.FormatRate(r.Rate)}
	}
	if n := len(list); n == in.Limit {
		out.NextCursor = cursor(insight.RateCursor{Currency: list[n-1].Currency, Day: list[n-1].Day})
	}
	return body(out)
}

func (a *API) missingRates(ctx context.Context, p *access.Principal, _ *None) (*Body[missingRatesOut], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	set, err := InsightSettings(&w)
	if err != nil {
		return nil, err
	}
	list, err := a.Insight.MissingRates(ctx, p.Workspace, set)
	if err != nil {
		return nil, err
	}
	out := missingRatesOut{Base: w.Currency, Currencies: make([]missingRateShape, len(list))}
	for i, m := range list {
		out.Currencies[i] = missingRateShape{m.Currency, insight.FormatDay(m.First), insight.FormatDay(m.Last), m.Events, m.Costs}
	}
	return body(out)
}

func (a *API) putRates(ctx context.Context, p *access.Principal, in *struct{ Body ratesIn }) (*Body[costChangeOut], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	rows := make([]insight.Rate, len(in.Body.Rates))
	for i, r := range in.Body.Rates {
		at := fmt.Sprintf("rates[%d].", i)
		day, err := insight.ParseDay(at+"day", r.Day)
		if err != nil {
			return nil, err
		}
		rate, err := insight.ParseRate(at+"rate", r.Rate)
		if err != nil {
			return nil, err
		}
		rows[i] = insight.Rate{Currency: r.Currency, Day: day, Rate: rate}
	}
	done, err := a.Insight.SetRates(ctx, p.Workspace, w.Currency, rows)
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "added", &done.Added, "changed", &done.Changed)
	return body(costChangeOut(done))
}

func (a *API) deleteRates(ctx context.Context, p *access.Principal, in *rateDelete) (*Body[deletedOut], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	f, err := rateDays(in.Currency, in.From, in.To)
	if err != nil {
		return nil, err
	}
	n, err := a.Insight.DeleteRates(ctx, p.Workspace, w.Currency, f)
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "deleted", &n)
	return body(deletedOut{n})
}

// importRates reads the file of a form, or the body when it is CSV.
func (a *API) importRates(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	a.importLines(w, r, p, "rates.import", func(text []byte) (insight.CostChange, error) {
		ws, err := a.Access.Workspace(r.Context(), p.Workspace)
		if err != nil {
			return insight.CostChange{}, err
		}
		q := r.URL.Query()
		return a.Insight.ImportRates(r.Context(), p.Workspace, ws.Currency, text, insight.RateFile{Currency: q.Get("currency"), Dates: q.Get("dates"), Decimal: q.Get("decimal")})
	})
}
