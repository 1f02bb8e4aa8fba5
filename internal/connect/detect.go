package connect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Column is one column of a file with some of its values.
type Column struct {
	Name    string   `json:"name"`
	Samples []string `json:"samples"`
}

// Inspection is what a file looks like.
type Inspection struct {
	Encoding string `json:"encoding"`
	// EncodingAsked says that the encoding is a guess that somebody should confirm.
	EncodingAsked bool       `json:"encoding_asked"`
	Delimiter     string     `json:"delimiter"`
	Header        bool       `json:"header"`
	Gzip          bool       `json:"gzip"`
	Columns       []Column   `json:"columns"`
	RowsEstimate  int64      `json:"rows_estimate"`
	Suggested     Suggestion `json:"suggested"`
}

// Format is how a file is laid out.
type Format struct {
	Encoding  string
	Delimiter byte
	Header    bool
}

// sampleRows is how many rows are looked at to learn a file's layout.
const sampleRows = 200

// MaxColumns bounds the columns of a file.
const MaxColumns = 2000

// Inspect reads a whole file, which open opens anew each time, and says what it
// looks like. saved are mappings that may fit.
func Inspect(open func() (io.ReadCloser, error), saved []Preset) (Inspection, error) {
	var in Inspection
	facts, err := opened(open, survey)
	if err != nil {
		return in, err
	}
	in.Encoding, in.EncodingAsked, in.Gzip = facts.encoding, facts.asked, facts.gzip
	sample, err := opened(open, func(r io.Reader) ([]byte, error) { return sampleText(r, facts.encoding) })
	if err != nil {
		return in, err
	}
	if len(bytes.TrimSpace(sample)) == 0 {
		return in, errs.New(errs.Invalid, "empty_file", "the file is empty")
	}
	delim := delimiterOf(sample)
	in.Delimiter = string(rune(delim))
	rows := readSample(sample, delim)
	if len(rows) == 0 {
		return in, errs.New(errs.Invalid, "not_delimited_text", "no row of the file can be read: this is not a CSV file")
	}
	in.Header = isHeader(rows)
	names, err := columnNames(rows[0], in.Header)
	if err != nil {
		return in, err
	}
	in.RowsEstimate = facts.lines
	if in.Header {
		in.RowsEstimate = max(facts.lines-1, 0)
		rows = rows[1:]
	}
	for i, n := range names {
		in.Columns = append(in.Columns, Column{n, samplesOf(rows, i)})
	}
	in.Suggested = suggest(names, saved)
	return in, nil
}

func opened[T any](open func() (io.ReadCloser, error), fn func(io.Reader) (T, error)) (T, error) {
	f, err := open()
	if err != nil {
		var none T
		return none, err
	}
	defer f.Close()
	return fn(f)
}

// sampleText reads up to 256 KiB of text, whole lines if there are any.
func sampleText(r io.Reader, encoding string) ([]byte, error) {
	br, err := decode(r, encoding)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 256<<10)
	n, err := io.ReadFull(br, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	buf = buf[:n]
	if i := bytes.LastIndexByte(buf, '\n'); err == nil && i > 0 {
		buf = buf[:i+1]
	}
	return buf, nil
}

func readSample(text []byte, delim byte) [][]string {
	r := newRecords(bufio.NewReader(bytes.NewReader(text)), delim)
	var out [][]string
	for len(out) < sampleRows {
		_, cells, bad, err := r.next()
		if err != nil {
			break
		}
		if bad == nil {
			out = append(out, cells)
		}
	}
	return out
}

// delimiterOf takes the character that splits most rows into the same number of
// cells, more than one; runs of blanks only when no other does.
func delimiterOf(text []byte) byte {
	best, bestShare, bestCells := byte(','), 0.0, 1
	for _, d := range []byte{',', ';', '\t', '|'} {
		share, cells := regularity(readSample(text, d))
		if cells > 1 && (share > bestShare+0.05 || share > bestShare-0.05 && cells > bestCells) {
			best, bestShare, bestCells = d, share, cells
		}
	}
	if bestCells > 1 && bestShare >= 0.5 {
		return best
	}
	if share, cells := regularity(readSample(text, Blanks)); cells > 1 && share >= 0.9 {
		return Blanks
	}
	return best
}

// regularity gives the most common number of cells and its share of the rows.
func regularity(rows [][]string) (share float64, cells int) {
	counts := map[int]int{}
	for _, r := range rows {
		counts[len(r)]++
	}
	for n, c := range counts {
		if s := float64(c) / float64(len(rows)); s > share || s == share && n > cells {
			share, cells = s, n
		}
	}
	return share, cells
}

