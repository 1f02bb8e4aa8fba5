package timeline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/parquet-go/parquet-go"
)

// readAhead is the read buffer of a column, bytes.
const readAhead = 4 << 10

// segmentFile is an open file. Many readers share it.
type segmentFile struct {
	f      *os.File
	pq     *parquet.File
	layout *layout
	leaf   map[string]int
	rest   map[string]bool          // layout.RestKeys
	short  map[string]bool          // columns with short pages
	typed  map[string][]typedColumn // by path
	groups []groupInfo
	// identity is 0, 1, 2 …: the selection of all rows of a block.
	identity []int32

	mu    sync.Mutex
	dicts map[dictKey]*dictionary
	held  int64 // bytes of dicts
}

type dictKey struct{ group, leaf int }

// groupInfo is a row group: its blocks and their customers.
type groupInfo struct {
	rows   int64
	chunks []parquet.ColumnChunk
	blocks []blockInfo
}

type blockInfo struct {
	rows     int
	min, max core.CustomerID
}

func openSegmentFile(path string) (*segmentFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := readSegmentFile(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func readSegmentFile(f *os.File) (*segmentFile, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pq, err := parquet.OpenFile(f, st.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readAhead))
	if err != nil {
		return nil, err
	}
	meta, ok := pq.Lookup(metaKey)
	if !ok {
		return nil, errors.New("not a timeline file")
	}
	l, err := decodeLayout(meta)
	if err != nil {
		return nil, err
	}
	s := &segmentFile{f: f, pq: pq, layout: l, leaf: map[string]int{}, rest: map[string]bool{}, typed: map[string][]typedColumn{}, short: l.shortPages(), dicts: map[dictKey]*dictionary{}}
	s.identity = make([]int32, blockRows)
	for i := range s.identity {
		s.identity[i] = int32(i)
	}
	for i, path := range pq.Schema().Columns() {
		s.leaf[path[0]] = i
	}
	for _, k := range l.RestKeys {
		s.rest[k] = true
	}
	for _, t := range l.Typed {
		s.typed[t.Path] = append(s.typed[t.Path], t)
	}
	for _, g := range pq.RowGroups() {
		info, err := s.group(g)
		if err != nil {
			return nil, err
		}
		s.groups = append(s.groups, info)
	}
	return s, nil
}

// group reads the customers of each block from the page index.
func (s *segmentFile) group(g parquet.RowGroup) (groupInfo, error) {
	info := groupInfo{rows: g.NumRows(), chunks: g.ColumnChunks()}
	chunk := info.chunks[s.leaf["customer"]]
	ci, err := chunk.ColumnIndex()
	if err != nil {
		return info, fmt.Errorf("read page index: %w", err)
	}
	oi, err := chunk.OffsetIndex()
	if err != nil {
		return info, fmt.Errorf("read page index: %w", err)
	}
	if ci == nil || oi == nil || ci.NumPages() != oi.NumPages() {
		return info, errors.New("the page index is missing")
	}
	for i := range ci.NumPages() {
		end := info.rows
		if i+1 < oi.NumPages() {
			end = oi.FirstRowIndex(i + 1)
		}
		if oi.FirstRowIndex(i) != int64(i)*blockRows {
			return info, errors.New("pages do not follow the block layout")
		}
		info.blocks = append(info.blocks, blockInfo{int(end - oi.FirstRowIndex(i)), core.CustomerID(ci.MinValue(i).Int64()), core.CustomerID(ci.MaxValue(i).Int64())})
	}
	return info, nil
}

// pageRows gives the rows of a full page of a column.
func (s *segmentFile) pageRows(column string) int64 {
	if s.short[column] {
		return coldRows
	}
	return blockRows
}

func (s *segmentFile) close() error { return s.f.Close() }

// dictionary is the value list of a dictionary column in one row group.
type dictionary struct {
	data    string // all texts
	offsets []uint32
	doubles []float64
}

func (d *dictionary) text(i int32) string { return d.data[d.offsets[i]:d.offsets[i+1]] }

func (d *dictionary) len() int {
	if d.doubles != nil {
		return len(d.doubles)
	}
	return max(0, len(d.offsets)-1)
}

// A dictionary of up to smallDict bytes stays with its open file, up to maxDicts
// bytes in all.
const (
	smallDict = 64 << 10
	maxDicts  = 4 << 20
)

// dictOf copies a dictionary out of the library's buffers, or finds it copied.
func (s *segmentFile) dictOf(group, leaf int, from parquet.Dictionary) *dictionary {
	k := dictKey{group, leaf}
	s.mu.Lock()
	d := s.dicts[k]
	s.mu.Unlock()
	if d != nil {
		return d
	}
	d = &dictionary{}
	values := from.Page().Data()
	if from.Type().Kind() == parquet.ByteArray {
		data, offsets := values.ByteArray()
		d.data, d.offsets = string(data), append([]uint32(nil), offsets...)
	} else {
		d.doubles = append([]float64{}, values.Double()...)
	}
	if size := from.Size(); size <= smallDict {
		s.mu.Lock()
		if s.held += size; s.held > maxDicts {
			clear(s.dicts)
			s.held = size
		}
		s.dicts[k] = d
		s.mu.Unlock()
	}
	return d
}

// constant gives the value that every row of a column chunk has, if its
// statistics show one; null says that no row has any.
func (s *segmentFile) constant(group, leaf int) (v parquet.Value, null, ok bool) {
	g := &s.groups[group]
	chunk, isFile := g.chunks[leaf].(*parquet.FileColumnChunk)
	if !isFile || chunk.NumValues() != g.rows {
		return v, false, false
	}
	switch chunk.NullCount() {
	case 0:
		low, high, known := chunk.Bounds()
		return low, false, known && parquet.Equal(low, high)
	case g.rows:
		return v, true, true
	}
	return v, false, false
}

// sized gives a slice of n values, b if it is large enough.
func sized[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

// column reads one column of one row group, page by page.
type column struct {
	file  *segmentFile
	group int
	leaf  int
	pages *parquet.FilePages
	page  parquet.Page
	dict  *dictionary
}

func newColumn(f *segmentFile, group, leaf int) (*column, error) {
	chunk, ok := f.groups[group].chunks[leaf].(*parquet.FileColumnChunk)
	if !ok {
		return nil, errors.New("unexpected column chunk")
	}
	// Seeking by row needs the offset index; it is read once for all readers.
	if oi, err := chunk.OffsetIndex(); err != nil || oi == nil {
		return nil, fmt.Errorf("read page index: %w", errors.Join(err, errIndex))
	}
	return &column{file: f, group: group, leaf: leaf, pages: chunk.PagesFrom(f.f)}, nil
}

var errIndex = errors.New("offset index needed")

func (c *column) close() {
	c.release()
	_ = c.pages.Close()
}

func (c *column) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
}

// read loads the page that starts at row of the group.
func (c *column) read(row int64) error {
	c.release()
	if err := c.pages.SeekToRow(row); err != nil {
		return err
	}
	page, err := c.pages.ReadPage()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read column %s: %w", c.file.pq.Schema().Columns()[c.leaf][0], err)
	}
	c.page = page
	return nil
}

