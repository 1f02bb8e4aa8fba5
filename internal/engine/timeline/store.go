package timeline

import (
	"context"
	_ "embed" // the statements
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

// Store keeps the timelines of all workspaces. Make one with Open; it is safe
// for concurrent use.
type Store struct {
	opt    Options
	root   string // <dir>/timeline
	q      db.Queries
	codec  *codec
	homes  atomic.Pointer[Homes]
	stills atomic.Pointer[func(ws core.WorkspaceID) (release func())]
	moves  moveCache
	trash  trash
	hidden hidden

	mu     sync.Mutex
	spaces map[core.WorkspaceID]*space
}

// Open loads the tail and the manifest, and removes files the manifest does not
// list.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.DB == nil || o.Dir == "" || o.Clock == nil {
		return nil, errs.New(errs.Invalid, "timeline_options", "timeline needs a database, a folder and a clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SealEvents <= 0 {
		o.SealEvents = 200_000
	}
	if o.SealAge <= 0 {
		o.SealAge = 15 * core.Minute
	}
	if o.MaxFileEvents <= 0 {
		o.MaxFileEvents = 16_000_000
	}
	if o.SettleShare <= 0 {
		o.SettleShare = 0.02
	}
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	s := &Store{opt: o, root: filepath.Join(o.Dir, "timeline"), q: db.MustQueries(queriesText), codec: c, spaces: map[core.WorkspaceID]*space{}}
	s.trash.log, s.trash.keep = o.Log, keepFile(o.Dir)
	s.SetHomes(o.Homes)
	if err := os.MkdirAll(s.root, 0o750); err != nil {
		return nil, fmt.Errorf("make timeline folder: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("load timeline: %w", err)
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("remove stray timeline files: %w", err)
	}
	return s, nil
}

// SetHomes sets who tells where events live. Call it before the first Append.
func (s *Store) SetHomes(h Homes) {
	if h == nil {
		h = nobodyMoved{}
	}
	s.homes.Store(&h)
}

// SetStill sets what keeps changes of identity out while the store settles
// where rows live, until the function that it gives is called. Without it the
// caller promises that no change is ever rolled back.
func (s *Store) SetStill(still func(ws core.WorkspaceID) (release func())) { s.stills.Store(&still) }

func (s *Store) still(ws core.WorkspaceID) (release func()) {
	if f := s.stills.Load(); f != nil {
		return (*f)(ws)
	}
	return func() {}
}

func (s *Store) home() Homes { return *s.homes.Load() }

// Close closes the files that no reader holds; readers close theirs.
func (s *Store) Close() error {
	s.mu.Lock()
	spaces := s.spaces
	s.spaces = map[core.WorkspaceID]*space{}
	s.mu.Unlock()
	var all []error
	for _, p := range spaces {
		p.mu.Lock()
		for _, g := range p.segments {
			all = append(all, g.shut())
		}
		p.segments = nil
		p.mu.Unlock()
	}
	return errors.Join(all...)
}

// nobodyMoved is the Homes of a store without an identity room.
type nobodyMoved struct{}

func (nobodyMoved) Home(core.WorkspaceID, core.ActorID, core.Micros) core.CustomerID { return 0 }
func (nobodyMoved) Version(core.WorkspaceID) int64                                   { return 0 }
func (nobodyMoved) Moved(core.WorkspaceID, int64) map[core.CustomerID]struct{}       { return nil }
func (nobodyMoved) Written(_ core.WorkspaceID, c core.CustomerID) []core.CustomerID {
	return []core.CustomerID{c}
}

func (s *Store) space(ws core.WorkspaceID) *space {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.spaces[ws]
	if p == nil {
		p = &space{ws: ws, known: map[int64]struct{}{}}
		s.spaces[ws] = p
	}
	return p
}

func (s *Store) allSpaces() []*space {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*space, 0, len(s.spaces))
	for _, p := range s.spaces {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *space) int { return int(a.ws - b.ws) })
	return out
}

func (s *Store) folder(ws core.WorkspaceID) string {
	return filepath.Join(s.root, strconv.FormatInt(int64(ws), 10))
}

// maxKind bounds kinds, which filters keep as bits.
const maxKind = 31

// Append gives the events their log positions and adds them to the tail as one
// row of tx; readers see them once tx is durable. The customers in events must
// be right by the map that Homes shows during the call. events is not kept.
func (s *Store) Append(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, events []core.Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		if events[i].Customer <= 0 || events[i].Kind > maxKind {
			return errs.New(errs.Invalid, "event_refused", "an event needs a customer number and a known kind")
		}
	}
	version := s.home().Version(ws)
	var last int64
	n := int64(len(events))
	if err := tx.QueryRow(ctx, s.q.Get("take_seq"), []any{int64(ws), n + 1}, &last); err != nil {
		return fmt.Errorf("take log positions: %w", err)
	}
	first := last - n
	for i := range events {
		events[i].Seq = first + int64(i)
	}
	plain := s.codec.plain(events)
	now := core.FromTime(s.opt.Clock.Now())
	if _, err := tx.Exec(ctx, s.q.Get("add_tail"), int64(ws), first, n, version, now, s.codec.pack(plain)); err != nil {
		return fmt.Errorf("append to timeline tail: %w", err)
	}
	rows, err := s.codec.rows(plain, first)
	if err != nil {
		return fmt.Errorf("mirror timeline batch: %w", err)
	}
	r := newRun(pointers(rows), version, []batch{{first, len(rows), now}}, int64(len(plain)))
	p := s.space(ws)
	tx.AfterCommit(func() { p.add(r) })
	return nil
}

// load reads tail and manifest into memory.
func (s *Store) load(ctx context.Context) error {
	return s.opt.DB.Read(ctx, func(tx *db.Tx) error {
		if err := s.loadSegments(ctx, tx); err != nil {
			return err
		}
		return tx.Query(ctx, s.q.Get("all_tail"), func(row db.Row) error {
			ws, r, err := s.readTail(row)
			if err != nil {
				return err
			}
			s.space(ws).add(r)
			return nil
		})
	})
}

// readTail turns one row of the tail into a run.
func (s *Store) readTail(row db.Row) (core.WorkspaceID, *run, error) {
	var ws, first, events, version, at int64
	var body []byte
	if err := row.Scan(&ws, &first, &events, &version, &at, &body); err != nil {
		return 0, nil, fmt.Errorf("read tail row: %w", err)
	}
	plain, err := s.codec.unpack(body)
	if err != nil {
		return 0, nil, fmt.Errorf("open tail row %d of workspace %d: %w", first, ws, err)
	}
	rows, err := s.codec.rows(plain, first)
	if err != nil {
		return 0, nil, fmt.Errorf("decode tail row %d of workspace %d: %w", first, ws, err)
	}
	if int64(len(rows)) != events || events == 0 {
		return 0, nil, fmt.Errorf("tail row %d of workspace %d holds %d events, not %d: %w", first, ws, len(rows), events, errBody)
	}
	return core.WorkspaceID(ws), newRun(pointers(rows), version, []batch{{first, len(rows), at}}, int64(len(plain))), nil
}

func (s *Store) fault(point string) {
	if s.opt.Fault != nil {
		s.opt.Fault(point)
	}
}

func errColumn(name string) error {
	return errs.Field("columns", "unknown_column", "there is no timeline column %q", name)
}
