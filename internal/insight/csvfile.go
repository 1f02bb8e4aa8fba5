package insight

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// LineError is what is wrong with one line of a file, the header being line 1.
type LineError struct {
	Line   int
	Column string
	What   *errs.Text
}

// LinesError holds the lines at fault, the first hundred.
type LinesError struct{ Lines []LineError }

func (e *LinesError) Error() string {
	l := e.Lines[0]
	return fmt.Sprintf("%d lines cannot be read; line %d, %s: %s", len(e.Lines), l.Line, l.Column, l.What)
}

// maxLineErrors bounds what is told of one file.
const maxLineErrors = 100

// add notes a line at fault.
func (e *LinesError) add(line int, column string, what errs.Sayer) {
	if len(e.Lines) < maxLineErrors {
		e.Lines = append(e.Lines, LineError{line, column, what.Said()})
	}
}

// orNil is the error, unless no line is at fault.
func (e *LinesError) orNil() error {
	if len(e.Lines) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Lines, func(a, b LineError) int { return a.Line - b.Line })
	return e
}

// checkForms checks how dates and numbers of a file are said to be written.
func checkForms(dates, decimal string) error {
	switch {
	case !slices.Contains([]string{"", "ymd", "dmy", "mdy"}, dates):
		return errs.Field("dates", "bad_dates", "dates are ymd, dmy or mdy")
	case !slices.Contains([]string{"", "point", "comma"}, decimal):
		return errs.Field("decimal", "bad_decimal", "the decimal sign is point or comma")
	}
	return nil
}

// dayNames are the names of a column of days, in the languages of Ciclo.
func dayNames() []string { return []string{"day", "date", "data", "giorno", "zi", "ziua"} }

// currencyNames are the names of a column of currencies.
func currencyNames() []string {
	return []string{"currency", "currency code", "valuta", "valută", "moneda", "monedă"}
}

// table is a CSV file with a header.
type table struct {
	columns  map[string][]string // the names of each column, in small letters
	need     []string            // columns that must be there
	rows     int                 // at most
	noHeader error
}

// read gives the rows of a file that are not empty, the header being line 1.
func (t *table) read(file []byte, row func(line int, cell func(column, otherwise string) string)) error {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return errs.Field("file", "bad_text", "the file is not UTF-8 text: save it as CSV UTF-8")
	}
	head, _, _ := bytes.Cut(file, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.Comma, r.ReuseRecord = -1, separator(head), true
	header, err := r.Read()
	if err != nil {
		return t.noHeader
	}
	at, err := t.header(header)
	if err != nil {
		return err
	}
	for n := 0; ; {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return &LinesError{[]LineError{{broken.StartLine, "", errs.Say("the quotes of this line do not match")}}}
		} else if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		if n == t.rows {
			return errs.Field("file", "too_many", "at most %d rows at once: split the file", t.rows)
		}
		if strings.TrimSpace(strings.Join(rec, "")) == "" {
			continue
		}
		n++
		line, _ := r.FieldPos(0)
		row(line, func(column, otherwise string) string {
			if i, ok := at[column]; ok && i < len(rec) {
				if s := strings.TrimSpace(rec[i]); s != "" {
					return strings.Clone(s)
				}
			}
			return otherwise
		})
	}
}

