package expr

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// Sentence puts a condition into words in a language: en, it or ro; any other
// gives English.
func Sentence(n *Node, lang string) string {
	w := languages()[lang]
	if w == nil {
		w = english()
	}
	return w.node(n, false)
}

func (w *words) node(n *Node, inner bool) string {
	switch {
	case n == nil:
		return w.always
	case n.All != nil:
		return w.group(n.All, w.and, inner)
	case n.Any != nil:
		return w.group(n.Any, w.or, inner)
	case n.Not != nil:
		return fmt.Sprintf(w.not, w.node(n.Not, false))
	case n.Trait != nil:
		return w.match(n.Trait, w.trait)
	case n.Did != nil:
		return w.didText(n.Did)
	case n.Compare != nil:
		return w.compare(n.Compare)
	case n.Lapse != nil:
		return w.lapseText(n.Lapse)
	case n.Stage != nil:
		return w.stage(n.Stage)
	case n.Segment != nil:
		return fmt.Sprintf(w.segment, n.Segment.Key)
	case n.Consent != nil:
		return w.consentText(n.Consent)
	case n.Message != nil:
		return w.messageText(n.Message)
	case n.RFM != nil:
		return w.rfm(n.RFM)
	case n.Sequence != nil:
		return w.sequence(n.Sequence)
	case n.Keyed != nil:
		return fmt.Sprintf(w.keyed, n.Keyed.By, w.node(n.Keyed.When, false))
	case n.Sample != nil:
		return fmt.Sprintf(w.sample, percent(n.Sample.From), percent(n.Sample.To), n.Sample.Salt)
	}
	return w.always
}

func (w *words) group(nodes []Node, join string, inner bool) string {
	if len(nodes) == 0 {
		return w.always
	}
	parts := make([]string, len(nodes))
	for i := range nodes {
		parts[i] = w.node(&nodes[i], len(nodes) > 1)
	}
	s := strings.Join(parts, join)
	if inner && len(nodes) > 1 {
		return "(" + s + ")"
	}
	return s
}

func (w *words) match(m *Match, name string) string {
	form, subject := w.ops[m.Op], fmt.Sprintf(name, m.Name)
	switch m.Name {
	case EventTime:
		subject = w.moment
	case Itself:
		subject = w.itself
	}
	s := w.compared(form, subject, m)
	if m.IgnoreCase {
		s += w.ignoreCase
	}
	if m.For != "" {
		s += fmt.Sprintf(w.held, w.span(m.For))
	}
	return s
}

// compared puts subject and value into the form of an operator.
func (w *words) compared(form, subject string, m *Match) string {
	switch {
	case m.Op == Element:
		return fmt.Sprintf(form, subject, w.matches(m.Where))
	case m.Op == Anniversary && strings.TrimSpace(string(m.Value)) == "0":
		return fmt.Sprintf(w.birthday, subject)
	case strings.Count(form, "%s") < 2:
		return fmt.Sprintf(form, subject)
	}
	return fmt.Sprintf(form, subject, w.value(m))
}

func (w *words) matches(where []Match) string {
	parts := make([]string, len(where))
	for i := range where {
		parts[i] = w.match(&where[i], w.prop)
	}
	return strings.Join(parts, w.and)
}

func (w *words) value(m *Match) string {
	v, ok := core.ParseJSON(m.Value)
	if !ok {
		return string(m.Value)
	}
	switch {
	case m.Op == InLast || m.Op == MoreThanAgo || m.Op == NotInLast || m.Op == InNext:
		return w.span(v.Text)
	case m.Op == Anniversary:
		return w.span(v.Display() + "d")
	case m.Op == Weekday:
		return w.weekdays(v)
	case m.Op == Hour && v.Kind == core.ValueList && len(v.List) == 2:
		return v.List[0].Display() + ":00–" + v.List[1].Display() + ":00"
	case m.Op == Hour:
		return v.Display() + ":00–" + v.Display() + ":59"
	case v.Kind == core.ValueList:
		parts := make([]string, len(v.List))
		for i := range v.List {
			parts[i] = v.List[i].Display()
		}
		if (m.Op == Between || m.Op == NotBetween) && len(parts) == 2 {
			return parts[0] + w.and + parts[1]
		}
		return strings.Join(parts, ", ")
	case v.Kind == core.ValueText:
		return fmt.Sprintf(w.prop, v.Text)
	}
	return v.Display()
}

func (w *words) weekdays(v core.Value) string {
	list := v.List
	if v.Kind == core.ValueNumber {
		list = []core.Value{v}
	}
	parts := make([]string, len(list))
	for i := range list {
		if d, ok := whole(list[i], 1, 7); ok {
			parts[i] = w.days[d-1]
		}
	}
	return strings.Join(parts, ", ")
}

