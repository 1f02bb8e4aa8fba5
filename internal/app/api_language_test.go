package app_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// english are words that no name of a member, an operator or an event has, and
// no other language of the UI.
var english = regexp.MustCompile(`(?i)\b(the|must|cannot|expected|missing|there|which|should|required|characters|found|parsing|parameter|wrong|longer|larger|needs)\b`)

// understood looks whether what is refused is said in the language of the world.
func (w *world) understood(r request, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	if w.speaks == "" || r.speaks[0] != w.speaks || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/problem+json") {
		return
	}
	p := gjson.ParseBytes(rec.Body.Bytes())
	said := p.Get("detail").Str
	for _, e := range p.Get("errors").Array() {
		said = strings.ReplaceAll(said, e.Get("location").Str, "") + "\n" + e.Get("message").Str
	}
	if word := english.FindString(said); word != "" || rec.Header().Get("Content-Language") != w.speaks {
		w.t.Errorf("%s %.100s in %s says %q: %.400s", r.method, r.path, w.speaks, word, rec.Body)
	}
}

// TestAPIRefusalsAreTranslated asks for what is refused by rooms, by the
// framework and by routes of their own, in each language.
func TestAPIRefusalsAreTranslated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	broken, kind := form(t, "other", "a.csv", "x")
	for _, x := range []struct {
		what       string
		r          request
		code       string
		en, it, ro string
	}{
		{"a condition", request{method: "POST", path: "/segments/preview", body: obj{"when": obj{"all": []any{obj{"did": obj{"event": "a", "measure": "count", "op": "gte", "value": 1, "window": obj{"last": "soon"}}}}}}},
			"bad_condition", `span "soon" is not a number with a unit s, m, h, d or w`, `la durata "soon" non è un numero con un’unità s, m, h, d o w`, `durata "soon" nu este un număr cu o unitate s, m, h, d sau w`},
		{"an operator in a condition", request{method: "POST", path: "/segments/preview", body: obj{"when": obj{"trait": obj{"name": "a", "op": "like", "value": 1}}}},
			"bad_condition", `"like" is not an operator`, `"like" non è un operatore`, `"like" nu este un operator`},
		{"an insight", request{method: "GET", path: "/insights/987654"}, "unknown_insight", "there is no saved insight 987654", "non c’è un’analisi salvata 987654", "nu există o analiză salvată 987654"},
		{"a query", request{method: "POST", path: "/insights/run", body: obj{"kind": "trend", "range": obj{"last": "7d"}, "trend": obj{"series": []any{obj{"event": "a", "measure": "most"}}}}},
			"invalid_query", `"most" is not a measure`, `"most" non è una misura`, `"most" nu este o măsură`},
		{"a password", request{method: "POST", path: "/users", body: obj{"email": "new@alphamark.test", "name": "New", "role": "analyst", "password": "short"}},
			"weak_password", "a password has at least 10 characters", "una password ha almeno 10 caratteri", "o parolă are cel puțin 10 caractere"},
		{"what the framework misses", request{method: "POST", path: "/api-keys", body: obj{"role": "analyst"}},
			"invalid_request", "validation failed: body.name: expected required property name to be present", "alcuni dati non sono validi: body.name: manca la proprietà obbligatoria name", "unele date nu sunt valide: body.name: lipsește proprietatea obligatorie name"},
		{"a raw route", request{method: "POST", path: "/imports/uploads", body: broken, kind: kind},
			"missing_file", "the form has no part named file", "il modulo non ha una parte di nome file", "formularul nu are o parte numită file"},
		{"a number of a raw route", request{method: "GET", path: "/imports/x/rejected.csv"},
			"invalid_request", "validation failed: path.id: must be a whole number above 0", "alcuni dati non sono validi: path.id: deve essere un numero intero sopra 0", "unele date nu sunt valide: path.id: trebuie să fie un număr întreg peste 0"},
		{"no route", request{method: "GET", path: "/nowhere"}, "not_found", "there is no such path in the API", "nell’API non c’è un percorso simile", "în API nu există o astfel de cale"},
		{"a key", request{method: "GET", path: "/me", key: "nonsense"}, "invalid_api_key", "the API key is not known", "la chiave API non è nota", "cheia API nu este cunoscută"},
	} {
		for _, l := range []struct {
			accept     []string
			lang, want string
		}{
			{nil, "en", x.en}, {[]string{"it"}, "it", x.it}, {[]string{"ro"}, "ro", x.ro}, {[]string{"ro;q=0.5, it"}, "it", x.it}, {[]string{"fr", "ro-MD;q=0.1"}, "ro", x.ro},
			{[]string{"de"}, "en", x.en}, {[]string{"../../it\x00", strings.Repeat(",;q=", 9999)}, "en", x.en},
		} {
			x.r.speaks = l.accept
			rec := w.a.do(x.r)
			p := problemOf(t, x.what, rec)
			if p.Get("code").Str != x.code || p.Get("detail").Str != l.want || p.Get("message").Str != l.want {
				t.Errorf("%s in %.20q: %s\nwant %s: %s", x.what, l.accept, rec.Body, x.code, l.want)
			}
			for _, e := range p.Get("errors").Array() {
				if !strings.HasSuffix(l.want, e.Get("message").Str) || e.Get("location").Str == "" {
					t.Errorf("%s in %.20q: the field says %s, not %s", x.what, l.accept, e, l.want)
				}
			}
			if h := rec.Header(); h.Get("Content-Language") != l.lang || h.Get("Vary") != "Accept-Language" {
				t.Errorf("%s in %.20q: Content-Language %q, Vary %q", x.what, l.accept, h.Get("Content-Language"), h.Get("Vary"))
			}
		}
	}
}

// TestAPIKeptTextsAreTranslated asks for texts that were stored in English.
func TestAPIKeptTextsAreTranslated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for lang, want := range map[string]string{"en": "Customer id", "it": "Id del cliente", "ro": "Id-ul clientului"} {
		rec := w.a.do(request{method: "GET", path: "/imports/fields", speaks: []string{lang}})
		if got := gjson.GetBytes(rec.Body.Bytes(), "customers.0.label").Str; got != want {
			t.Errorf("the first field is %q in %s", got, lang)
		}
	}
	id := w.a.upload("people.csv", "customer,email\n1,a@b.test\n,\n")
	for lang, want := range map[string]string{"en": "the row does not say which customer it is about", "it": "la riga non dice di quale cliente si tratta", "ro": "rândul nu spune despre ce client este vorba"} {
		rec := w.a.do(request{method: "POST", path: "/imports/dry-run", body: obj{"upload_id": id, "kind": "customers", "map": obj{"user_id": "customer", "email": "email"}}, speaks: []string{lang}})
		if got := gjson.GetBytes(rec.Body.Bytes(), "refused.0.samples.0.message").Str; got != want {
			t.Errorf("a refused row says %q in %s: %s", got, lang, rec.Body)
		}
	}
	run := w.a.want("POST", "/imports", obj{"upload_id": id, "kind": "customers", "map": obj{"user_id": "customer", "email": "email"}}).Get("id").Str
	w.a.settle()
	rec := w.a.do(request{method: "GET", path: "/imports/" + run + "/rejected.csv", speaks: []string{"it"}})
	if !strings.Contains(rec.Body.String(), ",la riga non dice di quale cliente si tratta,") {
		t.Errorf("the refused rows in Italian: %s", rec.Body)
	}
}
