package secret_test

import (
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/secret"
)

func TestBox(t *testing.T) {
	t.Parallel()
	make := func(key, purpose string) *secret.Box {
		b, err := secret.NewBox([]byte(key), purpose)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := make("installation", "hooks")
	sealed := b.Seal("whsec_x", "row 1")
	if strings.Contains(sealed, "whsec") || sealed == b.Seal("whsec_x", "row 1") {
		t.Errorf("sealed as %q", sealed)
	}
	if got, err := b.Open(sealed, "row 1"); err != nil || got != "whsec_x" {
		t.Errorf("opened as %q, %v", got, err)
	}
	for what, open := range map[string]func() (string, error){
		"another row":          func() (string, error) { return b.Open(sealed, "row 2") },
		"another purpose":      func() (string, error) { return make("installation", "x").Open(sealed, "row 1") },
		"another installation": func() (string, error) { return make("other", "hooks").Open(sealed, "row 1") },
		"a changed text":       func() (string, error) { return b.Open(sealed[:len(sealed)-2]+"AA", "row 1") },
		"no sealed text":       func() (string, error) { return b.Open("whsec_x", "row 1") },
		"nothing":              func() (string, error) { return b.Open("", "row 1") },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opens as %q", what, got)
		}
	}
}
