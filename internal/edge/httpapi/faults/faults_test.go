package faults_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/edge/httpapi/faults"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func languages() []string { return []string{"it", "ro"} }

// TestEveryRefusalIsTranslated fails for a refusal of any room that lacks a
// text, for a text that takes other arguments, and for one that nothing says.
func TestEveryRefusalIsTranslated(t *testing.T) {
	t.Parallel()
	s := readSource(t)
	for _, f := range s.faults {
		t.Error(f)
	}
	for _, format := range faults.Library() {
		s.said[format] = "a library"
	}
	if len(s.said) < 700 {
		t.Fatalf("only %d formats were found: the source is not read as it should be", len(s.said))
	}
	c := faults.MustLoad()
	for _, lang := range languages() {
		texts := c.Tongue(lang).Texts()
		for _, format := range sortedKeys(s.said) {
			text, ok := texts[format]
			switch {
			case faults.Wordless(format):
				if ok {
					t.Errorf("%s: %q has no words, and yet a translation", lang, format)
				}
			case strings.TrimSpace(text) == "":
				t.Errorf("%s: %q has no translation; it is said in %s", lang, format, s.said[format])
			case faults.Verbs(text) != faults.Verbs(format):
				t.Errorf("%s: %q takes %q, but %q takes %q", lang, format, faults.Verbs(format), text, faults.Verbs(text))
			}
		}
		for _, format := range sortedKeys(texts) {
			if s.said[format] == "" {
				t.Errorf("%s: nothing says %q any more", lang, format)
			}
		}
	}
}

// TestLibraryIsWhole compares the formats that are named here with those that
// the framework has now.
func TestLibraryIsWhole(t *testing.T) {
	t.Parallel()
	pkg, err := build.Import("github.com/danielgtaylor/huma/v2/validation", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(pkg.Dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", pkg.Dir, err)
	}
	n, known := 0, faults.Library()
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(x ast.Node) bool {
			v, ok := x.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(v.Names[0].Name, "Msg") || len(v.Values) != 1 {
				return true
			}
			if text, ok := literal(v.Values[0]); !ok || !slices.Contains(known, text) {
				t.Errorf("%s is not among the messages of libraries", v.Names[0].Name)
			}
			n++
			return true
		})
	}
	if n < 40 {
		t.Errorf("the framework has %d messages", n)
	}
}

// sample gives arguments of a format.
func sample(format string) []any {
	var out []any
	for _, v := range strings.Fields(faults.Verbs(format)) {
		switch v[len(v)-1] {
		case 'd':
			out = append(out, 7000+len(out))
		case 'c':
			out = append(out, 'Q')
		case 'g':
			out = append(out, 1.5)
		default:
			out = append(out, fmt.Sprintf("x%d.y", len(out)))
		}
	}
	return out
}

