package picture

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Words are what pictures say in one language.
type Words struct {
	lang  string
	Zone  *time.Location
	words map[string]string
}

// In gives the words of a language (en, it, ro; any other gives English) with
// dates of a zone.
func In(lang string, zone *time.Location) Words {
	all := map[string]map[string]string{
		"en": {"entered": "entered", "pending": "pending", "none": "No value", "empty": "No data in this range", "customers": "customers", "before": "before", "target": "target",
			"new": "new", "returning": "returning", "resurrecting": "resurrected", "dormant": "dormant", "more": "… and more", "mean": "average", "size": "size", "channel": "channel", "failed": "cannot be shown: %s", "intervals": "intervals", "ok": "met", "warn": "near", "bad": "missed"},
		"it": {"entered": "entrati", "pending": "in attesa", "none": "Nessun valore", "empty": "Nessun dato in questo periodo", "customers": "clienti", "before": "prima", "target": "obiettivo",
			"new": "nuovi", "returning": "di ritorno", "resurrecting": "riattivati", "dormant": "dormienti", "more": "… e altri", "mean": "media", "size": "numero", "channel": "canale", "failed": "non visualizzabile: %s", "intervals": "intervalli", "ok": "raggiunto", "warn": "vicino", "bad": "mancato"},
		"ro": {"entered": "intrați", "pending": "în așteptare", "none": "Fără valoare", "empty": "Fără date în această perioadă", "customers": "clienți", "before": "înainte", "target": "țintă",
			"new": "noi", "returning": "reveniți", "resurrecting": "reactivați", "dormant": "inactivi", "more": "… și altele", "mean": "medie", "size": "număr", "channel": "canal", "failed": "nu poate fi afișat: %s", "intervals": "intervale", "ok": "atinsă", "warn": "aproape", "bad": "ratată"},
	}
	if all[lang] == nil {
		lang = "en"
	}
	if zone == nil {
		zone = time.UTC
	}
	return Words{lang, zone, all[lang]}
}

// Say gives a phrase.
func (w Words) Say(key string) string { return w.words[key] }

// Date writes a day.
func (w Words) Date(at core.Micros) string {
	t := core.ToTime(at).In(w.Zone)
	if w.lang == "en" {
		return t.Format("2 Jan 2006")
	}
	return t.Format("02.01.2006")
}

// day writes a day without its year.
func (w Words) day(at core.Micros) string {
	t := core.ToTime(at).In(w.Zone)
	if w.lang == "en" {
		return t.Format("2 Jan")
	}
	return t.Format("02.01.")
}

// Number writes a number with up to two decimals and groups of three.
func (w Words) Number(v float64) string {
	digits := 2
	if math.Abs(v) >= 1000 || v == math.Trunc(v) {
		digits = 0
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, rest, _ := strings.Cut(text, ".")
	var b strings.Builder
	if v < 0 && strings.Trim(text, "0.") != "" {
		b.WriteString("−")
	}
	group, point := ",", "."
	if w.lang != "en" {
		group, point = ".", ","
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	if rest = strings.TrimRight(rest, "0"); rest != "" {
		b.WriteString(point + rest)
	}
	return b.String()
}

// Percent writes a share.
func (w Words) Percent(share float64) string {
	v := share * 100
	if math.Abs(v) >= 10 {
		v = math.Round(v*10) / 10
	} else {
		v = math.Round(v*100) / 100
	}
	return w.Number(v) + " %"
}