// isHeader says whether the first row holds names: none of its cells is a
// number, a date or an e-mail address.
func isHeader(rows [][]string) bool {
	for _, c := range rows[0] {
		c = strings.TrimSpace(c)
		if _, ok := decimal(c, false); ok {
			return false
		}
		if _, reason := parseWall(c, OrderAuto); reason == "" || reason == ReasonAmbiguous {
			return false
		}
		if strings.Contains(c, "@") {
			return false
		}
	}
	return true
}

// columnNames makes names unique and not empty.
func columnNames(first []string, header bool) ([]string, error) {
	if len(first) > MaxColumns {
		return nil, errs.New(errs.Invalid, "too_many_columns", "the file has more than 2,000 columns")
	}
	out := make([]string, 0, len(first))
	for i, c := range first {
		name := strings.TrimSpace(strings.TrimPrefix(c, "\ufeff"))
		if !header || name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if len(name) > 200 {
			name = strings.ToValidUTF8(name[:200], "")
		}
		base := name
		for n := 2; slices.Contains(out, name); n++ {
			name = fmt.Sprintf("%s (%d)", base, n)
		}
		out = append(out, name)
	}
	return out, nil
}

func samplesOf(rows [][]string, i int) []string {
	out := []string{}
	for _, r := range rows {
		if len(out) == 3 {
			break
		}
		if i >= len(r) {
			continue
		}
		if c := strings.TrimSpace(r[i]); c != "" && !slices.Contains(out, c) {
			if len(c) > 100 {
				c = strings.ToValidUTF8(c[:100], "") + "…"
			}
			out = append(out, c)
		}
	}
	return out
}

// formatOf joins what was found with what the options ask for.
func (in *Inspection) formatOf(o *Options) (Format, error) {
	f := Format{Encoding: in.Encoding, Delimiter: in.Delimiter[0], Header: in.Header}
	if o.Encoding != "" {
		f.Encoding = o.Encoding
	}
	switch o.Delimiter {
	case "":
	case ",", ";", "\t", "|", " ":
		f.Delimiter = o.Delimiter[0]
	default:
		return f, errs.Field("options.delimiter", "bad_choice", "delimiter must be one of , ; | tab or a blank")
	}
	if o.Header != nil {
		f.Header = *o.Header
	}
	return f, nil
}

// table reads a file as rows of cells under named columns.
type table struct {
	rec     *records
	columns []string
	first   []string // a first row that is no header
	begin   int64
}

func openTable(r io.Reader, f Format) (*table, error) {
	br, err := decode(r, f.Encoding)
	if err != nil {
		return nil, err
	}
	t := &table{rec: newRecords(br, f.Delimiter)}
	for {
		line, cells, bad, err := t.rec.next()
		if errors.Is(err, io.EOF) {
			return nil, errs.New(errs.Invalid, "empty_file", "the file has no row that can be read")
		}
		if err != nil {
			return nil, err
		}
		if bad != nil {
			continue
		}
		if t.columns, err = columnNames(cells, f.Header); err != nil {
			return nil, err
		}
		if !f.Header {
			t.first, t.begin = cells, line
		}
		return t, nil
	}
}

// next gives the next row; see records.next. Rows have as many cells as there
// are columns.
func (t *table) next() (line int64, cells []string, bad *RowError, err error) {
	if t.first != nil {
		line, cells, t.first = t.begin, t.first, nil
	} else if line, cells, bad, err = t.rec.next(); err != nil || bad != nil {
		return line, nil, bad, err
	}
	n := len(t.columns)
	for len(cells) > n && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != n {
		return line, nil, &RowError{Line: line, Reason: ReasonRagged, Message: errs.Say("the row has %d cells, the file %d columns", len(cells), n).Error(),
			Row: joinCells(cells)}, nil
	}
	return line, cells, nil, nil
}

// joinCells writes cells as one row of CSV.
func joinCells(cells []string) string {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(c, ",\"\r\n") {
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		} else {
			b.WriteString(c)
		}
		if b.Len() > maxKeptRow {
			return strings.ToValidUTF8(b.String()[:maxKeptRow], "") + "…"
		}
	}
	return b.String()
}

// maxKeptRow bounds how much of a refused row is kept, in bytes.
const maxKeptRow = 4000
