package segment

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/engine/expr"
)

//go:embed ready.json
var readyText []byte

// ReadySegment is a ready-made segment in one language.
type ReadySegment struct {
	Key         string
	Name        string
	Description string
	When        *expr.Node
	Needs       string // "rfm": cut points must be taken first
}

// Ready gives the ready-made segments in a language (en, it, ro).
func Ready(lang string) ([]ReadySegment, error) {
	var all []struct {
		Key         string
		Name        map[string]string
		Description map[string]string
		Needs       string
		When        json.RawMessage
	}
	if err := json.Unmarshal(readyText, &all); err != nil {
		return nil, fmt.Errorf("read ready segments: %w", err)
	}
	out := make([]ReadySegment, len(all))
	for i, r := range all {
		n, err := expr.Parse(r.When)
		if err != nil {
			return nil, fmt.Errorf("ready segment %s: %w", r.Key, err)
		}
		say := func(words map[string]string) string {
			if s := words[lang]; s != "" {
				return s
			}
			return words["en"]
		}
		out[i] = ReadySegment{r.Key, say(r.Name), say(r.Description), n, r.Needs}
	}
	return out, nil
}
