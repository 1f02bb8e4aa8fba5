package insight

import (
	_ "embed" // the catalogue
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed catalogue.json
var catalogueText []byte

// Text is a text in the languages of Ciclo.
type Text struct {
	EN string `json:"en"`
	IT string `json:"it"`
	RO string `json:"ro"`
}

// In gives the text in a language; English when the language is another one.
func (t Text) In(lang string) string {
	switch {
	case strings.HasPrefix(lang, "it") && t.IT != "":
		return t.IT
	case strings.HasPrefix(lang, "ro") && t.RO != "":
		return t.RO
	}
	return t.EN
}

// Scopes of a definition: what one value of it is about.
const (
	ScopeAll      = "all"      // the whole base
	ScopeStage    = "stage"    // one stage of a stage model
	ScopeCustomer = "customer" // one customer only
)

// Definition is one KPI of the catalogue. Whoever changes what it computes
// raises Version.
type Definition struct {
	Key       string `json:"key"`
	Version   int    `json:"version"`
	Scope     string `json:"scope"`
	Unit      string `json:"unit"`
	Direction string `json:"direction"` // "up" or "down" is good
	Compute   string `json:"compute"`
	Num       string `json:"num"`  // counter above the line
	Den       string `json:"den"`  // counter below it
	Pair      string `json:"pair"` // parts per customer, for the interval
	Name      Text   `json:"name"`
	// Numerator, Denominator and Note are in words; Formula replaces their
	// quotient where the KPI is none.
	Numerator   Text `json:"numerator"`
	Denominator Text `json:"denominator"`
	Formula     Text `json:"formula"`
	Note        Text `json:"note"`

	num, den counter
	pair     pairing
}

// costs says whether it needs what was spent.
func (d *Definition) costs() bool {
	switch d.Compute {
	case "cost", "roi", "net_margin", "payback":
		return true
	}
	return false
}

// FormulaIn gives the formula in words.
func (d *Definition) FormulaIn(lang string) string {
	if d.Formula.EN != "" {
		return d.Formula.In(lang)
	}
	if d.Denominator.EN == "" {
		return d.Numerator.In(lang)
	}
	return d.Numerator.In(lang) + " / " + d.Denominator.In(lang)
}

// catalogue is the parsed catalogue.
type catalogue struct {
	KPIs  []Definition    `json:"kpis"`
	Notes map[string]Text `json:"notes"`
	byKey map[string]*Definition
}

func readCatalogue() (*catalogue, error) {
	c := &catalogue{byKey: map[string]*Definition{}}
	if err := json.Unmarshal(catalogueText, c); err != nil {
		return nil, fmt.Errorf("read KPI catalogue: %w", err)
	}
	counters, pairs := counterNames(), pairingNames()
	for i := range c.KPIs {
		d := &c.KPIs[i]
		var ok [3]bool
		d.num, ok[0] = counters[d.Num]
		d.den, ok[1] = counters[d.Den]
		d.pair, ok[2] = pairs[d.Pair]
		if !ok[0] || !ok[1] || !ok[2] || c.byKey[d.Key] != nil {
			return nil, fmt.Errorf("read KPI catalogue: %q names an unknown part or stands twice", d.Key)
		}
		c.byKey[d.Key] = d
	}
	return c, nil
}

// note gives a note of the catalogue, filled in.
func (c *catalogue) note(key, lang string, fill ...string) string {
	return strings.NewReplacer(fill...).Replace(c.Notes[key].In(lang))
}
