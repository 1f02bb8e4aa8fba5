package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
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
			"sum": "sum of %s", "mean of": "mean of %s", "median": "median of %s", "min": "least %s", "max": "greatest %s", "percentile": "percentile %s of %s", "per_customer": "per customer", "active": "active customers",
			"new": "new", "returning": "returning", "resurrecting": "resurrected", "dormant": "dormant", "more": "… and more", "mean": "average", "size": "size", "channel": "channel", "failed": "cannot be shown: %s", "intervals": "intervals", "ok": "met", "warn": "near", "bad": "missed"},
		"it": {"entered": "entrati", "pending": "in attesa", "none": "Nessun valore", "empty": "Nessun dato in questo periodo", "customers": "clienti", "before": "prima", "target": "obiettivo",
			"sum": "somma di %s", "mean of": "media di %s", "median": "mediana di %s", "min": "minimo di %s", "max": "massimo di %s", "percentile": "percentile %s di %s", "per_customer": "per cliente", "active": "clienti attivi",
			"new": "nuovi", "returning": "di ritorno", "resurrecting": "riattivati", "dormant": "dormienti", "more": "… e altri", "mean": "media", "size": "numero", "channel": "canale", "failed": "non visualizzabile: %s", "intervals": "intervalli", "ok": "raggiunto", "warn": "vicino", "bad": "mancato"},
		"ro": {"entered": "intrați", "pending": "în așteptare", "none": "Fără valoare", "empty": "Fără date în această perioadă", "customers": "clienți", "before": "înainte", "target": "țintă",
			"sum": "suma pentru %s", "mean of": "media pentru %s", "median": "mediana pentru %s", "min": "minimul pentru %s", "max": "maximul pentru %s", "percentile": "percentila %s pentru %s", "per_customer": "pe client", "active": "clienți activi",
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

// Series names a line or column that has no label by what it counts.
func (w Words) Series(s *query.Series) string {
	if s.Label != "" {
		return s.Label
	}
	name := s.Event.Event
	if name == "" {
		name = s.Kind
	}
	what := ""
	switch s.Measure {
	case "", query.Count:
	case query.Percentile:
		what = fmt.Sprintf(w.Say("percentile"), w.Number(s.Percentile), s.Property)
	case query.Mean:
		what = fmt.Sprintf(w.Say("mean of"), s.Property)
	case query.Sum, query.Median, query.Min, query.Max:
		what = fmt.Sprintf(w.Say(string(s.Measure)), s.Property)
	default:
		what = w.Say(string(s.Measure))
	}
	if what == "" {
		return name
	}
	return name + ", " + what
}

// Date writes a day.
func (w Words) Date(at core.Micros) string {
	t := core.ToTime(at).In(w.Zone)
	if w.lang == "en" {
		return t.Format("2 Jan 2006")
	}
	return t.Format("02.01.2006")
}

// bucket writes the beginning of a period, as exactly as periods need.
func (w Words) bucket(at core.Micros, every query.Interval) string {
	t := core.ToTime(at).In(w.Zone)
	form := map[bool][]string{true: {"2 Jan 15:04", "2 Jan", "Jan 2006", "2006"}, false: {"02.01. 15:04", "02.01.", "01.2006", "2006"}}[w.lang == "en"]
	switch every {
	case query.Hour:
		return t.Format(form[0])
	case query.Month, query.Quarter:
		return t.Format(form[2])
	case query.Year:
		return t.Format(form[3])
	}
	return t.Format(form[1])
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
