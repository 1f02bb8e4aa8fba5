package httpapi_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// TestEmbeddedParametersAreSeen keeps every path parameter in the description:
// parameters of unexported embedded types would be ignored without a word.
func TestEmbeddedParametersAreSeen(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				found := false
				for _, p := range op.Parameters {
					found = found || p.In == "path" && p.Name == m[1]
				}
				if !found {
					t.Errorf("%s %s does not read its parameter %s", method, path, m[1])
				}
			}
		}
	}
}

type document struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
	}
}
