package connect

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool keeps the rows of a run in a file of its own, read back in any order.
// It lives only as long as the process.
type spool struct {
	f    *os.File
	w    *bufio.Writer
	size int64
	buf  []byte

	window []byte // part of the file, from base on
	base   int64
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "*"+spoolSuffix)
	if err != nil {
		return nil, fmt.Errorf("make spool: %w", err)
	}
	return &spool{f: f, w: bufio.NewWriterSize(f, 1<<18)}, nil
}

// spoolSuffix ends the names of spools, which a start removes.
const spoolSuffix = ".spool"

func (s *spool) close() error {
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}

// add writes a row and gives its place.
func (s *spool) add(line int64, cells []string) (int64, error) {
	at := s.size
	b := binary.AppendUvarint(s.buf[:0], uint64(line))
	for _, c := range cells {
		b = binary.AppendUvarint(b, uint64(len(c)))
		b = append(b, c...)
	}
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(b)))
	s.buf = b
	s.size += int64(n + len(b))
	if _, err := s.w.Write(head[:n]); err != nil {
		return 0, fmt.Errorf("write spool: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return 0, fmt.Errorf("write spool: %w", err)
	}
	return at, nil
}

func (s *spool) flush() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	return nil
}

// windowBytes is how much is read at once from a file in time order, whose rows
// lie one after another.
const windowBytes = 1 << 18

// load makes the window hold n bytes at a place.
func (s *spool) load(at int64, n int) ([]byte, error) {
	if off := at - s.base; off >= 0 && off+int64(n) <= int64(len(s.window)) {
		return s.window[off : off+int64(n)], nil
	}
	ahead := at - s.base - int64(len(s.window))
	want := 4096
	if ahead > -4096 && ahead < 4096 { // read on: more will be wanted
		want = windowBytes
	}
	want = max(n, int(min(int64(want), s.size-at)))
	if cap(s.window) < want {
		s.window = make([]byte, want)
	}
	s.window = s.window[:want]
	got, err := s.f.ReadAt(s.window, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	s.window, s.base = s.window[:got], at
	if got < n {
		return nil, errors.New("read spool: it ends too early")
	}
	return s.window[:n], nil
}

// get reads the row at a place into cells and gives its line.
func (s *spool) get(at int64, cells []string) (int64, error) {
	head, err := s.load(at, min(binary.MaxVarintLen64, int(s.size-at)))
	if err != nil {
		return 0, err
	}
	size, n := binary.Uvarint(head)
	b, err := s.load(at+int64(n), int(size))
	if err != nil {
		return 0, err
	}
	all := string(b)
	line, k := binary.Uvarint(b)
	for i := range cells {
		l, m := binary.Uvarint(b[k:])
		k += m
		cells[i] = all[k : k+int(l)]
		k += int(l)
	}
	return int64(line), nil
}
