package insight

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// CostFile says how a file of costs is read where it does not say so itself.
type CostFile struct {
	Currency string // of rows without one
	Kind     string // of rows without one; default ads
	Dates    string // ymd, dmy or mdy; "" looks at all rows
	Decimal  string // point or comma; "" looks at all rows
}

func (f *CostFile) check() error {
	f.Currency = strings.ToUpper(f.Currency)
	switch {
	case !slices.Contains([]string{"", "ymd", "dmy", "mdy"}, f.Dates):
		return errs.Field("dates", "bad_dates", "dates are ymd, dmy or mdy")
	case !slices.Contains([]string{"", "point", "comma"}, f.Decimal):
		return errs.Field("decimal", "bad_decimal", "the decimal sign is point or comma")
	case !slices.Contains([]string{"", CostAds, CostSalaries, CostOther}, f.Kind):
		return errs.Field("kind", "bad_kind", "the kind is ads, salaries or other")
	case f.Currency != "" && !currencyForm.MatchString(f.Currency):
		return errs.Field("currency", "bad_currency", "a currency is three letters such as EUR")
	}
	return nil
}

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

// costColumns are the names of columns, in the languages of Ciclo and those of
// common exports.
func costColumns() map[string][]string {
	return map[string][]string{
		"day":      {"day", "date", "data", "giorno", "zi", "ziua", "reporting starts"},
		"channel":  {"channel", "source", "canale", "canal"},
		"campaign": {"campaign", "campaign name", "campagna", "campanie", "campania"},
		"amount":   {"amount", "cost", "costs", "spend", "amount spent", "importo", "costo", "spesa", "suma", "sumă", "cheltuieli"},
		"currency": {"currency", "currency code", "valuta", "valută", "moneda", "monedă"},
		"kind":     {"kind", "type", "tipo", "tip", "fel"},
	}
}

// costLine is one row before dates and numbers are settled.
type costLine struct {
	line        int
	day, amount string
	Cost
}

// ReadCosts reads a CSV file with a header. Nothing of a file with faults is
// given.
func ReadCosts(file []byte, opt CostFile) ([]Cost, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	lines, err := readCostLines(file, opt)
	if err != nil {
		return nil, err
	}
	var bad LinesError
	fail := func(line int, column string, what errs.Sayer) {
		if len(bad.Lines) < maxLineErrors {
			bad.Lines = append(bad.Lines, LineError{line, column, what.Said()})
		}
	}
	dates, numbers := dateForms(), numberForms()
	date := settle(lines, opt.Dates, dates, func(l *costLine) string { return l.day })
	number := settle(lines, opt.Decimal, numbers, func(l *costLine) string { return l.amount })
	out := make([]Cost, len(lines))
	first := map[costKey]int{}
	for i := range lines {
		l := &lines[i]
		l.tidy()
		day, why := date.read(l.day)
		var e *errs.Error
		if why == nil {
			if l.Day, err = ParseDay("day", day); errors.As(err, &e) {
				why = e.Said()
			}
		}
		if why != nil {
			fail(l.line, "day", why)
		}
		amount, wrong := number.read(l.amount)
		if wrong != nil {
			fail(l.line, "amount", wrong)
		} else if minor, ok := core.ParseMoney(amount, core.Exponent(l.Currency)); !ok {
			fail(l.line, "amount", errs.Say("the amount is too large"))
		} else {
			l.Amount = minor
		}
		if err := l.check(""); errors.As(err, &e) {
			fail(l.line, e.Field, e)
		}
		if j, twice := first[l.key()]; twice && why == nil {
			fail(l.line, "day", errs.Say("the same day, channel and campaign stand in line %d", j))
		} else if why == nil {
			first[l.key()] = l.line
		}
		out[i] = l.Cost
	}
	if len(bad.Lines) > 0 {
		slices.SortStableFunc(bad.Lines, func(a, b LineError) int { return a.Line - b.Line })
		return nil, &bad
	}
	return out, nil
}

// ImportCosts reads a file and writes its rows, all or none.
func (s *Service) ImportCosts(ctx context.Context, ws core.WorkspaceID, file []byte, opt CostFile) (CostChange, error) {
	rows, err := ReadCosts(file, opt)
	if err != nil {
		return CostChange{}, err
	}
	return s.writeCosts(ctx, ws, rows)
}

// readCostLines reads the cells of a file.
func readCostLines(file []byte, opt CostFile) ([]costLine, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, errs.Field("file", "bad_text", "the file is not UTF-8 text: save it as CSV UTF-8")
	}
	head, _, _ := bytes.Cut(file, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.Comma, r.ReuseRecord = -1, separator(head), true
	header, err := r.Read()
	if err != nil {
		return nil, errs.Field("file", "no_header", "the file has no header line with day, channel, amount and currency")
	}
	at, err := costHeader(header, opt)
	if err != nil {
		return nil, err
	}
	var lines []costLine
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return nil, &LinesError{[]LineError{{broken.StartLine, "", errs.Say("the quotes of this line do not match")}}}
		} else if err != nil {
			return nil, fmt.Errorf("read file: %w", err)
		}
		if len(lines) == MaxCostRows {
			return nil, errs.Field("file", "too_many", "at most %d rows at once: split the file", MaxCostRows)
		}
		cell := func(column, otherwise string) string {
			if i, ok := at[column]; ok && i < len(rec) {
				if s := strings.TrimSpace(rec[i]); s != "" {
					return strings.Clone(s)
				}
			}
			return otherwise
		}
		if strings.TrimSpace(strings.Join(rec, "")) == "" {
			continue
		}
		line, _ := r.FieldPos(0)
		lines = append(lines, costLine{line: line, day: cell("day", ""), amount: cell("amount", ""), Cost: Cost{Channel: cell("channel", ""),
			Campaign: cell("campaign", ""), Kind: strings.ToLower(cell("kind", opt.Kind)), Currency: cell("currency", opt.Currency)}})
	}
	return lines, nil
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

// costHeader finds the columns.
func costHeader(header []string, opt CostFile) (map[string]int, error) {
	at := map[string]int{}
	for name, known := range costColumns() {
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
	for _, name := range []string{"day", "channel", "amount", "currency"} {
		if _, ok := at[name]; !ok && (name != "currency" || opt.Currency == "") {
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
func settle(lines []costLine, asked string, forms []form, of func(*costLine) string) settled {
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
