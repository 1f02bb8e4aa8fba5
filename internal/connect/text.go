package connect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/kit/errs"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encodings of files. A file with neither a byte order mark nor valid UTF-8 is
// taken for Windows-1252, and the person who imports it is asked.
const (
	EncodingUTF8    = "utf-8"
	EncodingUTF16LE = "utf-16le"
	EncodingUTF16BE = "utf-16be"
	Encoding1252    = "windows-1252"
)

// MaxBytes bounds a file after decompression.
const MaxBytes = 16 << 30

var (
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
	bomUTF16LE = []byte{0xFF, 0xFE}
	bomUTF16BE = []byte{0xFE, 0xFF}
)

// inflate undoes gzip, known by its first bytes, and bounds what comes out.
func inflate(r io.Reader) (*bufio.Reader, bool, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	head, err := br.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, fmt.Errorf("read file: %w", err)
	}
	if !bytes.Equal(head, []byte{0x1F, 0x8B}) {
		return bufio.NewReaderSize(&bounded{r: br, left: MaxBytes}, 1<<16), false, nil
	}
	zr, err := gzip.NewReader(br)
	if err != nil {
		return nil, true, damaged(err)
	}
	return bufio.NewReaderSize(&bounded{r: zr, left: MaxBytes}, 1<<16), true, nil
}

func damaged(err error) error {
	return errs.Wrap(err, errs.Invalid, "damaged_file", "the file is damaged: it cannot be decompressed to the end")
}

// bounded ends with an error when more than left bytes come.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errs.New(errs.TooLarge, "file_too_large", "the file is larger than 16 GiB; split it")
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) {
		return n, damaged(err)
	}
	return n, err
}

// encodingOf tells the encoding that a byte order mark gives, or "".
func encodingOf(head []byte) (name string, mark int) {
	switch {
	case bytes.HasPrefix(head, bomUTF8):
		return EncodingUTF8, 3
	case bytes.HasPrefix(head, bomUTF16LE):
		return EncodingUTF16LE, 2
	case bytes.HasPrefix(head, bomUTF16BE):
		return EncodingUTF16BE, 2
	}
	return "", 0
}

// decode gives the text of a file as UTF-8. A byte order mark wins over name.
func decode(r io.Reader, name string) (*bufio.Reader, error) {
	br, _, err := inflate(r)
	if err != nil {
		return nil, err
	}
	head, err := br.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if known, mark := encodingOf(head); known != "" {
		name = known
		if _, err := br.Discard(mark); err != nil {
			return nil, err
		}
	}
	switch name {
	case EncodingUTF16LE:
		return transcode(br, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()), nil
	case EncodingUTF16BE:
		return transcode(br, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()), nil
	case Encoding1252:
		return transcode(br, charmap.Windows1252.NewDecoder()), nil
	case EncodingUTF8, "":
		return br, nil
	}
	return nil, errs.Field("options.encoding", "unknown_encoding", "encoding must be utf-8, utf-16le, utf-16be or windows-1252")
}

func transcode(r io.Reader, t transform.Transformer) *bufio.Reader {
	return bufio.NewReaderSize(transform.NewReader(r, t), 1<<16)
}

// textFacts is what a pass over all bytes of a file tells.
type textFacts struct {
	encoding string
	asked    bool // the encoding is a guess
	gzip     bool
	lines    int64
}

// survey reads a whole file: its encoding and how many lines it has.
func survey(r io.Reader) (textFacts, error) {
	br, zipped, err := inflate(r)
	f := textFacts{gzip: zipped}
	if err != nil {
		return f, err
	}
	head, err := br.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return f, err
	}
	f.encoding, _ = encodingOf(head)
	wide := f.encoding == EncodingUTF16LE || f.encoding == EncodingUTF16BE
	valid, last := true, byte('\n')
	buf, kept := make([]byte, 1<<16), 0
	for {
		n, err := br.Read(buf[kept:])
		if n > 0 {
			got := buf[:kept+n]
			f.lines += int64(bytes.Count(buf[kept:kept+n], []byte{'\n'}))
			if b := got[len(got)-1]; b != 0 {
				last = b
			}
			kept = 0
			if valid && !wide {
				valid, kept = validPrefix(buf, got)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, err
		}
	}
	if last != '\n' {
		f.lines++
	}
	switch {
	case f.encoding != "":
	case valid && kept == 0:
		f.encoding = EncodingUTF8
	default:
		f.encoding, f.asked = Encoding1252, true
	}
	return f, nil
}

// validPrefix says whether got is UTF-8, and moves a character that is cut at
// its end to the start of buf.
func validPrefix(buf, got []byte) (valid bool, kept int) {
	if utf8.Valid(got) {
		return true, 0
	}
	for cut := 1; cut < utf8.UTFMax && cut <= len(got); cut++ {
		tail := got[len(got)-cut:]
		if utf8.RuneStart(tail[0]) && !utf8.FullRune(tail) && utf8.Valid(got[:len(got)-cut]) {
			return true, copy(buf, tail)
		}
	}
	return false, 0
}

// storable makes text that both databases can hold: valid UTF-8 without U+0000.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")
}
