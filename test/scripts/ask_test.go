package scripts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// ask runs a question, or asks for the people or the reasons of the last one.
func (s *script) ask(c command) error {
	if err := s.settle(); err != nil {
		return err
	}
	ctx := context.Background()
	switch c.name {
	case "run":
		spec, err := s.read(c.text())
		if err != nil {
			return err
		}
		s.spec = spec
		res, err := query.Run(ctx, s.world.store, spec, s.env())
		if err != nil {
			return err
		}
		s.got = s.tableOf(res)
	case "people":
		var cell query.Cell
		if err := json.Unmarshal([]byte(c.text()), &cell); err != nil {
			return err
		}
		res, err := query.People(ctx, s.world.store, s.spec, s.env(), cell)
		if err != nil {
			return err
		}
		for _, p := range res.People {
			w := s.customers[p.ID-1]
			if p.Times > 1 {
				w += fmt.Sprintf("*%d", p.Times)
			}
			s.words = append(s.words, w)
		}
	case "explain":
		who, rest, _ := strings.Cut(c.text(), " ")
		var cell query.Cell
		if err := json.Unmarshal([]byte(rest), &cell); err != nil {
			return err
		}
		res, err := query.Explain(ctx, s.world.store, s.spec, s.env(), s.number(who), &cell)
		if err != nil {
			return err
		}
		s.words = []string{"in"}
		if r := res.Reason; r != nil {
			s.words = []string{r.Code}
			if r.Event != nil {
				s.words = append(s.words, r.Event.Name+"@"+core.ToTime(r.Event.Time).In(s.zone).Format("2006-01-02T15:04"))
			}
		}
	}
	return nil
}

// read makes a spec of the base of the file and what a case adds.
func (s *script) read(text string) (spec query.Spec, err error) {
	var own map[string]any
	if err := json.Unmarshal([]byte(text), &own); err != nil {
		return spec, fmt.Errorf("%w in %s", err, text)
	}
	whole, _ := spelled("", over(s.base, own)).(map[string]any)
	raw, err := json.Marshal(whole)
	if err != nil {
		return spec, err
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	err = d.Decode(&spec)
	return spec, err
}

// over lays b over a, member by member.
func over(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range b {
		x, isMap := v.(map[string]any)
		y, was := out[k].(map[string]any)
		if isMap && was {
			v = over(y, x)
		}
		out[k] = v
	}
	return out
}

// spelled writes out the short forms of events.
func spelled(key string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, part := range x {
			out[k] = spelled(k, part)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, part := range x {
			out[i] = spelled(key, part)
			if text, ok := part.(string); ok && (key == "steps" || key == "series" || key == "exclude") {
				name, optional := strings.CutSuffix(text, "?")
				step := map[string]any{"event": name}
				if optional {
					step["optional"] = true
				}
				out[i] = step
			}
		}
		return out
	}
	return v
}

// expect compares the last answer with a table or with words.
func (s *script) expect(c command) {
	s.t.Helper()
	s.checked++
	if s.got == nil {
		if want := strings.Fields(c.text()); !slices.Equal(want, s.words) {
			s.fail(c, "\nwant %s\ngot  %s", strings.Join(want, " "), strings.Join(s.words, " "))
		}
		return
	}
	lines := c.lines()
	if len(lines) == 0 {
		s.fail(c, "expects no table; the answer is\n%s", s.got.of(s.got.columns))
		return
	}
	columns := strings.Fields(lines[0])
	want := [][]string{columns}
	for _, l := range lines[1:] {
		want = append(want, strings.Fields(l))
	}
	got := s.got.of(columns)
	if !slices.EqualFunc(want, got, slices.Equal) {
		s.fail(c, "\n%s", beside(want, got))
	}
}

func (s *script) expectError(c command) {
	s.t.Helper()
	s.checked++
	field := query.FieldOf(s.err)
	switch {
	case s.err == nil:
		s.fail(c, "the command before succeeds")
	case field != c.rest:
		s.fail(c, "want an error of %q, got %q: %v", c.rest, field, s.err)
	}
	s.err = nil
}

// beside shows two tables side by side; lines that differ are marked.
func beside(want, got [][]string) string {
	left, right := aligned(want), aligned(got)
	width := len("expected")
	for _, l := range left {
		width = max(width, len(l))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %-*s   %s\n", width, "expected", "got")
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		mark := " "
		if i >= len(want) || i >= len(got) || !slices.Equal(want[i], got[i]) {
			mark = "!"
		}
		fmt.Fprintf(&b, "%s %-*s | %s\n", mark, width, l, r)
	}
	return b.String()
}

func aligned(rows [][]string) (out []string) {
	var width []int
	for _, r := range rows {
		for i, w := range r {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len(w))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, w := range r {
			fmt.Fprintf(&b, "%-*s ", width[i], w)
		}
		out = append(out, strings.TrimRight(b.String(), " "))
	}
	return out
}

// grid is an answer as a table.
type grid struct {
	columns []string
	rows    []map[string]string
}

func (g *grid) add(pairs ...any) {
	row := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		name := fmt.Sprint(pairs[i])
		if !slices.Contains(g.columns, name) {
			g.columns = append(g.columns, name)
		}
		row[name] = word(pairs[i+1])
	}
	g.rows = append(g.rows, row)
}

