package expr

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// words are the phrases of one language. Each %s stands for a part.
type words struct {
	and, or, not     string
	trait, prop      string // "trait %s"
	ops              map[Op]string
	did, didNot      string // events
	atLeast, atMost  string
	more, less       string
	exactly, between string
	times, once      string
	measures         map[Measure]string
	last, range_     string
	anyEvent         string
	kinds            map[string]string
	where            string
	lapse, lapseGap  string
	was              string
	units            map[byte][2]string
	always           string
}

func languages() map[string]*words {
	return map[string]*words{"en": english(), "it": italian(), "ro": romanian()}
}

func english() *words {
	return &words{
		and: " and ", or: " or ", not: "not (%s)", trait: "trait “%s”", prop: "“%s”",
		ops: map[Op]string{Is: "%s is %s", IsNot: "%s is not %s", Set: "%s is set", NotSet: "%s is not set", In: "%s is one of %s", NotIn: "%s is none of %s",
			Contains: "%s contains %s", NotContains: "%s does not contain %s", Starts: "%s starts with %s", NotStarts: "%s does not start with %s",
			Ends: "%s ends with %s", NotEnds: "%s does not end with %s", Matches: "%s matches %s", NotMatches: "%s does not match %s",
			GT: "%s is more than %s", GTE: "%s is at least %s", LT: "%s is less than %s", LTE: "%s is at most %s", Between: "%s is between %s",
			IsTrue: "%s is true", IsFalse: "%s is false", Before: "%s is before %s", After: "%s is at or after %s",
			InLast: "%s lies in the last %s", MoreThanAgo: "%s lies more than %s ago"},
		did: "did %s%s", didNot: "never did %s%s", atLeast: "at least %s", atMost: "at most %s", more: "more than %s", less: "less than %s", exactly: "exactly %s", between: "between %s",
		times: "times", once: "once",
		measures: map[Measure]string{Sum: "the sum of “%s”", Mean: "the mean of “%s”", Min: "the smallest “%s”", Max: "the largest “%s”",
			DistinctDays: "the number of days", Distinct: "the number of different “%s”"},
		last: " in the last %s", range_: " between %s and %s", anyEvent: "anything", where: " where %s",
		kinds: map[string]string{"page": "a page view", "screen": "a screen view", "identify": "an identification", "group": "a group call", "alias": "an alias"},
		lapse: "%s since the last %s", lapseGap: "%s × the own usual gap (%s while that is unknown) since the last %s", was: "has been in stage “%s”",
		units:  map[byte][2]string{'s': {"second", "seconds"}, 'm': {"minute", "minutes"}, 'h': {"hour", "hours"}, 'd': {"day", "days"}, 'w': {"week", "weeks"}},
		always: "always",
	}
}

func italian() *words {
	return &words{
		and: " e ", or: " oppure ", not: "non (%s)", trait: "il tratto «%s»", prop: "«%s»",
		ops: map[Op]string{Is: "%s è %s", IsNot: "%s non è %s", Set: "%s è presente", NotSet: "%s manca", In: "%s è uno tra %s", NotIn: "%s non è nessuno tra %s",
			Contains: "%s contiene %s", NotContains: "%s non contiene %s", Starts: "%s inizia con %s", NotStarts: "%s non inizia con %s",
			Ends: "%s finisce con %s", NotEnds: "%s non finisce con %s", Matches: "%s corrisponde a %s", NotMatches: "%s non corrisponde a %s",
			GT: "%s è più di %s", GTE: "%s è almeno %s", LT: "%s è meno di %s", LTE: "%s è al massimo %s", Between: "%s è tra %s",
			IsTrue: "%s è vero", IsFalse: "%s è falso", Before: "%s è prima di %s", After: "%s è dal %s in poi",
			InLast: "%s cade nell’ultimo periodo di %s", MoreThanAgo: "%s risale a più di %s fa"},
		did: "ha fatto %s%s", didNot: "non ha mai fatto %s%s", atLeast: "almeno %s", atMost: "al massimo %s", more: "più di %s", less: "meno di %s", exactly: "esattamente %s", between: "tra %s",
		times: "volte", once: "una volta",
		measures: map[Measure]string{Sum: "la somma di «%s»", Mean: "la media di «%s»", Min: "il minimo di «%s»", Max: "il massimo di «%s»",
			DistinctDays: "il numero di giorni", Distinct: "il numero di «%s» diversi"},
		last: " negli ultimi %s", range_: " tra il %s e il %s", anyEvent: "qualsiasi cosa", where: " dove %s",
		kinds: map[string]string{"page": "una visita di pagina", "screen": "una schermata", "identify": "un’identificazione", "group": "una chiamata di gruppo", "alias": "un alias"},
		lapse: "%s dall’ultimo %s", lapseGap: "%s × il proprio intervallo abituale (%s finché è ignoto) dall’ultimo %s", was: "è già stato nella fase «%s»",
		units:  map[byte][2]string{'s': {"secondo", "secondi"}, 'm': {"minuto", "minuti"}, 'h': {"ora", "ore"}, 'd': {"giorno", "giorni"}, 'w': {"settimana", "settimane"}},
		always: "sempre",
	}
}

