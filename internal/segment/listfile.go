package segment

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// MaxRows bounds a file of members.
const MaxRows = 1_000_000

// ByNumber is the column of a file of members that holds customer numbers.
const ByNumber = "customer"

// ReadFile reads a CSV file of members: the first column that is named user_id,
// email, phone, anonymous_id or customer says who is meant. It calls fn with up
// to 1,000 of them at a time, under the name of the column, and gives how many
// rows name somebody.
func ReadFile(r io.Reader, fn func(ids []core.Identifier) error) (rows int64, err error) {
	buf := bufio.NewReader(r)
	in := csv.NewReader(buf)
	in.Comma = separator(buf)
	in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = -1, true, true
	head, err := in.Read()
	if err != nil {
		return 0, errs.Field("file", "bad_file", "the file is empty or no CSV")
	}
	column, kind := memberColumn(head)
	if column < 0 {
		return 0, errs.Field("file", "no_column", "no column is named user_id, email, phone, anonymous_id or customer")
	}
	var part []core.Identifier
	for {
		row, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			if len(part) == 0 {
				return rows, nil
			}
			return rows, fn(part)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return rows, err
		case err != nil:
			return rows, errs.Field("file", "bad_file", "the row after %d cannot be read: %v", rows, err)
		case column >= len(row) || strings.TrimSpace(row[column]) == "":
			continue
		}
		if rows++; rows > MaxRows {
			return rows, errs.Field("file", "too_long", "a file has at most %d rows", MaxRows)
		}
		if part = append(part, core.Identifier{Type: kind, Value: strings.TrimSpace(row[column])}); len(part) == listChunk {
			if err := fn(part); err != nil {
				return rows, err
			}
			part = part[:0]
		}
	}
}

// separator is what divides the columns of the first line: spreadsheets write
// semicolons where commas divide decimals.
func separator(in *bufio.Reader) rune {
	start, _ := in.Peek(4000) //nolint:errcheck // a short file is no fault
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// memberColumn finds the column that names customers.
func memberColumn(head []string) (column int, kind string) {
	for i, name := range head {
		switch name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))); name {
		case core.TypeUserID, core.TypeEmail, core.TypePhone, core.TypeAnonymousID, ByNumber:
			return i, name
		}
	}
	return -1, ""
}
