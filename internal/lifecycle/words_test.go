package lifecycle_test

import (
	"reflect"
	"testing"

	"github.com/ciclo/ciclo/internal/lifecycle"
)

// Every word of every template has its Italian and Romanian, and only words
// change with the language.
func TestTemplatesInThreeLanguages(t *testing.T) {
	t.Parallel()
	all, err := lifecycle.Templates()
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]bool{"B2B": true, "demo": true, "webinar": true, "white paper": true, "social": true}
	for _, en := range all {
		for _, lang := range []string{"it", "ro"} {
			other, err := en.In(lang)
			if err != nil {
				t.Fatal(err)
			}
			pairs := [][2]string{{en.Name, other.Name}, {en.Description, other.Description}}
			for i, s := range en.Stages {
				o := other.Stages[i]
				pairs = append(pairs, [2]string{s.Label, o.Label}, [2]string{s.Description, o.Description})
				for j := range s.Touchpoints {
					pairs = append(pairs, [2]string{s.Touchpoints[j], o.Touchpoints[j]})
				}
				o.Label, o.Description, o.Touchpoints = s.Label, s.Description, s.Touchpoints
				if !reflect.DeepEqual(s, o) {
					t.Errorf("%s in %s: stage %s changes by more than its words", en.Key, lang, s.Key)
				}
			}
			for _, p := range pairs {
				if p[0] != "" && (p[1] == "" || p[0] == p[1] && !same[p[0]]) {
					t.Errorf("%s: %q has no word in %s", en.Key, p[0], lang)
				}
			}
		}
		if again, err := en.In("en"); err != nil || !reflect.DeepEqual(again, en) {
			t.Errorf("%s changes in English: %v", en.Key, err)
		}
	}
}
