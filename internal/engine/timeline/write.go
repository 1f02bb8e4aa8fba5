package timeline

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/parquet-go/parquet-go"
)

// feed gives rows in timeline order: it fills into and says how many; 0 ends.
type feed func(into []*row) (int, error)

// outline is what must be known of a file before its first row is written.
type outline struct {
	ws      core.WorkspaceID
	month   int64
	rows    int64 // about
	version int64
	props   propCounts
	context map[string]bool // context columns that may be filled
	many    map[string]bool // those of them with too many values for a dictionary
	step    string          // of the fault points
}

// sliceFeed gives the rows of a sorted slice.
func sliceFeed(rows []*row) feed {
	return func(into []*row) (int, error) {
		n := copy(into, rows)
		rows = rows[n:]
		return n, nil
	}
}

// look fills the outline from tail rows that are about to be written.
func (o *outline) look(rows []*row) {
	o.rows = int64(len(rows))
	o.props, o.context, o.many = propCounts{}, map[string]bool{}, map[string]bool{}
	cols := contextColumns()
	seen := make([]map[string]struct{}, len(cols))
	var filled uint32
	// A sample is enough to choose columns: what has none stays in JSON.
	step := max(1, len(rows)/10_000)
	for i, r := range rows {
		filled |= r.filled
		if i%step != 0 {
			continue
		}
		o.props.count(r.props)
		for k, c := range cols {
			if r.filled&(1<<k) != 0 && !o.many[c.name] {
				seen[k], o.many[c.name] = oneMore(seen[k], *c.at(r.ctx))
			}
		}
	}
	for k, c := range cols {
		o.context[c.name] = filled&(1<<k) != 0
	}
	for _, p := range o.props {
		p.Texts, p.Numbers, p.Bools = p.Texts*int64(step), p.Numbers*int64(step), p.Bools*int64(step)
		p.seen = nil
	}
}

// segmentWriter writes one file.
type segmentWriter struct {
	out     *parquet.GenericWriter[any]
	build   *builder
	seg     *segment
	short   []bool // leaves with short pages
	inGroup int
	last    core.CustomerID
}

// writeSegment writes and syncs a file with the rows of next. It is listed
// nowhere yet. No rows, no file: then the segment is nil.
func (s *Store) writeSegment(ctx context.Context, o outline, next feed) (*segment, error) {
	buf := make([]*row, blockRows)
	n, err := fill(next, buf)
	if err != nil || n == 0 {
		return nil, err
	}
	var mark [8]byte
	if _, err := rand.Read(mark[:]); err != nil {
		return nil, fmt.Errorf("name segment: %w", err)
	}
	g := &segment{ws: o.ws, month: o.month, version: o.version, keys: map[EventKey]keyStat{}, trash: &s.trash, created: core.FromTime(s.opt.Clock.Now())}
	g.file = monthText(o.month) + "-" + hex.EncodeToString(mark[:]) + ".parquet"
	g.path = filepath.Join(s.folder(o.ws), g.file)
	if err := os.MkdirAll(filepath.Dir(g.path), 0o750); err != nil {
		return nil, fmt.Errorf("make workspace folder: %w", err)
	}
	s.fault(o.step + ".create")
	if err := s.writeFile(ctx, g, &o, next, buf, n); err != nil {
		return nil, errors.Join(fmt.Errorf("write segment %s: %w", g.file, err), removeQuietly(g.path))
	}
	s.fault(o.step + ".written")
	return g, nil
}

