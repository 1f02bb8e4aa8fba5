package connect

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Blanks is the delimiter of files whose cells lie apart by runs of blanks.
const Blanks = ' '

// Bounds on one record.
const (
	maxRecord   = 1 << 20 // bytes
	maxSpan     = 5000    // lines that a quoted cell may go over
	maxUnclosed = 1000    // rows with an unclosed quote before a file is given up
)

// RowError says what is wrong with one row.
type RowError struct {
	Line    int64
	Column  string
	Reason  string // stable code
	Message string // for people
	Row     string // the row as read
}

func (e *RowError) Error() string { return e.Message }

// Reasons for which a row is refused before its cells are looked at.
const (
	ReasonRagged      = "ragged_row"
	ReasonUnclosed    = "unclosed_quote"
	ReasonBadQuotes   = "bad_quotes"
	ReasonRowTooLarge = "row_too_large"
)

// records reads delimited text row by row. A row that cannot be read is an
// error of that row: reading goes on with the next line.
type records struct {
	br       *bufio.Reader
	delim    byte
	line     int64  // number of the last physical line read
	back     []byte // lines to be read again, each with its line end
	buf      []byte // text of the cells of the current row
	ends     []int  // end of each cell in buf
	cells    []string
	long     []byte
	unclosed int
}

func newRecords(br *bufio.Reader, delim byte) *records { return &records{br: br, delim: delim} }

// readLine gives the next physical line without its line end. tooLong says that
// it was cut. The bytes hold until the next call.
func (r *records) readLine() (line []byte, tooLong bool, err error) {
	if len(r.back) > 0 {
		i := bytes.IndexByte(r.back, '\n')
		line, r.back = r.back[:i], r.back[i+1:]
		r.line++
		return bytes.TrimSuffix(line, []byte{'\r'}), len(line) > maxRecord, nil
	}
	part, err := r.br.ReadSlice('\n')
	if err == nil {
		r.line++
		return bytes.TrimSuffix(part[:len(part)-1], []byte{'\r'}), false, nil
	}
	r.long = append(r.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = r.br.ReadSlice('\n')
		if len(r.long) <= maxRecord {
			r.long = append(r.long, part...)
		} else {
			tooLong = true
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if err != nil && len(r.long) == 0 {
		return nil, false, io.EOF
	}
	r.line++
	tooLong = tooLong || len(r.long) > maxRecord
	return bytes.TrimRight(r.long, "\r\n"), tooLong, nil
}

// next gives the cells of the next row and the line it begins at. bad is set
// when the row cannot be read; err ends the file. Cells hold for ever.
func (r *records) next() (line int64, cells []string, bad *RowError, err error) {
	for {
		text, tooLong, err := r.readLine()
		if err != nil {
			return 0, nil, nil, err
		}
		start := r.line
		if tooLong {
			return start, nil, &RowError{Line: start, Reason: ReasonRowTooLarge, Message: errs.Say("the row is longer than 1 MiB").Error(), Row: string(text[:200])}, nil
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if r.delim == Blanks {
			return start, strings.Fields(string(text)), nil, nil
		}
		if bytes.IndexByte(text, '"') < 0 {
			return start, strings.Split(string(text), string(rune(r.delim))), nil, nil
		}
		bad, err = r.quoted(text, start)
		if err != nil || bad != nil {
			return start, nil, bad, err
		}
		return start, r.take(), nil, nil
	}
}

// take turns buf and ends into cells that share one string.
func (r *records) take() []string {
	all := string(r.buf)
	out := make([]string, len(r.ends))
	from := 0
	for i, end := range r.ends {
		out[i] = all[from:end]
		from = end
	}
	return out
}

// quoted reads a row that has quotes, over as many lines as they span.
func (r *records) quoted(text []byte, start int64) (*RowError, error) {
	r.buf, r.ends = r.buf[:0], r.ends[:0]
	whole := append(bytes.Clone(text), '\n') // all lines of the row so far
	first := len(whole)
	i := 0
	for {
		if i >= len(whole)-1 || whole[i] != '"' { // a plain cell; quotes inside are text
			j := i
			for j < len(whole)-1 && whole[j] != r.delim {
				j++
			}
			r.buf = append(r.buf, whole[i:j]...)
			r.ends = append(r.ends, len(r.buf))
			if j >= len(whole)-1 {
				return nil, nil
			}
			i = j + 1
			continue
		}
		end, bad, err := r.quotedCell(&whole, i+1, first, start)
		if bad != nil || err != nil {
			return bad, err
		}
		r.ends = append(r.ends, len(r.buf))
		switch {
		case end >= len(whole)-1:
			return nil, nil
		case whole[end] == r.delim:
			i = end + 1
		default:
			if err := r.goBack(whole[first:], start); err != nil {
				return nil, err
			}
			return &RowError{Line: start, Reason: ReasonBadQuotes, Message: errs.Say("text follows a closing quote").Error(), Row: string(whole[:first-1])}, nil
		}
	}
}

// quotedCell reads from after an opening quote to after the closing one,
// fetching lines as needed.
func (r *records) quotedCell(whole *[]byte, i, first int, start int64) (int, *RowError, error) {
	lines := 0
	for {
		w := *whole
		j := bytes.IndexByte(w[i:], '"')
		if j >= 0 {
			r.buf = append(r.buf, w[i:i+j]...)
			i += j + 1
			if i < len(w) && w[i] == '"' {
				r.buf = append(r.buf, '"')
				i++
				continue
			}
			return i, nil, nil
		}
		r.buf = append(r.buf, w[i:]...)
		i = len(w)
		text, tooLong, err := r.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		lines++
		if err != nil || tooLong || len(w)+len(text) > maxRecord || lines > maxSpan {
			if err == nil {
				*whole = append(append(*whole, text...), '\n')
			}
			if err := r.goBack((*whole)[first:], start); err != nil {
				return 0, nil, err
			}
			return 0, &RowError{Line: start, Reason: ReasonUnclosed, Message: errs.Say("a quote is opened and never closed").Error(), Row: string((*whole)[:first-1])}, nil
		}
		*whole = append(append(*whole, text...), '\n')
	}
}

// goBack makes the lines after the one that a spoilt row began at to be read
// again. Doing so very often would make reading slow without end.
func (r *records) goBack(lines []byte, start int64) error {
	if len(lines) == 0 {
		return nil
	}
	if r.unclosed++; r.unclosed > maxUnclosed {
		return errs.New(errs.Invalid, "not_delimited_text", "more than 1,000 rows open a quote and do not close it well: this is not a CSV file, or its delimiter is another one")
	}
	r.line = start
	r.back = append(bytes.Clone(lines), r.back...)
	return nil
}
