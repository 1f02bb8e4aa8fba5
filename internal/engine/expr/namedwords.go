package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// quoted puts names into quotation marks, with "or" between them.
func (w *words) quoted(names []string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = fmt.Sprintf(w.prop, n)
	}
	return strings.Join(parts, w.or)
}

func (w *words) stage(s *Stage) string {
	model := ""
	if s.Model != "" {
		model = fmt.Sprintf(w.ofModel, s.Model)
	}
	if s.Was != "" {
		return fmt.Sprintf(w.was, s.Was) + model
	}
	form, names := w.inStage, s.In
	if len(s.Entered) > 0 {
		form, names = w.enteredStage, s.Entered
	}
	text := fmt.Sprintf(form, w.quoted(names)) + model + w.window(s.Window)
	if s.From != "" {
		text += fmt.Sprintf(w.fromStage, s.From)
	}
	if s.Since != nil {
		text += ", " + w.compared(w.ops[s.Since.Op], w.entry, s.Since)
	}
	return text
}

func (w *words) consentText(k *Consent) string {
	about := fmt.Sprintf(w.prop, k.Channel)
	if k.Topic != "" {
		about = fmt.Sprintf(w.topic, about, k.Topic)
	}
	states := make([]string, len(k.State))
	for i, s := range k.State {
		states[i] = w.states[s]
	}
	return fmt.Sprintf(w.consent, about, strings.Join(states, w.or))
}

// messageText says a condition on messages in the form of one on events.
func (w *words) messageText(m *Message) string {
	channel := m.Channel
	if channel == "" {
		channel = "email"
	}
	what := fmt.Sprintf(w.message, w.outcomes[m.Did], w.channels[channel])
	if m.Message != "" {
		what += fmt.Sprintf(w.ofMessage, m.Message)
	}
	if m.Journey != "" {
		what += fmt.Sprintf(w.ofJourney, m.Journey)
	}
	what += w.window(m.Window)
	b, err := (&Did{Op: m.Op, Value: m.Value}).Bound()
	if err != nil {
		return what
	}
	if b.Op == GTE && b.Lo == 1_000_000 {
		return what
	}
	return what + ": " + w.bound(b) + " " + w.times
}

func (w *words) rfm(r *RFM) string {
	var parts []string
	for i, list := range [3][]int{r.R, r.F, r.M} {
		if len(list) == 0 {
			continue
		}
		numbers := make([]string, len(list))
		for k, n := range list {
			numbers[k] = strconv.Itoa(n)
		}
		parts = append(parts, fmt.Sprintf(w.scores[i], strings.Join(numbers, w.or)))
	}
	return strings.Join(parts, w.and)
}