func percent(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (w *words) span(s string) string {
	if len(s) < 2 {
		return s
	}
	n, unit := s[:len(s)-1], w.units[s[len(s)-1]]
	if n == "1" {
		return n + " " + unit[0]
	}
	if count, err := strconv.Atoi(n); w.of != "" && err == nil && (count%100 == 0 || count%100 >= 20) {
		return n + " " + w.of + unit[1]
	}
	return n + " " + unit[1]
}

// event names what is done, with its property conditions.
func (w *words) event(kind, event string, where []Match) string {
	s := fmt.Sprintf(w.prop, event)
	if event == "" {
		s = w.kinds[kind]
		if s == "" {
			s = w.anyEvent
		}
	}
	if len(where) > 0 {
		s += fmt.Sprintf(w.where, w.matches(where))
	}
	return s
}

func (w *words) didText(d *Did) string {
	ev := w.event(d.Kind, d.Event, d.Where) + w.window(d.Window)
	if d.Picks() {
		return w.picked(d, ev)
	}
	b, err := d.Bound()
	if err != nil {
		return ev
	}
	low, value := number(b.Lo), w.bound(b)
	if d.Measure != "" && d.Measure != Count {
		name := w.measures[d.Measure]
		if strings.Contains(name, "%s") {
			name = fmt.Sprintf(name, d.Property)
		}
		return fmt.Sprintf(w.did, ev, ": "+name+" "+value)
	}
	switch {
	case b.Op == LT && low == "1", (b.Op == Is || b.Op == LTE) && low == "0":
		return fmt.Sprintf(w.didNot, ev, "")
	case b.Op == GTE && low == "1":
		return fmt.Sprintf(w.did, ev, "")
	case low == "1" && b.Op != Between && b.Op != NotBetween:
		return fmt.Sprintf(w.did, ev, " "+fmt.Sprintf(w.form(b.Op), w.once))
	}
	return fmt.Sprintf(w.did, ev, " "+value+" "+w.times)
}

// bound says a comparison of a number.
func (w *words) bound(b Bound) string {
	value := number(b.Lo)
	if b.Op == Between || b.Op == NotBetween {
		value += w.and + number(b.Hi)
	}
	return fmt.Sprintf(w.form(b.Op), value)
}

func (w *words) form(op Op) string {
	return map[Op]string{GT: w.more, GTE: w.atLeast, LT: w.less, LTE: w.atMost, Is: w.exactly, Between: w.between, NotBetween: w.notBetween}[op]
}

// number writes millionths without needless zeros.
func number(millionths int64) string {
	return strings.TrimSuffix(strings.TrimRight(core.FormatMinor(millionths, 6), "0"), ".")
}

// compare says which of two measures is the larger.
func (w *words) compare(x *Compare) string {
	side := func(d *Did) string {
		name := w.measures[d.Measure]
		switch {
		case d.Measure == "" || d.Measure == Count:
			name = w.count
		case strings.Contains(name, "%s"):
			name = fmt.Sprintf(name, d.Property)
		}
		return fmt.Sprintf(w.measureOf, name, w.event(d.Kind, d.Event, d.Where)+w.window(d.Window))
	}
	b := side(&x.B)
	if x.Factor != 0 && x.Factor != 1 {
		b = percent(x.Factor) + " × " + b
	}
	return fmt.Sprintf(w.ops[x.Op], side(&x.A), b)
}

// picked says what the first or last event tells.
func (w *words) picked(d *Did, ev string) string {
	subject := w.measures[d.Measure]
	if strings.Contains(subject, "%s") {
		subject = fmt.Sprintf(subject, d.Property)
	}
	m := d.Match()
	s := w.compared(w.ops[m.Op], subject, &m)
	if m.IgnoreCase {
		s += w.ignoreCase
	}
	return fmt.Sprintf(w.did, ev, ": "+s)
}

func (w *words) sequence(s *Sequence) string {
	if len(s.Steps) == 0 {
		return w.always
	}
	var b strings.Builder
	for i := range s.Steps {
		st := &s.Steps[i]
		ev := w.event(st.Kind, st.Event, st.Where)
		switch {
		case i == 0:
			b.WriteString(fmt.Sprintf(w.did, ev, ""))
			continue
		case st.Not:
			b.WriteString(fmt.Sprintf(w.thenNot, ev))
		default:
			b.WriteString(fmt.Sprintf(w.then, ev))
		}
		if st.Within != "" {
			b.WriteString(fmt.Sprintf(w.within, w.span(st.Within)))
		}
	}
	if s.Window != nil {
		b.WriteString("," + w.window(s.Window))
	}
	return b.String()
}

func (w *words) window(win *Window) string {
	switch {
	case win == nil:
		return ""
	case win.Before != "":
		return w.window(&Window{Last: win.Last}) + fmt.Sprintf(w.ending, w.span(win.Before))
	case win.Last != "":
		if unit := win.Last[len(win.Last)-1]; w.lastHer != "" && (unit == 'h' || unit == 'w') {
			return fmt.Sprintf(w.lastHer, w.span(win.Last))
		}
		return fmt.Sprintf(w.last, w.span(win.Last))
	case win.Calendar != "":
		return " " + w.periods[win.Calendar]
	}
	from, to := "…", "…"
	if win.From != nil {
		from = win.From.Format("2006-01-02 15:04")
	}
	if win.To != nil {
		to = win.To.Format("2006-01-02 15:04")
	}
	return fmt.Sprintf(w.range_, from, to)
}

func (w *words) lapseText(l *Lapse) string {
	ev := w.event(l.Kind, l.Event, l.Where)
	days, _ := json.Marshal(l.Days) //nolint:errcheck // a number encodes
	fixed := w.span(string(days) + "d")
	if l.GapMultiple > 0 {
		times, _ := json.Marshal(l.GapMultiple) //nolint:errcheck // a number encodes
		return fmt.Sprintf(w.lapseGap, times, fixed, ev)
	}
	return fmt.Sprintf(w.lapse, fixed, ev)
}
