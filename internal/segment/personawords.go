package segment

import (
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

// telling is the least difference, in standard deviations, that a name speaks of.
const telling = 0.35

// phrases say that a feature is high or low; "" says nothing.
type phrases struct{ high, low string }

func personaWords() map[string]map[string]phrases {
	return map[string]map[string]phrases{
		"en": {
			FeatureRecency: {"long silent", "bought lately"}, FeatureFrequency: {"frequent buyers", "rare buyers"}, FeatureMoney: {"big spenders", "small spenders"},
			FeatureDiscount: {"bargain hunters", "full-price buyers"}, FeatureCategory: {"fond of “%s”", ""}, FeatureMedium: {"through “%s”", ""},
			FeatureHours + "night": {"at night", ""}, FeatureHours + "morning": {"in the morning", ""}, FeatureHours + "afternoon": {"in the afternoon", ""}, FeatureHours + "evening": {"in the evening", ""},
			"": {"in between", ""},
		},
		"it": {
			FeatureRecency: {"silenziosi da tempo", "acquisti recenti"}, FeatureFrequency: {"acquirenti frequenti", "acquirenti rari"}, FeatureMoney: {"grandi spese", "piccole spese"},
			FeatureDiscount: {"cacciatori di sconti", "a prezzo pieno"}, FeatureCategory: {"amano «%s»", ""}, FeatureMedium: {"tramite «%s»", ""},
			FeatureHours + "night": {"di notte", ""}, FeatureHours + "morning": {"di mattina", ""}, FeatureHours + "afternoon": {"di pomeriggio", ""}, FeatureHours + "evening": {"di sera", ""},
			"": {"nella media", ""},
		},
		"ro": {
			FeatureRecency: {"tac de mult", "au cumpărat recent"}, FeatureFrequency: {"cumpărători frecvenți", "cumpărători rari"}, FeatureMoney: {"cheltuieli mari", "cheltuieli mici"},
			FeatureDiscount: {"vânători de reduceri", "la preț întreg"}, FeatureCategory: {"le place „%s”", ""}, FeatureMedium: {"prin „%s”", ""},
			FeatureHours + "night": {"noaptea", ""}, FeatureHours + "morning": {"dimineața", ""}, FeatureHours + "afternoon": {"după-amiaza", ""}, FeatureHours + "evening": {"seara", ""},
			"": {"la mijloc", ""},
		},
	}
}

// Name suggests a name in a language: the two things in which the persona
// differs most.
func (p *Persona) Name(lang string) string {
	words := personaWords()[lang]
	if words == nil {
		words = personaWords()["en"]
	}
	var parts []string
	for _, c := range p.Contrasts {
		if s := phrase(words, &c); s != "" && len(parts) < 2 {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		parts = []string{words[""].high}
	}
	name := []rune(strings.Join(parts, ", "))
	return strings.ToUpper(string(name[:1])) + string(name[1:])
}

func phrase(words map[string]phrases, c *stats.Contrast) string {
	if c.Difference < telling && c.Difference > -telling {
		return ""
	}
	key, value := c.Name, ""
	for _, prefix := range []string{FeatureCategory, FeatureMedium} {
		if rest, ok := strings.CutPrefix(c.Name, prefix); ok {
			key, value = prefix, rest
		}
	}
	s := words[key].high
	if c.Difference < 0 {
		s = words[key].low
	}
	if value != "" && s != "" {
		return fmt.Sprintf(s, value)
	}
	return s
}
