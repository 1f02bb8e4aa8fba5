package insight

import (
	"context"
	"errors"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// RateFile says how a file of exchange rates is read where it does not say so
// itself.
type RateFile struct {
	Currency string // of rows without one
	Dates    string // ymd, dmy or mdy; "" looks at all rows
	Decimal  string // point or comma; "" looks at all rows
}

func (f *RateFile) check() error {
	f.Currency = strings.ToUpper(f.Currency)
	if f.Currency != "" && !currencyForm.MatchString(f.Currency) {
		return errs.Field("currency", "bad_currency", "a currency is three letters such as EUR")
	}
	return checkForms(f.Dates, f.Decimal)
}

// rateLine is one row before dates and numbers are settled.
type rateLine struct {
	line      int
	day, text string
	Rate
}

// ReadRates reads a CSV file of rates into base, with a header. Nothing of a file
// with faults is given.
func ReadRates(file []byte, base string, opt RateFile) ([]Rate, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	lines, err := readRateLines(file, opt)
	if err != nil {
		return nil, err
	}
	var bad LinesError
	date := settle(lines, opt.Dates, dateForms(), func(l *rateLine) string { return l.day })
	number := settle(lines, opt.Decimal, numberForms(), func(l *rateLine) string { return l.text })
	out := make([]Rate, len(lines))
	first := map[rateKey]int{}
	for i := range lines {
		l := &lines[i]
		l.tidy()
		var why *errs.Text
		if l.Day, why = date.readDay(l.day); why != nil {
			bad.add(l.line, "day", why)
		}
		var e *errs.Error
		text, wrong := number.read(l.text)
		if wrong != nil {
			bad.add(l.line, "rate", wrong)
			l.Rate.Rate = core.RateUnit // nothing more is to be said of it
		} else if l.Rate.Rate, err = ParseRate("rate", text); errors.As(err, &e) {
			bad.add(l.line, "rate", e)
			l.Rate.Rate = core.RateUnit
		}
		if err := l.check("", base); errors.As(err, &e) {
			bad.add(l.line, e.Field, e)
		}
		if j, twice := first[l.key()]; twice && why == nil {
			bad.add(l.line, "day", errs.Say("the same currency and day stand in line %d", j))
		} else if why == nil {
			first[l.key()] = l.line
		}
		out[i] = l.Rate
	}
	if err := bad.orNil(); err != nil {
		return nil, err
	}
	return out, nil
}

// readRateLines reads the cells of a file.
func readRateLines(file []byte, opt RateFile) ([]rateLine, error) {
	t := table{columns: map[string][]string{"day": dayNames(), "currency": currencyNames(),
		"rate": {"rate", "exchange rate", "value", "tasso", "tasso di cambio", "cambio", "valore", "curs", "cursul", "curs valutar", "valoare"}},
		need: []string{"day", "rate"}, rows: MaxRateRows, noHeader: errs.Field("file", "no_header", "the file has no header line with day, currency and rate")}
	if opt.Currency == "" {
		t.need = append(t.need, "currency")
	}
	var lines []rateLine
	err := t.read(file, func(line int, cell func(column, otherwise string) string) {
		lines = append(lines, rateLine{line, cell("day", ""), cell("rate", ""), Rate{Currency: cell("currency", opt.Currency)}})
	})
	return lines, err
}

// ImportRates reads a file and writes its rates into base, all or none.
func (s *Service) ImportRates(ctx context.Context, ws core.WorkspaceID, base string, file []byte, opt RateFile) (CostChange, error) {
	rows, err := ReadRates(file, base, opt)
	if err != nil {
		return CostChange{}, err
	}
	return s.writeRates(ctx, ws, base, rows)
}
