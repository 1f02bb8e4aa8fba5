package httpapi

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat reads and writes bodies.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}

// unmarshal reads JSON and refuses text that no store can hold.
func unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	if holdsNUL(data) {
		return errs.Say("text holds a NUL character")
	}
	return nil
}

// holdsNUL looks for an escaped NUL in JSON that was read: one that follows an
// even number of backslashes. Bare ones are no JSON.
func holdsNUL(data []byte) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(`\u0000`))
		if i < 0 {
			return false
		}
		i += at
		slashes := 0
		for slashes < i && data[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		at = i + 1
	}
}

// table writes CSV for people, who open it in spreadsheets.
type table struct{ out *csv.Writer }

func newTable(w io.Writer) table { return table{csv.NewWriter(w)} }

// row writes cells as they are, numbers and instants of ours; text goes through
// cell. Errors show at flush.
func (t table) row(cells ...string) { _ = t.out.Write(cells) }

func (t table) flush() error {
	t.out.Flush()
	return t.out.Error()
}

// cell keeps a spreadsheet from running text that looks like a formula.
func cell(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
