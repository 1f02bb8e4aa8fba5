package expr_test

import (
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/expr"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	f := func(cond, en, it, ro string) {
		t.Helper()
		n, err := expr.Parse([]byte(cond))
		if err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"en": en, "it": it, "ro": ro} {
			if got := expr.Sentence(n, lang); got != want {
				t.Errorf("%s: %q, want %q", lang, got, want)
			}
		}
	}
	f(`{"did":{"event":"Order Completed"}}`, "did “Order Completed”", "ha fatto «Order Completed»", "a făcut „Order Completed”")
	f(`{"did":{"event":"A","op":"eq","value":0}}`, "never did “A”", "non ha mai fatto «A»", "nu a făcut niciodată „A”")
	f(`{"did":{"kind":"page","value":3,"window":{"last":"1d"}}}`, "did a page view in the last 1 day at least 3 times",
		"ha fatto una visita di pagina negli ultimi 1 giorno almeno 3 volte", "a făcut o vizită de pagină în ultimele 1 zi cel puțin 3 ori")
	f(`{"all":[{"trait":{"name":"plan","op":"is","value":"pro"}},{"not":{"trait":{"name":"x","op":"set"}}}]}`,
		"trait “plan” is “pro” and not (trait “x” is set)", "il tratto «plan» è «pro» e non (il tratto «x» è presente)", "trăsătura „plan” este „pro” și nu (trăsătura „x” este completată)")
	f(`{"lapse":{"event":"A","days":90}}`, "90 days since the last “A”", "90 giorni dall’ultimo «A»", "90 de zile de la ultimul „A”")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	f := func(cond, part string) {
		t.Helper()
		_, err := expr.Parse([]byte(cond))
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.60s: %v, want an error with %q", cond, err, part)
		}
	}
	f(`{}`, "exactly one")
	f(`{"all":[{"did":{"event":"A"},"trait":{"name":"x","op":"set"}}]}`, "$.all[0]")
	f(`{"bogus":1}`, "unknown field")
	f(`{"did":{}}`, "names no event")
	f(`{"did":{"kind":"signal","event":"Segment Entered"}}`, "use stage or segment")
	f(`{"did":{"event":"A","measure":"sum"}}`, "needs a property")
	f(`{"did":{"event":"A","value":"x"}}`, "number")
	f(`{"did":{"event":"A","window":{"last":"0d"}}}`, "200 years")
	f(`{"did":{"event":"A","window":{"last":"99999999999w"}}}`, "200 years")
	f(`{"trait":{"name":"x","op":"matches","value":"("}}`, "regular expression")
	f(`{"trait":{"name":"x","op":"whatever","value":1}}`, "not an operator")
	f(`{"lapse":{"event":"A","days":-1}}`, "days")
	f(strings.Repeat(`{"not":`, 100)+`{"trait":{"name":"x","op":"set"}}`+strings.Repeat("}", 100), "nested deeper")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, `{"all":[]}`, `{"did":{"event":"A","where":[{"name":"x","op":"in","value":[1,"a",null]}]}}`,
		`{"trait":{"name":"x","op":"between","value":["2020-01-01","2021-01-01"]}}`, `{"lapse":{"kind":"any","days":1e300}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := expr.Parse(raw)
		if err != nil {
			return
		}
		for _, lang := range []string{"en", "it", "ro", "xx"} {
			if expr.Sentence(n, lang) == "" {
				t.Errorf("no sentence in %s for %s", lang, raw)
			}
		}
	})
}