// separator is the one that stands most often in the header.
func separator(head []byte) rune {
	best, most := ',', bytes.Count(head, []byte(","))
	for _, c := range ";\t|" {
		if n := bytes.Count(head, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// header finds the columns.
func (t *table) header(header []string) (map[string]int, error) {
	at := map[string]int{}
	for name, known := range t.columns {
		for i, h := range header {
			if !slices.Contains(known, strings.ToLower(strings.TrimSpace(h))) {
				continue
			}
			if _, twice := at[name]; twice {
				return nil, errs.Field("file", "duplicate_column", "two columns of the header mean %s", name)
			}
			at[name] = i
		}
	}
	for _, name := range t.need {
		if _, ok := at[name]; !ok {
			return nil, errs.Field("file", "missing_column", "the header has no column %s", name)
		}
	}
	return at, nil
}

// form is one way to write a value: plain gives it in the one form that is read
// further, ok is false when the text is not written so.
type form struct {
	name  string
	plain func(text string) (string, bool)
}

// settled is how all values of a column are read.
type settled struct {
	forms []form
	chose int // -1: rows do not tell
}

// settle chooses the form of a column: the one asked for, else the one that the
// first value demands which can be read in one way only.
func settle[L any](lines []L, asked string, forms []form, of func(*L) string) settled {
	s := settled{forms, -1}
	if asked != "" {
		s.chose = slices.IndexFunc(forms, func(f form) bool { return f.name == asked })
		return s
	}
	for i := range lines {
		only, fits := -1, 0
		for k, f := range forms {
			if _, ok := f.plain(of(&lines[i])); ok {
				only = k
				fits++
			}
		}
		if fits == 1 {
			s.chose = only
			return s
		}
	}
	return s
}

// read gives a value in the plain form, or says why not.
func (s *settled) read(text string) (plain string, why *errs.Text) {
	if text == "" {
		return "", errs.Say("is missing")
	}
	if s.chose >= 0 {
		f := s.forms[s.chose]
		plain, ok := f.plain(text)
		if !ok {
			return "", errs.Say("cannot be read as %s, in which the file is written", f.name)
		}
		return plain, nil
	}
	var names []string
	for _, f := range s.forms {
		if p, ok := f.plain(text); ok {
			if len(names) > 0 && p != plain {
				return "", errs.Say("can be read as %s or as %s: say which", names[0], f.name)
			}
			plain, names = p, append(names, f.name)
		}
	}
	if len(names) == 0 {
		return "", errs.Say("cannot be read")
	}
	return plain, nil
}

// readDay gives the day of a date, or says why not.
func (s *settled) readDay(text string) (day int64, why *errs.Text) {
	plain, why := s.read(text)
	if why != nil {
		return 0, why
	}
	day, err := ParseDay("day", plain)
	var e *errs.Error
	if errors.As(err, &e) {
		return 0, e.Said()
	}
	return day, nil
}

var (
	ymd        = regexp.MustCompile(`^(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})$`)
	otherDates = regexp.MustCompile(`^(\d{1,2})([-/.])(\d{1,2})([-/.])(\d{4})$`)
	pointForm  = regexp.MustCompile(`^-?(\d+|\d{1,3}([,' \x{00a0}\x{202f}]\d{3})+)(\.\d+)?$`)
	commaForm  = regexp.MustCompile(`^-?(\d+|\d{1,3}([.' \x{00a0}\x{202f}]\d{3})+)(,\d+)?$`)
)

// dateForms read dates; a date that does not exist is found later.
func dateForms() []form {
	last := func(day, month int) func(string) (string, bool) {
		return func(text string) (string, bool) {
			m := otherDates.FindStringSubmatch(text)
			if m == nil || m[2] != m[4] || m[2] == "." && day != 1 {
				return "", false
			}
			d, mo := pad(m[day]), pad(m[month])
			return m[5] + "-" + mo + "-" + d, mo <= "12" && d <= "31"
		}
	}
	return []form{{"ymd", func(text string) (string, bool) {
		m := ymd.FindStringSubmatch(text)
		if m == nil || m[2] != m[4] {
			return "", false
		}
		return m[1] + "-" + pad(m[3]) + "-" + pad(m[5]), true
	}}, {"dmy", last(1, 3)}, {"mdy", last(3, 1)}}
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// numberForms read decimal numbers.
func numberForms() []form {
	strip := func(groups string) *strings.Replacer {
		var pairs []string
		for _, c := range groups {
			pairs = append(pairs, string(c), "")
		}
		return strings.NewReplacer(pairs...)
	}
	point, comma := strip(",' \u00a0\u202f"), strip(".' \u00a0\u202f")
	return []form{{"point", func(text string) (string, bool) {
		return point.Replace(text), pointForm.MatchString(text)
	}}, {"comma", func(text string) (string, bool) {
		return strings.Replace(comma.Replace(text), ",", ".", 1), commaForm.MatchString(text)
	}}}
}