// TestTextsCanBeSaid says every text with arguments, and hears it again from
// its English words.
func TestTextsCanBeSaid(t *testing.T) {
	t.Parallel()
	c := faults.MustLoad()
	romanian := regexp.MustCompile(`[şţŞŢ]`)
	for _, lang := range languages() {
		tongue := c.Tongue(lang)
		for _, format := range sortedKeys(tongue.Texts()) {
			said := tongue.Say(errs.Say(format, sample(format)...))
			if strings.Contains(said, "%!") {
				t.Errorf("%s: %q gives %q", lang, format, said)
			}
			if romanian.MatchString(said) {
				t.Errorf("%s: %q has a cedilla where a comma belongs", lang, said)
			}
			if heard := tongue.Hear(errs.Say(format, sample(format)...).Error()); heard != said {
				t.Errorf("%s: %q was heard as %q, not %q", lang, format, heard, said)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := faults.MustLoad()
	for header, want := range map[string]string{
		"": "en", "it": "it", "IT": "it", "it-CH": "it", "ro;q=0.5, it": "it", "ro;q=0.5, it;q=0.4": "ro", "de, it;q=0.8": "it", "en-GB, it": "en",
		"it, en": "it", "*": "en", "de": "en", "it;q=0": "en", "it;q=0, ro;q=0.1": "ro", "ro;q=2": "en", "ro;q=NaN": "en", "it;q=x, ro": "ro",
		" it ; q = 0.9 ,ro;q=0.8": "it", ";;;,,,;q=": "en", "it;level=1": "en", "../../it": "en", "it\x00": "en",
		strings.Repeat("a,", 1_000_000) + "it": "en", strings.Repeat("-", 1_000_000): "en",
	} {
		if got := c.Choose([]string{header}).Code; got != want {
			t.Errorf("%.40q chooses %s, want %s", header, got, want)
		}
	}
	if got := c.Choose([]string{"de", "ro;q=0.3"}).Code; got != "ro" {
		t.Errorf("two headers choose %s", got)
	}
	if got := c.Choose(nil).Code; got != "en" {
		t.Errorf("no header chooses %s", got)
	}
}

func TestPartsAreTranslated(t *testing.T) {
	t.Parallel()
	c := faults.MustLoad()
	_, span := expr.ParseSpan("soon")
	_, pattern := expr.Compile(expr.Match{Name: "a", Op: expr.Matches, Value: []byte(`"("`)})
	for _, x := range []struct {
		what   *errs.Text
		it, ro string
	}{
		{errs.Field("where", "c", "%v", span).Said(), `la durata "soon" non è un numero con un’unità s, m, h, d o w`, `durata "soon" nu este un număr cu o unitate s, m, h, d sau w`},
		{errs.Say("trait %s: %v", "age", span), `tratto age: la durata "soon" non è un numero con un’unità s, m, h, d o w`, `trăsătura age: durata "soon" nu este un număr cu o unitate s, m, h, d sau w`},
		{errs.Say("%v", fmt.Errorf("stage lead: %w", span)), `stage lead: la durata "soon" non è un numero con un’unità s, m, h, d o w`, `stage lead: durata "soon" nu este un număr cu o unitate s, m, h, d sau w`},
		{errs.Say("%v", expr.Bad("$.all[0]", "is missing")), `$.all[0]: manca`, `$.all[0]: lipsește`},
		{errs.Say("%v", pattern), "il modello non è un’espressione regolare valida: espressione regolare non valida, manca la ) di chiusura: `(`", "tiparul nu este o expresie regulată validă: expresie regulată nevalidă, lipsește ) de închidere: `(`"},
		{errs.Say("the cell cannot be read: %v", errors.New("no such thing")), `la cella non si può leggere: no such thing`, `celula nu se poate citi: no such thing`},
		{errs.Say("there is no segment %q", "is missing"), `non c’è un segmento "is missing"`, `nu există un segment "is missing"`}, // text stays text
		{errs.Say("unheard of %d", 1), `unheard of 1`, `unheard of 1`},
		{errs.Say("100 %%"), `100 %`, `100 %`},
		{(&errs.Error{Message: "50 % off"}).Said(), `50 % off`, `50 % off`},
	} {
		if got := c.Tongue("it").Say(x.what); got != x.it {
			t.Errorf("it: %s\nwant %s", got, x.it)
		}
		if got := c.Tongue("ro").Say(x.what); got != x.ro {
			t.Errorf("ro: %s\nwant %s", got, x.ro)
		}
		if got := c.Tongue("en").Say(x.what); got != x.what.Error() {
			t.Errorf("en: %s", got)
		}
	}
}

func TestHear(t *testing.T) {
	t.Parallel()
	it := faults.MustLoad().Tongue("it")
	for text, want := range map[string]string{
		"": "", "nobody knows": "nobody knows",
		"the number has no value":                                                         "il numero non ha un valore",
		"there is no dashboard 12":                                                        "non c’è un cruscotto 12",
		"expected required property name to be present":                                   "manca la proprietà obbligatoria name",
		"expected value to be one of \"a, b\"":                                            "il valore deve essere uno tra \"a, b\"",
		"total must be number, null":                                                      "total deve essere number, null",
		"a.b does not match the pattern":                                                  "a.b non corrisponde al modello",
		"nothing could be delivered for three days: no answer in time":                    "per tre giorni non si è potuto consegnare nulla: nessuna risposta in tempo",
		"a@x.it: the mail server cannot be reached; b@x.it: the mail server says: 550 no": "a@x.it: il server di posta non è raggiungibile; b@x.it: il server di posta dice: 550 no",
		"there is no segment \"a \\\" is missing\"":                                       "non c’è un segmento \"a \\\" is missing\"",
		"%d%s%!(EXTRA) is missing":                                                        "manca %d%s%!(EXTRA)",
		strings.Repeat("is missing ", 1000):                                               strings.Repeat("is missing ", 1000),
	} {
		if got := it.Hear(text); got != want {
			t.Errorf("%.80q is heard as %.120q, want %.120q", text, got, want)
		}
	}
}

// TestVerbs holds the reader of formats to the ways in which texts may order
// their arguments.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"%d %q": "0d 1q", "%[2]q %[1]d": "0d 1q", "20 %%": "", "%[2]s %s": "1s 2s", "%5.2f %-3d": "0f 1d", "%": "",
	} {
		if got := faults.Verbs(format); got != want {
			t.Errorf("%q takes %q, want %q", format, got, want)
		}
	}
	for format, want := range map[string]bool{"%s: %v": true, "%[1]q": true, "a %d": false, "…": true} {
		if faults.Wordless(format) != want {
			t.Errorf("%q has words: %v", format, want)
		}
	}
}
