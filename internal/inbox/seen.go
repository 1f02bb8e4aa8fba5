package inbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// verdict is what dedupe says about a message.
type verdict uint8

const (
	fresh     verdict = iota
	duplicate         // same id and fingerprint
	conflict          // same id, another fingerprint
)

// partEntries is how many entries a stored part holds: 64 KiB.
const partEntries = 2730

// block is a stored set of sorted entries, known in memory by its filter.
type block struct {
	seq, id      int64
	low          int64 // oldest number merged into this one
	level        int
	entries      int
	lastReceived core.Micros
	fences       []uint64 // hi of the first entry of each part
	filter       bloom
}

type key struct{ hi, lo uint64 }

// seen knows which messages of a workspace were processed. Its lock protects
// memory only: that no other consumer committed in between is proven by the
// unique number of the next block.
type seen struct {
	mu     sync.Mutex
	loaded bool
	seq    int64 // newest block known
	blocks []*block
	// recent holds the entries of the newest blocks exactly, so that they need
	// neither filter nor database. exactFrom is the oldest block it covers.
	recent    map[key][]uint64
	order     []recentBlock
	exactFrom int64
	size      int
}

type recentBlock struct {
	seq  int64
	keys []entry
}

func (s *Service) seenOf(ws core.WorkspaceID) *seen {
	s.seenM.Lock()
	defer s.seenM.Unlock()
	sn := s.seen[ws]
	if sn == nil {
		sn = &seen{recent: map[key][]uint64{}, exactFrom: 1 << 62}
		s.seen[ws] = sn
	}
	return sn
}

// errStale says that the blocks in memory are not those in the database.
var errStale = errors.New("dedupe blocks changed")

// judge looks entries up, in order, each also against those before it. Zero
// entries are always fresh. It gives the number of the newest block it knew.
func (sn *seen) judge(ctx context.Context, s *Service, ws core.WorkspaceID, entries []entry) ([]verdict, int64, error) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	for attempt := 0; ; attempt++ {
		var out []verdict
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			if err := sn.refresh(ctx, tx, s, ws); err != nil {
				return err
			}
			var err error
			out, err = sn.look(ctx, tx, s, ws, entries)
			return err
		})
		if errors.Is(err, errStale) && attempt < 3 {
			sn.forget()
			continue
		}
		return out, sn.seq, err
	}
}

// forget empties the memory so that it is read anew.
func (sn *seen) forget() {
	sn.loaded, sn.seq, sn.blocks, sn.order, sn.size = false, 0, nil, nil, 0
	sn.recent, sn.exactFrom = map[key][]uint64{}, 1<<62
}

// refresh reads the blocks that were committed elsewhere.
func (sn *seen) refresh(ctx context.Context, tx *db.Tx, s *Service, ws core.WorkspaceID) error {
	after := sn.seq
	if !sn.loaded {
		after = -1
	}
	err := tx.Query(ctx, s.q.Get("blocks_after"), func(row db.Row) error {
		b := &block{}
		var fences []byte
		if err := row.Scan(&b.seq, &b.id, &b.level, &b.entries, &b.lastReceived, &fences, &b.filter); err != nil {
			return err
		}
		b.low = b.seq
		b.filter = slices.Clone(b.filter)
		for i := 0; i+8 <= len(fences); i += 8 {
			b.fences = append(b.fences, binary.BigEndian.Uint64(fences[i:]))
		}
		sn.blocks = append(sn.blocks, b)
		sn.seq = b.seq
		if sn.loaded {
			sn.exactFrom = 1 << 62 // a gap in what recent covers
		}
		return nil
	}, ws, after)
	if err != nil {
		return fmt.Errorf("read dedupe blocks: %w", err)
	}
	if sn.exactFrom == 1<<62 && sn.order != nil {
		sn.order, sn.size, sn.recent = nil, 0, map[key][]uint64{}
	}
	sn.loaded = true
	return nil
}

func (sn *seen) look(ctx context.Context, tx *db.Tx, s *Service, ws core.WorkspaceID, entries []entry) ([]verdict, error) {
	out := make([]verdict, len(entries))
	here := make(map[key][]uint64, len(entries)) // within this work
	parts := map[partRef][]byte{}
	for i, e := range entries {
		if e == (entry{}) {
			continue
		}
		k := key{e.hi, e.lo}
		prints := here[k]
		if len(prints) == 0 || !slices.Contains(prints, e.print) {
			prints = append(slices.Clone(prints), sn.recent[k]...)
		}
		if !slices.Contains(prints, e.print) {
			var err error
			if prints, err = sn.stored(ctx, tx, s, ws, e, prints, parts); err != nil {
				return nil, err
			}
		}
		switch {
		case slices.Contains(prints, e.print):
			out[i] = duplicate
			continue
		case len(prints) > 0:
			out[i] = conflict
		}
		here[k] = append(here[k], e.print)
	}
	return out, nil
}

type partRef struct {
	id   int64
	part int
}

