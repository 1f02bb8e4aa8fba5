package insight

import (
	"context"
	"errors"
	"slices"
	"strings"

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
	if err := checkForms(f.Dates, f.Decimal); err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"", CostAds, CostSalaries, CostOther}, f.Kind):
		return errs.Field("kind", "bad_kind", "the kind is ads, salaries or other")
	case f.Currency != "" && !currencyForm.MatchString(f.Currency):
		return errs.Field("currency", "bad_currency", "a currency is three letters such as EUR")
	}
	return nil
}

// costColumns are the names of columns, in the languages of Ciclo and those of
// common exports.
func costColumns() map[string][]string {
	return map[string][]string{
		"day":      append(dayNames(), "reporting starts"),
		"channel":  {"channel", "source", "canale", "canal"},
		"campaign": {"campaign", "campaign name", "campagna", "campanie", "campania"},
		"amount":   {"amount", "cost", "costs", "spend", "amount spent", "importo", "costo", "spesa", "suma", "sumă", "cheltuieli"},
		"currency": currencyNames(),
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
	fail := bad.add
	date := settle(lines, opt.Dates, dateForms(), func(l *costLine) string { return l.day })
	number := settle(lines, opt.Decimal, numberForms(), func(l *costLine) string { return l.amount })
	out := make([]Cost, len(lines))
	first := map[costKey]int{}
	for i := range lines {
		l := &lines[i]
		l.tidy()
		var e *errs.Error
		var why *errs.Text
		if l.Day, why = date.readDay(l.day); why != nil {
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
	if err := bad.orNil(); err != nil {
		return nil, err
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
	need := []string{"day", "channel", "amount"}
	if opt.Currency == "" {
		need = append(need, "currency")
	}
	t := table{columns: costColumns(), need: need, rows: MaxCostRows,
		noHeader: errs.Field("file", "no_header", "the file has no header line with day, channel, amount and currency")}
	var lines []costLine
	err := t.read(file, func(line int, cell func(column, otherwise string) string) {
		lines = append(lines, costLine{line: line, day: cell("day", ""), amount: cell("amount", ""), Cost: Cost{Channel: cell("channel", ""),
			Campaign: cell("campaign", ""), Kind: strings.ToLower(cell("kind", opt.Kind)), Currency: cell("currency", opt.Currency)}})
	})
	return lines, err
}
