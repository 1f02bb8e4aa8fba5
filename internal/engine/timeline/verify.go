package timeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Verify checks the manifest against the files, the files against their
// checksums, figures and order, and the tail rows; it lists what is wrong. It
// may run beside readers and writers.
func (s *Store) Verify(ctx context.Context) (problems []string, err error) {
	release := s.Hold()
	defer release()
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var list []*segment
	err = s.opt.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.Query(ctx, s.q.Get("all_segments"), func(row db.Row) error {
			g, err := s.scanSegment(row)
			list = append(list, g)
			return err
		})
		if err != nil {
			return err
		}
		return s.verifyTail(ctx, tx, say)
	})
	if err != nil {
		return nil, fmt.Errorf("verify timeline: %w", err)
	}
	for _, g := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.verifySegment(ctx, g); err != nil {
			say("segment %s of workspace %d: %v", g.file, g.ws, err)
		}
	}
	if err := s.verifyStrays(ctx, say); err != nil {
		return nil, fmt.Errorf("verify timeline: %w", err)
	}
	return problems, nil
}

func (s *Store) verifyTail(ctx context.Context, tx *db.Tx, say func(string, ...any)) error {
	var lastWS core.WorkspaceID
	next := int64(0)
	return tx.Query(ctx, s.q.Get("all_tail"), func(row db.Row) error {
		ws, r, err := s.readTail(row)
		if err != nil {
			say("%v", err)
			return nil
		}
		if ws != lastWS {
			lastWS, next = ws, 0
		}
		if r.minSeq < next {
			say("tail row %d of workspace %d overlaps the one before", r.minSeq, ws)
		}
		next = r.maxSeq + 1
		return nil
	})
}

// verifySegment gives the first thing that is wrong with a file.
func (s *Store) verifySegment(ctx context.Context, g *segment) error {
	sum, size, err := digest(g.path)
	if err != nil {
		return err
	}
	if size != g.size {
		return fmt.Errorf("has %d bytes, the manifest says %d", size, g.size)
	}
	if sum != g.sha256 {
		return fmt.Errorf("checksum differs from the manifest")
	}
	f, err := openSegmentFile(g.path)
	if err != nil {
		return err
	}
	defer f.close() //nolint:errcheck // it was only read
	check := &segmentCheck{seg: g}
	if err := check.read(ctx, f); err != nil {
		return err
	}
	return check.compare()
}

func digest(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// segmentCheck reads a whole file and keeps what the manifest should say.
type segmentCheck struct {
	seg    *segment
	rows   int64
	people int64
	last   row
	keys   map[EventKey]keyStat
	bounds
}

func (c *segmentCheck) read(ctx context.Context, f *segmentFile) error {
	c.keys = map[EventKey]keyStat{}
	all, want, names := everything(), newMatcher(&Request{}), newNameTable()
	r := newReader(f, &all, &want, names, wholeness{true, true})
	defer r.leave()
	rows := newRows(&all, names)
	for i, g := range f.groups {
		if _, err := r.enter(i); err != nil {
			return err
		}
		for j := range g.blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			sel, err := r.filter(j, 0, noCustomer, nil)
			if err != nil || len(sel) == 0 {
				return fmt.Errorf("block %d of group %d cannot be read: %w", j, i, err)
			}
			if err := r.load(sel); err != nil {
				return err
			}
			rows.reset()
			r.add(rows, sel)
			for k := range rows.Time {
				if err := c.add(rows, k, core.CustomerID(r.customers[sel[k]])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *segmentCheck) add(rows *Rows, i int, who core.CustomerID) error {
	e := rows.row(i)
	e.customer = who
	if c.rows > 0 && byTimeline(&c.last, e) >= 0 {
		return fmt.Errorf("row %d is out of order", c.rows)
	}
	if monthOf(e.time) != c.seg.month {
		return fmt.Errorf("row %d is of another month than %s", c.rows, monthText(c.seg.month))
	}
	if c.rows == 0 || c.last.customer != who {
		c.people++
	}
	c.bounds.add(e, c.rows == 0)
	k := EventKey{e.kind, e.name}
	st := c.keys[k]
	st.events++
	c.keys[k] = st
	c.rows, c.last = c.rows+1, *e
	return nil
}

func (c *segmentCheck) compare() error {
	g := c.seg
	switch {
	case c.rows != g.events:
		return fmt.Errorf("has %d events, the manifest says %d", c.rows, g.events)
	case c.people != g.customers:
		return fmt.Errorf("has %d customers, the manifest says %d", c.people, g.customers)
	case c.bounds != g.bounds:
		return fmt.Errorf("has bounds %v, the manifest says %v", c.bounds, g.bounds)
	}
	if g.moreKeys {
		return nil
	}
	if len(c.keys) != len(g.keys) {
		return fmt.Errorf("has %d event names, the manifest says %d", len(c.keys), len(g.keys))
	}
	for k, st := range c.keys {
		if g.keys[k].events != st.events {
			return fmt.Errorf("has %d events %q, the manifest says %d", st.events, k.Name, g.keys[k].events)
		}
	}
	return nil
}

// verifyStrays lists files that neither manifest nor memory know. Files being
// written while it looks would show, so it waits for the writers.
func (s *Store) verifyStrays(ctx context.Context, say func(string, ...any)) error {
	for _, p := range s.allSpaces() {
		if err := s.straysOf(ctx, p, say); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) straysOf(ctx context.Context, p *space, say func(string, ...any)) error {
	p.work.Lock()
	defer p.work.Unlock()
	known := map[string]bool{}
	p.mu.Lock()
	for _, g := range p.segments {
		known[g.path] = true
	}
	p.mu.Unlock()
	return filepath.WalkDir(s.folder(p.ws), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		if !d.IsDir() && !known[path] && !s.held(path) {
			say("file %s of workspace %d is listed nowhere", filepath.Base(path), p.ws)
		}
		return ctx.Err()
	})
}