// of gives the named columns, "?" where there is none of that name.
func (g *grid) of(columns []string) [][]string {
	out := [][]string{columns}
	for _, r := range g.rows {
		var row []string
		for _, c := range columns {
			v, ok := r[c]
			switch {
			case !slices.Contains(g.columns, c):
				v = "?"
			case !ok:
				v = "-"
			}
			row = append(row, v)
		}
		out = append(out, row)
	}
	return out
}

func word(v any) string {
	switch x := v.(type) {
	case *float64:
		if x == nil {
			return "-"
		}
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", *x), "0"), ".")
	case query.Value:
		if x.All {
			return "all"
		}
		if x.Text == "" {
			return `""`
		}
		return strings.ReplaceAll(x.Text, " ", "_")
	case core.Micros:
		return fmt.Sprint(x)
	}
	return fmt.Sprint(v)
}

func (s *script) day(at core.Micros) string {
	t := core.ToTime(at).In(s.zone)
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02T15:04")
}

func (s *script) tableOf(r *query.Result) *grid {
	g := &grid{}
	switch r.Kind {
	case query.KindTrend:
		s.trend(g, r.Trend)
	case query.KindFunnel:
		s.funnel(g, r.Funnel)
	case query.KindRetention:
		for _, x := range r.Retention.Groups {
			for i, row := range x.Rows {
				pairs := []any{"value", x.Value, "row", s.day(r.Retention.Buckets[i].Start), "size", row[0].Size}
				for k, c := range row {
					name := fmt.Sprint(r.Retention.Columns[k][0])
					if to := r.Retention.Columns[k][1]; to != r.Retention.Columns[k][0] {
						name += fmt.Sprintf("-%d", to)
					}
					pairs = append(pairs, name, c.Returned, name+"sum", &c.Sum)
				}
				g.add(pairs...)
			}
		}
	case query.KindGrowth:
		for _, x := range r.Growth.Rows {
			g.add("bucket", s.day(x.Start), "active", x.Active, "new", x.New, "returning", x.Returning, "resurrecting", x.Resurrecting, "dormant", x.Dormant, "ratio", x.Ratio)
		}
	case query.KindStickiness:
		for _, x := range r.Stickiness.Bars {
			g.add("intervals", x.Intervals, "customers", x.Customers, "or_more", x.OrMore)
		}
	default:
		s.whole(g, r)
	}
	return g
}

// whole is for kinds that take a range as one.
func (s *script) whole(g *grid, r *query.Result) {
	switch r.Kind {
	case query.KindPaths:
		for _, n := range r.Paths.Nodes {
			g.add("node", n.Key, "in", n.In, "out", n.Out, "drop_off", n.DropOff, "beyond", n.Beyond, "starts", n.Starts, "customers", n.Customers)
		}
		for _, e := range r.Paths.Edges {
			g.add("node", e.From+">"+e.To, "in", e.Paths, "customers", e.Customers)
		}
	case query.KindAttribution:
		credits(g, r.Attribution)
	case query.KindJourney:
		journey(g, r.Journey)
	case query.KindComposition:
		for _, p := range r.Composition.Parts {
			g.add("value", p.Value, "count", p.Count, "share", &p.Share)
		}
		if n := r.Composition.Numbers; n != nil {
			for _, b := range n.Bins {
				g.add("from", &b.From, "to", &b.To, "count", b.Count)
			}
			for _, p := range n.Percentiles {
				g.add("from", fmt.Sprintf("p%g", p.Percent), "to", &p.Value)
			}
		}
		g.add("value", query.Value{All: true}, "from", "all", "count", r.Composition.Total)
	case query.KindTable:
		for _, x := range append(r.Table.Rows, r.Table.Total) {
			pairs := []any{"row", ""}
			if x.Value != nil {
				pairs[1] = *x.Value
			} else {
				pairs[1] = s.customers[x.Customer-1]
			}
			for i, p := range x.Points {
				pairs = append(pairs, string(rune('A'+i)), p.Value)
			}
			g.add(pairs...)
		}
	}
}

