package insight

import (
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// letterWords are what a letter about an alert says in one language.
type letterWords struct {
	firing, recovered   string // subjects
	begun, over         string // first lines
	watched, period     string
	value               string
	above, below        string // the limit
	before, usual       string
	change, since, till string
	hours, days         [3]string // one, few, many
	open, why           string
}

func lettersIn(lang string) *letterWords {
	switch lang {
	case "it":
		return &letterWords{firing: "Allerta: %s", recovered: "Rientrata: %s", begun: "Un valore è uscito dai limiti.", over: "Il valore è rientrato nei limiti.",
			watched: "Osservato", period: "Periodo", value: "Valore", above: "Limite superiore", below: "Limite inferiore", before: "Periodo prima", usual: "Valori abituali",
			change: "Variazione", since: "Fuori dai limiti dal", till: "Rientrato il", hours: [3]string{"ora", "ore", "ore"}, days: [3]string{"giorno", "giorni", "giorni"},
			open: "Apri le allerte", why: "Ricevi questo messaggio perché il tuo indirizzo è indicato in questa allerta di Ciclo."}
	case "ro":
		return &letterWords{firing: "Alertă: %s", recovered: "Revenit la normal: %s", begun: "O valoare a ieșit din limite.", over: "Valoarea a revenit în limite.",
			watched: "Urmărit", period: "Perioadă", value: "Valoare", above: "Limita de sus", below: "Limita de jos", before: "Perioada dinainte", usual: "Valori obișnuite",
			change: "Variație", since: "În afara limitelor din", till: "Revenit la", hours: [3]string{"oră", "ore", "de ore"}, days: [3]string{"zi", "zile", "de zile"},
			open: "Deschide alertele", why: "Primiți acest mesaj pentru că adresa dumneavoastră este trecută la această alertă din Ciclo."}
	}
	return &letterWords{firing: "Alert: %s", recovered: "Back to normal: %s", begun: "A value is out of bounds.", over: "The value is back within bounds.",
		watched: "Watched", period: "Period", value: "Value", above: "Upper limit", below: "Lower limit", before: "Period before", usual: "Usual values",
		change: "Change", since: "Out of bounds since", till: "Back since", hours: [3]string{"hour", "hours", "hours"}, days: [3]string{"day", "days", "days"},
		open: "Open the alerts", why: "You get this message because your address is named in this alert of Ciclo."}
}

// span writes a span such as 30d in words.
func (w *letterWords) span(text string) string {
	s, err := expr.ParseSpan(text)
	if err != nil || s%core.Hour != 0 {
		return text
	}
	n, unit := s/core.Hour, w.hours
	if s%core.Day == 0 {
		n, unit = s/core.Day, w.days
	}
	form := 1
	switch last := n % 100; {
	case n == 1:
		form = 0
	case last == 0 || last >= 20:
		form = 2
	}
	return fmt.Sprint(n, " ", unit[form])
}

// line is one row of a letter.
type line struct{ Name, Value string }

// text is a letter without decoration.
func (w *letterWords) text(first, name string, rows []line, link string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", name, first)
	for _, r := range rows {
		fmt.Fprintf(&b, "%s: %s\n", r.Name, r.Value)
	}
	if link != "" {
		fmt.Fprintf(&b, "\n%s: %s\n", w.open, link)
	}
	fmt.Fprintf(&b, "\n--\u0020\n%s\n", w.why)
	return b.String()
}
