package query

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Bounds of what is told of currencies: what stands there may be anything.
const (
	maxCodes   = 64
	shownCodes = 10
	codeBytes  = 12
)

// foreign counts events that were left out, since their currency has no rate.
type foreign struct {
	n     int64
	codes map[string]int64
}

func (f *foreign) add(code string) {
	f.n++
	if len(code) > codeBytes {
		code = strings.ToValidUTF8(code[:codeBytes], "")
	}
	if _, met := f.codes[code]; !met {
		if len(f.codes) == maxCodes {
			return
		}
		if f.codes == nil {
			f.codes = map[string]int64{}
		}
		code = strings.Clone(code) // the text belongs to a page
	}
	f.codes[code]++
}

func (f *foreign) merge(o *foreign) {
	f.n += o.n
	for code, n := range o.codes {
		if f.codes == nil {
			f.codes = map[string]int64{}
		}
		f.codes[code] += n
	}
}

// names gives the currencies met most often.
func (f *foreign) names() string {
	list := slices.SortedFunc(maps.Keys(f.codes), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.codes[b], f.codes[a]), cmp.Compare(a, b))
	})
	return strings.Join(list[:min(len(list), shownCodes)], ", ")
}

// foreign tells of events that were left out.
func (q *query) foreign(all *foreign) {
	if all.n > 0 {
		names := all.names()
		q.hint("other_currency", names, fmt.Sprintf("%d events in other currencies than %s were left out, since no exchange rate of their day is known: %s", all.n, q.env.Currency, names))
	}
}

// currency gives what the property at path of row i says, "" when it says
// nothing.
func (q *query) currency(w *worker, r *timeline.Rows, i, path int) string {
	v, set := w.value(r, i, path)
	if !set || v.Text == "" {
		return ""
	}
	if strings.EqualFold(v.Text, q.env.Currency) {
		return q.env.Currency
	}
	return strings.ToUpper(strings.TrimSpace(v.Text))
}

// home converts val, millionths, of row i into the workspace's currency at the
// rate of its day. Without a currency it is in that one already.
func (q *query) home(w *worker, r *timeline.Rows, i, path int, val int64, left *foreign) (int64, bool) {
	code := cmp.Or(q.currency(w, r, i, path), q.env.Currency)
	converted, ok := q.env.Rates.ConvertMillionths(val, code, q.env.Currency, r.Time[i])
	if !ok {
		left.add(code)
	}
	return converted, ok
}

// amount reads money at path of row i; otherwise is its currency when the row
// names none. ok is false when there is no readable amount.
func (f *attributionFold) amount(w *worker, r *timeline.Rows, i, path int, otherwise string) (m core.Money, ok bool) {
	v, set := w.value(r, i, path)
	if !set {
		return m, false
	}
	if m.Currency = otherwise; f.currency >= 0 {
		m.Currency = strings.Clone(cmp.Or(f.q.currency(w, r, i, f.currency), otherwise))
	}
	if v.Kind == core.ValueNumber || v.Kind == core.ValueText {
		m.Minor, ok = core.ParseMoney(v.Text, core.Exponent(m.Currency))
	}
	if ok = ok && within(m.Minor); !ok {
		m.Minor = 0
	}
	return m, ok
}

func within(minor int64) bool { return minor < maxMinor && minor > -maxMinor }

// worth converts money at the rate of an instant.
func (f *attributionFold) worth(m core.Money, at core.Micros) (minor int64, ok bool) {
	minor, ok = f.q.env.Rates.Convert(m.Minor, m.Currency, f.q.env.Currency, at)
	if !ok || !within(minor) {
		return 0, false
	}
	return minor, true
}

// tell gives a sale what was told of its value.
func (f *attributionFold) tell(c *sale, m core.Money, told bool) {
	c.paid, c.value, c.unrated = m, 0, false
	if told {
		var rated bool
		c.value, rated = f.worth(m, c.at)
		c.unrated = !rated
	}
}

// settle takes refunds from the values, in the order of time, at the rate of the
// order: what comes back in full leaves nothing.
func (f *attributionFold) settle(p *attributionPart) {
	for _, t := range p.takenBack {
		at, ok := p.byOrder[t.order]
		if !ok || p.conversions[at].full || p.conversions[at].unrated {
			continue
		}
		c := &p.conversions[at]
		amount := c.value
		switch {
		case t.all:
			c.full = true
		case t.paid.Currency == c.paid.Currency:
			before, _ := f.worth(core.Money{Minor: c.back, Currency: c.paid.Currency}, c.at)
			c.back += t.paid.Minor
			after, _ := f.worth(core.Money{Minor: c.back, Currency: c.paid.Currency}, c.at)
			amount = after - before
		default:
			if amount, ok = f.worth(t.paid, c.at); !ok {
				p.foreign.add(t.paid.Currency)
				continue
			}
		}
		c.value -= amount
		if c.at >= f.q.from {
			p.refunded += amount
		}
	}
}