// journey has a row for each touchpoint, then one for each move. Times are minutes.
func journey(g *grid, j *query.JourneyResult) {
	minutes := func(t *query.JourneyTime) *float64 {
		if t == nil {
			return nil
		}
		m := float64(t.Median) / float64(core.Minute)
		return &m
	}
	name := func(key string) string { return strings.ReplaceAll(key, " ", "_") }
	for _, s := range j.Stages {
		for _, p := range s.Points {
			g.add("point", name(p.Key), "position", &p.Position, "customers", p.Customers, "share", &p.Share, "visits", p.Visits, "starts", p.Starts, "ended", p.Ended, "under_way", p.UnderWay,
				"drop_off", &p.DropOff, "median", minutes(p.Before), "stage", s.Stage, "of_stage", s.Customers)
		}
	}
	for _, m := range j.Moves {
		g.add("point", name(m.From)+">"+name(m.To), "customers", m.Customers, "visits", m.Times, "share", &m.Share, "median", minutes(m.Time))
	}
}

// credits has a row for each channel and model, and the total as the last.
func credits(g *grid, a *query.AttributionResult) {
	for i, c := range a.Channels {
		name := c.Channel
		if name == query.ChannelNone {
			name = "none"
		}
		pairs := []any{"channel", name, "touches", c.Touches, "converted", c.Converted, "lost", c.Lost}
		for _, m := range a.Models {
			if m.Order > 0 {
				m.Model += fmt.Sprint(m.Order)
			}
			if m.Reason != "" {
				continue
			}
			x := &m.Credits[i]
			pairs = append(pairs, m.Model, &x.Conversions, m.Model+"_removal", x.Removal)
			if x.Value != nil {
				pairs = append(pairs, m.Model+"_value", *x.Value)
			}
		}
		g.add(pairs...)
	}
	pairs := []any{"channel", "all", "converted", a.Conversions, "lost", a.Lost}
	for _, m := range a.Models {
		if m.Order > 0 {
			m.Model += fmt.Sprint(m.Order)
		}
		if m.Reason != "" {
			pairs = append(pairs, m.Model, strings.ReplaceAll(m.Reason, " ", "_"))
		}
		if a.Value != nil {
			pairs = append(pairs, m.Model+"_value", *a.Value)
		}
	}
	g.add(pairs...)
}

func (s *script) trend(g *grid, r *query.TrendResult) {
	var values []query.Value
	for _, l := range r.Lines {
		if !slices.Contains(values, l.Value) {
			values = append(values, l.Value)
		}
	}
	for _, v := range values {
		for b := range len(r.Buckets) + 1 {
			pairs := []any{"value", v, "bucket", "total"}
			if b < len(r.Buckets) {
				pairs[3] = s.day(r.Buckets[b].Start)
			}
			for _, l := range r.Lines {
				if l.Value != v {
					continue
				}
				p := l.Total
				if b < len(r.Buckets) {
					p = l.Points[b]
				}
				pairs = append(pairs, l.Series, p.Value)
			}
			g.add(pairs...)
		}
	}
}

func (s *script) funnel(g *grid, r *query.FunnelResult) {
	groups := r.Groups
	if len(groups) == 0 {
		groups = []query.FunnelGroup{r.Total}
	}
	for _, x := range groups {
		for i, st := range x.Steps {
			median := "-"
			if st.Time != nil {
				median = (time.Duration(st.Time.Median) * time.Microsecond).String()
			}
			g.add("value", x.Value, "step", i+1, "event", r.Labels[i], "reached", st.Reached, "entered", st.Entered, "before", st.Before, "dropped", st.Dropped, "pending", st.Pending,
				"converted", x.Converted, "excluded", x.Excluded, "median", median)
		}
	}
}
