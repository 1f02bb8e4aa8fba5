package httpapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/edge/httpapi"
)

// TestOpenAPIIsCheckedIn keeps openapi.json at the root equal to what the
// program serves; `make openapi` writes it.
func TestOpenAPIIsCheckedIn(t *testing.T) {
	t.Parallel()
	want, err := httpapi.New(httpapi.Deps{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(got)) != strings.TrimSpace(string(want)) {
		t.Error("openapi.json is not what the program serves: run make openapi")
	}
}

// TestDocsPageRunsUnderItsPolicy checks the hashes of the inline style and
// script against the page.
func TestDocsPageRunsUnderItsPolicy(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs.html")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("docs.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"style", "script"} {
		m := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in the page", tag)
		}
		sum := sha256.Sum256(m[1])
		if !strings.Contains(string(code), base64.StdEncoding.EncodeToString(sum[:])) {
			t.Errorf("the hash of %s in docs.go is not that of the page", tag)
		}
	}
	if strings.Contains(string(page), "http://") || strings.Contains(string(page), "https://") {
		t.Error("the page names an outside address")
	}
}

// TestComponentNames keeps the description valid: names of components are of
// letters, digits, dots, dashes and underscores.
func TestComponentNames(t *testing.T) {
	t.Parallel()
	raw, err := httpapi.New(httpapi.Deps{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for name := range doc.Components.Schemas {
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			t.Errorf("component %q", name)
		}
	}
}