// ints gives the page of a block as integers, valid until the next read.
func (c *column) ints(row int64) ([]int64, error) {
	if err := c.read(row); err != nil {
		return nil, err
	}
	data := c.page.Data()
	return data.Int64(), nil
}

// indexes gives the page of a block as places in the dictionary. ok is false
// when the page is not dictionary encoded; then texts reads it.
func (c *column) indexes(row int64) (idx []int32, ok bool, err error) {
	if err := c.read(row); err != nil {
		return nil, false, err
	}
	if c.page.Dictionary() == nil {
		return nil, false, nil
	}
	c.know()
	data := c.page.Data()
	return data.Int32(), true, nil
}

// know copies the page's dictionary, once.
func (c *column) know() {
	if c.dict == nil {
		c.dict = c.file.dictOf(c.group, c.leaf, c.page.Dictionary())
	}
}

// readDict gives the dictionary without reading a page, or nil.
func (c *column) readDict() (*dictionary, error) {
	if c.dict != nil {
		return c.dict, nil
	}
	c.file.mu.Lock()
	c.dict = c.file.dicts[dictKey{c.group, c.leaf}]
	c.file.mu.Unlock()
	if c.dict != nil {
		return c.dict, nil
	}
	d, err := c.pages.ReadDictionary()
	if err != nil || d == nil {
		return nil, err
	}
	c.dict = c.file.dictOf(c.group, c.leaf, d)
	return c.dict, nil
}

// texts writes rows [from, to) of the group to out, which belongs to rows from
// base on.
func (c *column) texts(from, to, base int64, pageRows int64, out []string) error {
	for row := from / pageRows * pageRows; row < to; row += pageRows {
		if err := c.read(row); err != nil {
			return err
		}
		n := c.page.NumRows()
		lo, hi := max(from, row), min(to, row+n)
		data := c.page.Data()
		if c.page.Dictionary() != nil {
			c.know()
			idx := data.Int32()
			for i := lo; i < hi; i++ {
				out[i-base] = c.dict.text(idx[i-row])
			}
			continue
		}
		raw, off := data.ByteArray()
		if lo >= hi {
			continue
		}
		whole := string(raw[off[lo-row]:off[hi-row]])
		start := off[lo-row]
		for i := lo; i < hi; i++ {
			out[i-base] = whole[off[i-row]-start : off[i-row+1]-start]
		}
	}
	return nil
}
