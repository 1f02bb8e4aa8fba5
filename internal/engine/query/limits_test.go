package query_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func TestBadSpecs(t *testing.T) {
	t.Parallel()
	const rg = `"range":{"from":"2020-01-01","to":"2020-01-10"}`
	refused(t, "kind", `{"kind":"pie",`+rg+`}`)
	refused(t, "trend", `{"kind":"trend",`+rg+`}`)
	refused(t, "growth", `{"kind":"trend",`+rg+`,"trend":{"interval":"day","series":[{"event":"A"}]},"growth":{"event":"A","interval":"day"}}`)
	refused(t, "range.from", `{"kind":"growth","range":{"from":"yesterday","to":"2020-01-01"},"growth":{"event":"A","interval":"day"}}`)
	refused(t, "range.last", `{"kind":"growth","range":{"last":"0d"},"growth":{"event":"A","interval":"day"}}`)
	refused(t, "where[0]", `{"kind":"growth",`+rg+`,"where":[{"name":"x","op":"matches","value":"("}],"growth":{"event":"A","interval":"day"}}`)
	refused(t, "growth.interval", `{"kind":"growth",`+rg+`,"growth":{"event":"A","interval":"fortnight"}}`)
	refused(t, "growth.kind", `{"kind":"growth",`+rg+`,"growth":{"kind":"dance","event":"A","interval":"day"}}`)
	refused(t, "stickiness.group", `{"kind":"stickiness",`+rg+`,"stickiness":{"event":"A","interval":"day","group":-1}}`)
	for field, part := range map[string]string{
		"trend.series":              `"series":[]`,
		"trend.series[0].measure":   `"series":[{"event":"A","measure":"mode"}]`,
		"trend.series[0].property":  `"series":[{"event":"A","measure":"sum"}]`,
		"trend.series[0].days":      `"series":[{"event":"A","measure":"active"}]`,
		"trend.formulas[0].formula": `"series":[{"event":"A"}],"formulas":[{"formula":"A / B"}]`,
		"trend.compare":             `"series":[{"event":"A"}],"compare":"never"`,
		"trend.breakdown.property":  `"series":[{"event":"A"}],"breakdown":{}`,
		"trend.average":             `"series":[{"event":"A"}],"average":-1`,
	} {
		refused(t, field, `{"kind":"trend",`+rg+`,"trend":{"interval":"day",%s}}`, part)
	}
	for field, part := range map[string]string{
		"retention.unit":            `"unit":"hour"`,
		"retention.entry":           `"unit":"day","entry":"once"`,
		"retention.brackets[1]":     `"unit":"day","brackets":[[0,2],[2,3]]`,
		"retention.periods":         `"unit":"day","periods":-1`,
		"retention.breakdown.top":   `"unit":"day","breakdown":{"property":"p","top":100000}`,
		"retention.return.where[0]": `"unit":"day","return":{"event":"B","where":[{"name":"x","op":"gt","value":"y"}]}`,
	} {
		refused(t, field, `{"kind":"retention",`+rg+`,"retention":{"start":{"event":"A"},%s}}`, part)
	}
	for field, part := range map[string]string{
		"paths.gap":               `"paths":{"gap":"0m"}`,
		"paths.steps":             `"paths":{"steps":1}`,
		"paths.edges":             `"paths":{"edges":5000}`,
		"paths.end":               `"paths":{"start":"x","end":"x"}`,
		"paths.events[0].event":   `"paths":{"events":[{}]}`,
		"paths.groups[0].pattern": `"paths":{"groups":[{"name":"x"}]}`,
		"paths.groups[0].regex":   `"paths":{"groups":[{"name":"x","regex":"("}]}`,
		"paths.groups[1].name":    `"paths":{"groups":[{"name":"x","pattern":"/a/*"},{"pattern":"*"}]}`,
	} {
		refused(t, field, `{"kind":"paths",`+rg+`,%s}`, part)
	}
	for field, part := range map[string]string{
		"composition.of":                  `"of":"orders","breakdown":{"property":"x"}`,
		"composition.breakdown":           `"of":"events"`,
		"composition.numbers.by":          `"numbers":{"by":"stage","property":"x"}`,
		"composition.numbers.bins":        `"numbers":{"property":"x","bins":1000}`,
		"composition.numbers.percentiles": `"numbers":{"property":"x","percentiles":[101]}`,
	} {
		refused(t, field, `{"kind":"composition",`+rg+`,"composition":{"event":"A",%s}}`, part)
	}
	for field, part := range map[string]string{
		"table.rows":               `"rows":"order","columns":[{"event":"A"}]`,
		"table.breakdown":          `"columns":[{"event":"A"}]`,
		"table.columns":            `"rows":"customer","columns":[]`,
		"table.columns[0].measure": `"rows":"customer","columns":[{"event":"A","measure":"active","days":1}]`,
		"table.sort":               `"rows":"customer","sort":"-B","columns":[{"event":"A"}]`,
		"table.limit":              `"rows":"customer","limit":5000,"columns":[{"event":"A"}]`,
	} {
		refused(t, field, `{"kind":"table",`+rg+`,"table":{%s}}`, part)
	}
	for _, text := range []string{"", "A +", "(A", "A)", "A B", "1.2.3", "A $ 2", "((((((((((((((((((((((((((((((((((((((((((((((((((((A))))))))))))))))))))))))))))))))))))))))))))))))))))"} {
		refused(t, "trend.formulas[0].formula", `{"kind":"trend",`+rg+`,"trend":{"interval":"day","series":[{"event":"A"}],"formulas":[{"formula":%q}]}}`, text)
	}
	s := load(t, []core.Event{event(1, day(1), "A", "")})
	for field, text := range map[string]string{
		"range":             `{"kind":"trend","range":{"from":"1950-01-01","to":"2020-01-01"},"trend":{"interval":"hour","series":[{"event":"A"}]}}`,
		"retention.periods": `{"kind":"retention","range":{"from":"2018-01-01","to":"2020-01-01"},"retention":{"unit":"day","start":{"event":"A"}}}`,
	} {
		if _, err := query.Run(context.Background(), s, parse(t, "%s", text), env()); query.FieldOf(err) != field {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, day(1), "A", ""), event(1, day(20), "B", "")})
	for _, c := range []struct{ name, code string }{{"Nothing", "unknown_event"}, {"B", "no_events"}} {
		for _, text := range []string{
			`{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-10"},"trend":{"interval":"day","series":[{"event":%q}]}}`,
			`{"kind":"stickiness","range":{"from":"2020-01-01","to":"2020-01-10"},"stickiness":{"interval":"day","event":%q}}`,
			`{"kind":"growth","range":{"from":"2020-01-01","to":"2020-01-10"},"growth":{"interval":"day","event":%q}}`,
			`{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-10"},"retention":{"unit":"day","start":{"event":%q}}}`,
			`{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-10"},"funnel":{"window":"1d","steps":[{"event":%q}]}}`,
		} {
			if res := ask(t, s, env(), text, c.name); !hinted(res, c.code) || res.Meta.Rows != 0 {
				t.Errorf("%s: got %+v", fmt.Sprintf(text, c.name), res.Meta)
			}
		}
	}
	res := ask(t, s, env(), `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-10"},"trend":{"interval":"day","series":[{"event":"A","measure":"sum","property":"colour"}]}}`)
	if !hinted(res, "unknown_property") || *res.Trend.Lines[0].Total.Value != 0 {
		t.Errorf("unknown property: got %+v", res.Meta)
	}
	for _, text := range []string{
		`{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-10"},"trend":{"interval":"day","series":[{"event":%q}],"breakdown":{"property":"colour"}}}`,
		`{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-10"},"retention":{"unit":"day","start":{"event":%q},"breakdown":{"property":"colour"}}}`,
		`{"kind":"table","range":{"from":"2020-01-01","to":"2020-01-10"},"table":{"columns":[{"event":%q}],"breakdown":{"property":"colour"}}}`,
		`{"kind":"paths","range":{"from":"2020-01-01","to":"2020-01-10"},"paths":{"start":%q}}`,
	} {
		raw, err := json.Marshal(ask(t, s, env(), text, "Nothing"))
		if err != nil || bytes.Contains(raw, []byte(`":null`)) {
			t.Errorf("%s: a list that is empty is no null: %s %v", text, raw, err)
		}
	}
}