func removeQuietly(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) writeFile(ctx context.Context, g *segment, o *outline, next feed, buf []*row, n int) (err error) {
	f, err := os.OpenFile(g.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	sum := sha256.New()
	size := &counter{}
	w := newSegmentWriter(io.MultiWriter(f, sum, size), g, o)
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.block(buf[:n]); err != nil {
			return err
		}
		if n, err = fill(next, buf); err != nil {
			return err
		}
	}
	if err := w.finish(); err != nil {
		return err
	}
	g.size, g.sha256 = size.n, hex.EncodeToString(sum.Sum(nil))
	if err := f.Sync(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(g.path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// fill asks next until buf is full or the rows end: only the last block of a
// file may be short.
func fill(next feed, buf []*row) (int, error) {
	n := 0
	for n < len(buf) {
		k, err := next(buf[n:])
		if err != nil {
			return 0, err
		}
		if k == 0 {
			break
		}
		n += k
	}
	return n, nil
}

func newSegmentWriter(out io.Writer, g *segment, o *outline) *segmentWriter {
	l := &layout{Format: layoutFormat, Typed: o.props.choose(o.rows), Props: o.props.top(8 * maxTyped)}
	for name, on := range o.context {
		if on {
			l.Context = append(l.Context, name)
			if o.many[name] {
				l.Many = append(l.Many, name)
			}
		}
	}
	slices.Sort(l.Context)
	slices.Sort(l.Many)
	schema := schemaOf(l)
	w := &segmentWriter{
		seg:   g,
		build: newBuilder(l, schema),
		out: parquet.NewGenericWriter[any](out, schema,
			parquet.CreatedBy("ciclo", "1", ""),
			parquet.PageBufferSize(blockRows*8), // each write to a column is one page, whatever this is
			parquet.MaxRowsPerRowGroup(1<<40),
			parquet.DictionaryMaxBytes(maxDict),
			parquet.ColumnIndexSizeLimit(func([]string) int { return 32 }),
			parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("customer"), parquet.Ascending("time"), parquet.Ascending("seq"))),
			skipBounds(l.shortPages()),
		),
	}
	w.short = make([]bool, len(w.build.cols))
	for name := range l.shortPages() {
		w.short[w.build.leafOf[name]] = true
	}
	return w
}

// skipBounds leaves the extremes of long texts out of the page index.
func skipBounds(columns map[string]bool) parquet.WriterOption {
	c := &parquet.WriterConfig{}
	for name := range columns {
		c.SkipPageBounds = append(c.SkipPageBounds, []string{name})
	}
	return c
}

// block writes one page of every column.
func (w *segmentWriter) block(rows []*row) error {
	w.note(rows)
	w.build.build(rows)
	cols := w.out.ColumnWriters()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for k := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(cols) || errs[k] != nil {
					return
				}
				errs[k] = w.column(cols[i], i)
			}
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if w.inGroup += len(rows); w.inGroup >= groupRows {
		w.inGroup = 0
		return w.out.Flush()
	}
	return nil
}

func (w *segmentWriter) column(c *parquet.ColumnWriter, leaf int) error {
	values, step := w.build.cols[leaf], blockRows
	if w.short[leaf] {
		step = coldRows
	}
	for len(values) > 0 {
		n := min(step, len(values))
		if _, err := c.WriteRowValues(values[:n]); err != nil {
			return err
		}
		if err := c.Flush(); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// note keeps the manifest's figures.
func (w *segmentWriter) note(rows []*row) {
	g := w.seg
	g.customers += customersOf(rows, w.last)
	w.last = rows[len(rows)-1].customer
	for i, r := range rows {
		g.add(r, g.events == 0 && i == 0)
		k := EventKey{r.kind, r.name}
		st, seen := g.keys[k]
		if !seen && len(g.keys) >= maxListedKeys {
			g.moreKeys = true
			continue
		}
		if !seen || r.time > st.last {
			st.last = r.time
		}
		st.events++
		g.keys[k] = st
	}
	g.events += int64(len(rows))
}

func (w *segmentWriter) finish() error {
	l := w.build.layout
	for k := range w.build.keys {
		l.RestKeys = append(l.RestKeys, k)
	}
	slices.Sort(l.RestKeys)
	meta, err := l.encode()
	if err != nil {
		return err
	}
	w.out.SetKeyValueMetadata(metaKey, meta)
	return w.out.Close()
}
