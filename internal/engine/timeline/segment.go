package timeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// maxListedKeys bounds the list of event names kept with a segment. A segment
// with more is never skipped for its names.
const maxListedKeys = 4096

// segment is one sealed file of the manifest.
type segment struct {
	ws        core.WorkspaceID
	file      string // base name
	path      string
	month     int64 // see monthOf
	events    int64
	customers int64 // distinct numbers
	size      int64 // bytes
	sha256    string
	version   int64 // identity version its numbers were right at
	created   core.Micros
	keys      map[EventKey]keyStat
	moreKeys  bool // keys is cut off
	bounds

	trash *trash
	mu    sync.Mutex
	refs  int  // readers
	dead  bool // no longer listed: goes when the last reader leaves
	body  *segmentFile
}

func bySegment(a, b *segment) int {
	if a.month != b.month {
		return cmp.Compare(a.month, b.month)
	}
	return cmp.Compare(a.file, b.file)
}

func (g *segment) hold() {
	g.mu.Lock()
	g.refs++
	g.mu.Unlock()
}

func (g *segment) drop() {
	g.mu.Lock()
	g.refs--
	gone := g.dead && g.refs == 0
	g.mu.Unlock()
	if gone {
		g.trash.put(g)
	}
}

// retire marks a segment that the manifest no longer lists.
func (g *segment) retire() {
	g.trash.mark(g)
	g.mu.Lock()
	g.dead = true
	gone := g.refs == 0
	g.mu.Unlock()
	if gone {
		g.trash.put(g)
	}
}

// opened gives the file, opening it on first use. The caller holds g.
func (g *segment) opened() (*segmentFile, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.body != nil {
		return g.body, nil
	}
	f, err := openSegmentFile(g.path)
	if err != nil {
		return nil, fmt.Errorf("open timeline file %s: %w", g.file, err)
	}
	g.body = f
	return f, nil
}

// shut closes the file; a reader that still holds it gets read errors.
func (g *segment) shut() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.body == nil {
		return nil
	}
	err := g.body.close()
	g.body = nil
	return err
}

// storedKey is one entry of the column names of timeline_segments.
type storedKey struct {
	Kind   core.Kind   `json:"k"`
	Name   string      `json:"n,omitempty"`
	Events int64       `json:"c"`
	Last   core.Micros `json:"t"`
}

type storedKeys struct {
	Keys []storedKey `json:"keys"`
	More bool        `json:"more,omitempty"`
}

func (s *Store) insertSegment(ctx context.Context, tx *db.Tx, g *segment) error {
	k := storedKeys{More: g.moreKeys}
	for _, key := range sortedKeys(g.keys) {
		st := g.keys[key]
		k.Keys = append(k.Keys, storedKey{key.Kind, key.Name, st.events, st.last})
	}
	names, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("write segment names: %w", err)
	}
	_, err = tx.Exec(ctx, s.q.Get("add_segment"), int64(g.ws), g.file, g.month, g.events, g.customers, g.size, g.sha256, g.version,
		int64(g.minCustomer), int64(g.maxCustomer), g.minTime, g.maxTime, g.minSeq, g.maxSeq, g.minReceived, g.maxReceived, g.created, string(names))
	if err != nil {
		return fmt.Errorf("list segment: %w", err)
	}
	return nil
}

func (s *Store) deleteSegments(ctx context.Context, tx *db.Tx, old []*segment) error {
	for _, g := range old {
		n, err := tx.Exec(ctx, s.q.Get("drop_segment"), int64(g.ws), g.file)
		if err != nil {
			return fmt.Errorf("unlist segment: %w", err)
		}
		if n != 1 {
			return fmt.Errorf("unlist segment %s: the manifest no longer lists it", g.file)
		}
	}
	return nil
}

func (s *Store) loadSegments(ctx context.Context, tx *db.Tx) error {
	return tx.Query(ctx, s.q.Get("all_segments"), func(row db.Row) error {
		g, err := s.scanSegment(row)
		if err != nil {
			return err
		}
		p := s.space(g.ws)
		p.segments = append(p.segments, g)
		return nil
	})
}

func (s *Store) scanSegment(row db.Row) (*segment, error) {
	g := &segment{trash: &s.trash}
	var ws, minC, maxC int64
	var names string
	err := row.Scan(&ws, &g.file, &g.month, &g.events, &g.customers, &g.size, &g.sha256, &g.version, &minC, &maxC,
		&g.minTime, &g.maxTime, &g.minSeq, &g.maxSeq, &g.minReceived, &g.maxReceived, &g.created, &names)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	g.ws, g.minCustomer, g.maxCustomer = core.WorkspaceID(ws), core.CustomerID(minC), core.CustomerID(maxC)
	g.path = filepath.Join(s.folder(g.ws), g.file)
	var k storedKeys
	if err := json.Unmarshal([]byte(names), &k); err != nil {
		return nil, fmt.Errorf("read names of segment %s: %w", g.file, err)
	}
	g.moreKeys = k.More
	g.keys = make(map[EventKey]keyStat, len(k.Keys))
	for _, e := range k.Keys {
		g.keys[EventKey{e.Kind, e.Name}] = keyStat{e.Events, e.Last}
	}
	return g, nil
}

// monthOf numbers the UTC calendar month of an instant: year*12 + month-1.
func monthOf(t core.Micros) int64 {
	u := core.ToTime(t)
	return int64(u.Year())*12 + int64(u.Month()) - 1
}

// monthBounds gives the first instant of a month and of the next.
func monthBounds(m int64) (low, high core.Micros) {
	first := func(m int64) core.Micros {
		y, r := monthParts(m)
		return core.FromTime(time.Date(int(y), time.Month(r+1), 1, 0, 0, 0, 0, time.UTC))
	}
	return first(m), first(m + 1)
}

func monthParts(m int64) (year, month int64) {
	y, r := m/12, m%12
	if r < 0 {
		y, r = y-1, r+12
	}
	return y, r
}

// monthText writes a month as 2026-01.
func monthText(m int64) string {
	y, r := monthParts(m)
	return fmt.Sprintf("%04d-%02d", y, r+1)
}