// stored adds the fingerprints that blocks hold under the key of e. A filter's
// word is checked against the block itself.
func (sn *seen) stored(ctx context.Context, tx *db.Tx, s *Service, ws core.WorkspaceID, e entry, prints []uint64, parts map[partRef][]byte) ([]uint64, error) {
	for _, b := range sn.blocks {
		if b.low >= sn.exactFrom || !b.filter.has(e) {
			continue
		}
		// The key's entries may begin in the part before a fence equal to hi.
		last := sort.Search(len(b.fences), func(i int) bool { return b.fences[i] > e.hi }) - 1
		first := max(sort.Search(len(b.fences), func(i int) bool { return b.fences[i] >= e.hi })-1, 0)
		for p := first; p <= last; p++ {
			ref := partRef{b.id, p}
			body, ok := parts[ref]
			if !ok {
				err := tx.QueryRow(ctx, s.q.Get("block_part"), []any{ws, b.id, p}, &body)
				if errors.Is(err, db.ErrNoRows) {
					return nil, errStale
				}
				if err != nil {
					return nil, fmt.Errorf("read dedupe part: %w", err)
				}
				parts[ref] = body
			}
			prints = appendPrints(prints, body, e)
		}
	}
	return prints, nil
}

// appendPrints adds the fingerprints under the key of e in a sorted part.
func appendPrints(prints []uint64, body []byte, e entry) []uint64 {
	n := len(body) / entryBytes
	from := entry{e.hi, e.lo, 0}
	for i := sort.Search(n, func(i int) bool { return entryAt(body, i).compare(from) >= 0 }); i < n; i++ {
		x := entryAt(body, i)
		if x.hi != e.hi || x.lo != e.lo {
			break
		}
		prints = append(prints, x.print)
	}
	return prints
}

// record stores the entries of processed messages as a block with the number
// after seq. When another consumer stored that number already, the duplicates
// it brought were not seen, and the work must be taken again.
func (s *Service) record(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, seq int64, entries []entry, last core.Micros) error {
	if len(entries) == 0 {
		return nil
	}
	slices.SortFunc(entries, entry.compare)
	b := &block{seq: seq + 1, low: seq + 1, id: s.nextID(), entries: len(entries), lastReceived: last, filter: newBloom(len(entries))}
	for _, e := range entries {
		b.filter.add(e)
	}
	for part := range (len(entries) + partEntries - 1) / partEntries {
		chunk := entries[part*partEntries : min((part+1)*partEntries, len(entries))]
		if err := s.writePart(ctx, tx, ws, b, chunk); err != nil {
			return err
		}
	}
	if err := s.writeBlock(ctx, tx, ws, b); err != nil {
		if errors.Is(err, db.ErrUnique) {
			return errs.Wrap(err, errs.Conflict, "work_taken", "another consumer committed meanwhile")
		}
		return err
	}
	tx.AfterCommit(func() { s.committed(ws, b, entries) })
	return nil
}

func (s *Service) writePart(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, b *block, chunk []entry) error {
	body := make([]byte, 0, len(chunk)*entryBytes)
	for _, e := range chunk {
		body = appendEntry(body, e)
	}
	if _, err := tx.Exec(ctx, s.q.Get("insert_part"), ws, b.id, len(b.fences), body); err != nil {
		return fmt.Errorf("write dedupe part: %w", err)
	}
	b.fences = append(b.fences, chunk[0].hi)
	return nil
}

func (s *Service) writeBlock(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, b *block) error {
	fences := make([]byte, 0, len(b.fences)*8)
	for _, f := range b.fences {
		fences = binary.BigEndian.AppendUint64(fences, f)
	}
	_, err := tx.Exec(ctx, s.q.Get("insert_block"), ws, b.seq, b.id, b.level, b.entries, b.lastReceived, fences, []byte(b.filter))
	if err != nil {
		return fmt.Errorf("write dedupe block: %w", err)
	}
	return nil
}

// committed takes a block that this process stored into memory.
func (s *Service) committed(ws core.WorkspaceID, b *block, entries []entry) {
	sn := s.seenOf(ws)
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if !sn.loaded || sn.seq != b.seq-1 {
		return // refresh will read it
	}
	sn.blocks = append(sn.blocks, b)
	sn.seq = b.seq
	sn.order = append(sn.order, recentBlock{b.seq, entries})
	sn.size += len(entries)
	sn.exactFrom = min(sn.exactFrom, b.seq)
	for _, e := range entries {
		k := key{e.hi, e.lo}
		sn.recent[k] = append(sn.recent[k], e.print)
	}
	for sn.size > s.RecentKeys && len(sn.order) > 1 {
		sn.evict()
	}
	if len(sn.order)%mergeFan == 0 {
		s.signal(s.merge)
	}
}

// evict takes the oldest block out of the exact memory.
func (sn *seen) evict() {
	old := sn.order[0]
	sn.order = sn.order[1:]
	sn.size -= len(old.keys)
	sn.exactFrom = sn.order[0].seq
	for _, e := range old.keys {
		k := key{e.hi, e.lo}
		if prints := slices.DeleteFunc(sn.recent[k], func(p uint64) bool { return p == e.print }); len(prints) > 0 {
			sn.recent[k] = prints
		} else {
			delete(sn.recent, k)
		}
	}
}