// TestManyValues breaks down by 100,000 values: the top and the rest add up, and
// a small budget refuses instead of growing.
func TestManyValues(t *testing.T) {
	t.Parallel()
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	events := make([]core.Event, 0, n+200)
	for i := range n {
		events = append(events, event(core.CustomerID(i%5000+1), day(1)+int64(i), "A", fmt.Sprintf(`{"v":"value %d"}`, i)))
	}
	for i := range 200 {
		events = append(events, event(core.CustomerID(i+1), day(2), "A", `{"v":"often"}`))
	}
	s := load(t, events)
	const trend = `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-03"},"trend":{"interval":"day","breakdown":{"property":"v","top":3},"series":[{"event":"A"},{"event":"A","measure":"customers"}]}}`
	res := ask(t, s, env(), trend)
	lines := res.Trend.Lines
	rest, people := lines[len(lines)-2], lines[len(lines)-1]
	if len(lines) != 8 || lines[0].Value.Text != "often" || *lines[0].Total.Value != 200 || !rest.Value.Other || *rest.Total.Value != float64(n-2) || *people.Total.Value != 5000 || res.Meta.Values != n+1 || !res.Meta.Truncated {
		t.Errorf("trend: got first %+v, rest %+v, people %+v, meta %+v", lines[0].Total, rest.Total, people.Total, res.Meta)
	}
	const funnel = `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-03"},"funnel":{"window":"1h","breakdown":{"property":"v","top":3,"at":"each"},"steps":[{"event":"A"},{"event":"A"}]}}`
	res = ask(t, s, env(), funnel)
	if g := res.Funnel.Groups; len(g) != 4 || g[0].Entered != 200 || g[3].Entered != int64(n-2) || !res.Meta.Truncated || !hinted(res, "rest_counts_twice") {
		t.Errorf("funnel: got %d groups, meta %+v", len(g), res.Meta)
	}
	small := env()
	small.Budget = 1 << 20
	for _, text := range []string{trend, funnel} {
		if _, err := query.Run(context.Background(), s, parse(t, "%s", text), small); errs.KindOf(err) != errs.TooLarge || errs.CodeOf(err) != "query_too_large" {
			t.Errorf("over budget: got %v", err)
		}
	}
}
