package insight

import (
	"bytes"
	"context"
	_ "embed" // the letter
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/channel/mail"
	"github.com/ciclo/ciclo/internal/insight/picture"
)

//go:embed letter.html
var letterText string

// write makes the letter about a change of an alert's state.
func (s *Service) write(ctx context.Context, ws core.WorkspaceID, n *letterJob) (*mail.Message, error) {
	set, _, err := s.settings(ctx, ws)
	if err != nil {
		return nil, err
	}
	w, p := lettersIn(n.Language), picture.In(n.Language, set.zone())
	subject, first := w.firing, w.begun
	if n.State == AlertRecovered {
		subject, first = w.recovered, w.over
	}
	name := clean(n.Name)
	rows := s.rows(ctx, ws, n, w, p, set.Currency)
	link := ""
	if s.PublicURL != "" {
		link = strings.TrimSuffix(s.PublicURL, "/") + "/alerts"
	}
	page, err := template.New("letter").Parse(letterText)
	if err != nil {
		return nil, fmt.Errorf("read letter: %w", err)
	}
	var html bytes.Buffer
	err = page.Execute(&html, map[string]any{"Lang": n.Language, "Name": name, "First": first, "Rows": rows, "Link": link, "Open": w.open, "Why": w.why})
	if err != nil {
		return nil, fmt.Errorf("write letter: %w", err)
	}
	return &mail.Message{To: []string{n.To}, Subject: fmt.Sprintf(subject, name), Text: w.text(first, name, rows, link), HTML: html.String(), ID: n.ID, Automatic: true}, nil
}

// clean makes one line of what somebody typed, so that it cannot pass for
// another row of the letter.
func clean(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}

// rows are the facts of a letter.
func (s *Service) rows(ctx context.Context, ws core.WorkspaceID, n *letterJob, w *letterWords, p picture.Words, currency string) []line {
	k := KPI{Currency: currency}
	d, _ := s.Definition(n.Watched.KPI)
	k.Unit = d.Unit
	value := func(v *float64) string { return kpiText(&k, v, p) }
	rows := []line{{w.watched, clean(s.watchedName(ctx, ws, &n.Watched, n.Language))}}
	if n.Watched.Period != "" {
		rows = append(rows, line{w.period, w.span(n.Watched.Period)})
	}
	v := &n.Verdict
	rows = append(rows, line{w.value, value(v.Value)})
	switch {
	case v.Limit != nil && n.Rule.Op == "above":
		rows = append(rows, line{w.above, value(v.Limit)})
	case v.Limit != nil:
		rows = append(rows, line{w.below, value(v.Limit)})
	case v.Low != nil && v.High != nil:
		rows = append(rows, line{w.usual, value(v.Low) + " – " + value(v.High)})
	case v.Expected != nil:
		rows = append(rows, line{w.before, value(v.Expected)})
	}
	if v.Change != nil {
		sign := ""
		if *v.Change > 0 {
			sign = "+"
		}
		rows = append(rows, line{w.change, sign + p.Percent(*v.Change)})
	}
	when := func(at core.Micros) string {
		return p.Date(at) + " " + core.ToTime(at).In(p.Zone).Format("15:04") + " (" + p.Zone.String() + ")"
	}
	rows = append(rows, line{w.since, when(n.Since)})
	if n.State == AlertRecovered {
		rows = append(rows, line{w.till, when(n.At)})
	}
	return rows
}

// watchedName says what an alert looks at.
func (s *Service) watchedName(ctx context.Context, ws core.WorkspaceID, x *Watched, lang string) string {
	var parts []string
	if d, ok := s.Definition(x.KPI); ok {
		parts = []string{d.Name.In(lang), x.Stage}
	} else if in, err := s.Insight(ctx, ws, x.Insight); err == nil {
		parts = []string{in.Name, x.Line, x.Value}
		if x.Line == "A" {
			parts[1] = ""
		}
	}
	out := parts[:0]
	for _, part := range parts {
		if part != "" {
			out = append(out, part)
		}
	}
	return strings.Join(out, " · ")
}
