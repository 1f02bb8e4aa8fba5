package segment_test

import (
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/segment"
)

// TestSeparatorsOfMemberFiles: spreadsheets write commas, semicolons or tabs.
func TestSeparatorsOfMemberFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"user_id\nann\nbob\n":                            "user_id ann bob",
		"name,user_id\n\"A; B\",ann\nx,bob\n":            "user_id ann bob",
		"\ufeffname;email;note\r\nA;a@b.c;1,5\r\n;;\r\n": "email a@b.c",
		"name\tphone\nA, B; C\t+391\n":                   "phone +391",
	} {
		var got []string
		_, err := segment.ReadFile(strings.NewReader(text), func(ids []core.Identifier) error {
			got = append(got, ids[0].Type)
			for _, id := range ids {
				got = append(got, id.Value)
			}
			return nil
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q gives %q, %v", text, got, err)
		}
	}
}