func romanian() *words {
	return &words{
		and: " și ", or: " sau ", not: "nu (%s)", trait: "trăsătura „%s”", prop: "„%s”",
		ops: map[Op]string{Is: "%s este %s", IsNot: "%s nu este %s", Set: "%s este completată", NotSet: "%s lipsește", In: "%s este una dintre %s", NotIn: "%s nu este niciuna dintre %s",
			Contains: "%s conține %s", NotContains: "%s nu conține %s", Starts: "%s începe cu %s", NotStarts: "%s nu începe cu %s",
			Ends: "%s se termină cu %s", NotEnds: "%s nu se termină cu %s", Matches: "%s se potrivește cu %s", NotMatches: "%s nu se potrivește cu %s",
			GT: "%s este peste %s", GTE: "%s este cel puțin %s", LT: "%s este sub %s", LTE: "%s este cel mult %s", Between: "%s este între %s",
			IsTrue: "%s este adevărat", IsFalse: "%s este fals", Before: "%s este înainte de %s", After: "%s este începând cu %s",
			InLast: "%s este în ultimele %s", MoreThanAgo: "%s este cu mai mult de %s în urmă"},
		did: "a făcut %s%s", didNot: "nu a făcut niciodată %s%s", atLeast: "cel puțin %s", atMost: "cel mult %s", more: "mai mult de %s", less: "mai puțin de %s", exactly: "exact %s", between: "între %s",
		times: "ori", once: "o dată",
		measures: map[Measure]string{Sum: "suma „%s”", Mean: "media „%s”", Min: "minimul „%s”", Max: "maximul „%s”",
			DistinctDays: "numărul de zile", Distinct: "numărul de „%s” diferite"},
		last: " în ultimele %s", range_: " între %s și %s", anyEvent: "orice", where: " unde %s",
		kinds: map[string]string{"page": "o vizită de pagină", "screen": "o vizualizare de ecran", "identify": "o identificare", "group": "un apel de grup", "alias": "un alias"},
		lapse: "%s de la ultimul %s", lapseGap: "%s × propriul interval obișnuit (%s cât timp nu este cunoscut) de la ultimul %s", was: "a mai fost în etapa „%s”",
		units:  map[byte][2]string{'s': {"secundă", "secunde"}, 'm': {"minut", "minute"}, 'h': {"oră", "ore"}, 'd': {"zi", "zile"}, 'w': {"săptămână", "săptămâni"}},
		always: "întotdeauna",
	}
}

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
	case n.Lapse != nil:
		return w.lapseText(n.Lapse)
	case n.Stage != nil:
		return fmt.Sprintf(w.was, n.Stage.Was)
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
	if strings.Count(form, "%s") < 2 {
		return fmt.Sprintf(form, subject)
	}
	return fmt.Sprintf(form, subject, w.value(m))
}

func (w *words) value(m *Match) string {
	v, ok := core.ParseJSON(m.Value)
	if !ok {
		return string(m.Value)
	}
	switch {
	case m.Op == InLast || m.Op == MoreThanAgo:
		return w.span(v.Text)
	case v.Kind == core.ValueList:
		parts := make([]string, len(v.List))
		for i := range v.List {
			parts[i] = v.List[i].Display()
		}
		if m.Op == Between && len(parts) == 2 {
			return parts[0] + w.and + parts[1]
		}
		return strings.Join(parts, ", ")
	case v.Kind == core.ValueText:
		return fmt.Sprintf(w.prop, v.Text)
	}
	return v.Display()
}

func (w *words) span(s string) string {
	if len(s) < 2 {
		return s
	}
	n, unit := s[:len(s)-1], w.units[s[len(s)-1]]
	if n == "1" {
		return n + " " + unit[0]
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
		parts := make([]string, len(where))
		for i := range where {
			parts[i] = w.match(&where[i], w.prop)
		}
		s += fmt.Sprintf(w.where, strings.Join(parts, w.and))
	}
	return s
}

func (w *words) didText(d *Did) string {
	ev := w.event(d.Kind, d.Event, d.Where) + w.window(d.Window)
	b, err := d.Bound()
	if err != nil {
		return ev
	}
	low := core.FormatMinor(b.Lo, 6)
	low = strings.TrimSuffix(strings.TrimRight(low, "0"), ".")
	value := low
	if b.Op == Between {
		value += w.and + strings.TrimSuffix(strings.TrimRight(core.FormatMinor(b.Hi, 6), "0"), ".")
	}
	form := map[Op]string{GT: w.more, GTE: w.atLeast, LT: w.less, LTE: w.atMost, Is: w.exactly, Between: w.between}[b.Op]
	if d.Measure != "" && d.Measure != Count {
		name := w.measures[d.Measure]
		if strings.Contains(name, "%s") {
			name = fmt.Sprintf(name, d.Property)
		}
		return fmt.Sprintf(w.did, ev, ": "+name+" "+fmt.Sprintf(form, value))
	}
	switch {
	case b.Op == LT && low == "1", (b.Op == Is || b.Op == LTE) && low == "0":
		return fmt.Sprintf(w.didNot, ev, "")
	case b.Op == GTE && low == "1":
		return fmt.Sprintf(w.did, ev, "")
	case low == "1" && b.Op != Between:
		return fmt.Sprintf(w.did, ev, " "+fmt.Sprintf(form, w.once))
	}
	return fmt.Sprintf(w.did, ev, " "+fmt.Sprintf(form, value)+" "+w.times)
}

func (w *words) window(win *Window) string {
	switch {
	case win == nil:
		return ""
	case win.Last != "":
		return fmt.Sprintf(w.last, w.span(win.Last))
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
