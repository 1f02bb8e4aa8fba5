package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

const (
	// mergeFan is how many blocks of one level become one of the next.
	mergeFan = 8
	// maxMerged is the number of entries from which a block is not merged any
	// more: 24 MB.
	maxMerged = 1 << 20
	// partsPerWrite bounds how long one write of a merge holds the database.
	partsPerWrite = 16
)

// errGone says that a merge found its blocks changed.
var errGone = errors.New("blocks changed during the merge")

// Compact merges dedupe blocks and drops those older than the window of every
// source of their workspace. It tells how many blocks went.
func (s *Service) Compact(ctx context.Context) (int, error) {
	var spaces []core.WorkspaceID
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("block_workspaces"), func(row db.Row) error {
			var ws core.WorkspaceID
			if err := row.Scan(&ws); err != nil {
				return err
			}
			spaces = append(spaces, ws)
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("list dedupe blocks: %w", err)
	}
	gone := 0
	for _, ws := range spaces {
		for {
			n, err := s.compactOnce(ctx, ws)
			if err != nil && !errors.Is(err, errGone) {
				return gone, fmt.Errorf("compact dedupe blocks: %w", err)
			}
			gone += n
			if n == 0 {
				break
			}
		}
	}
	return gone, nil
}

func (s *Service) compactOnce(ctx context.Context, ws core.WorkspaceID) (int, error) {
	var blocks []*block
	window := core.Micros(MinDedupeDays) * core.Day
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		sources, err := s.scanSources(ctx, tx, "sources_of_workspace", ws)
		if err != nil {
			return err
		}
		for _, src := range sources {
			window = max(window, src.Window())
		}
		return tx.Query(ctx, s.q.Get("block_listing"), func(row db.Row) error {
			b := &block{}
			if err := row.Scan(&b.seq, &b.id, &b.level, &b.entries, &b.lastReceived); err != nil {
				return err
			}
			blocks = append(blocks, b)
			return nil
		}, ws)
	})
	if err != nil || len(blocks) == 0 {
		return 0, err
	}
	// The newest block stays: its number is what consumers count from.
	old := slices.DeleteFunc(slices.Clone(blocks[:len(blocks)-1]), func(b *block) bool { return b.lastReceived >= s.now()-window })
	if len(old) > 0 {
		return len(old), s.swap(ctx, ws, old, nil)
	}
	if inputs := mergeable(blocks); inputs != nil {
		return len(inputs) - 1, s.mergeBlocks(ctx, ws, inputs)
	}
	return 0, nil
}

// mergeable finds a run of neighbours of one level, the lowest level first.
func mergeable(blocks []*block) []*block {
	for level := range 32 {
		run := 0
		for i, b := range blocks {
			if b.level != level || b.entries >= maxMerged {
				run = 0
				continue
			}
			if run++; run == mergeFan {
				return blocks[i+1-mergeFan : i+1]
			}
		}
	}
	return nil
}

// mergeBlocks writes the union of the inputs as a block of the next level in
// several small writes, and then puts it in their place in one.
func (s *Service) mergeBlocks(ctx context.Context, ws core.WorkspaceID, inputs []*block) error {
	last := inputs[len(inputs)-1]
	out := &block{seq: last.seq, low: inputs[0].seq, id: s.nextID(), level: last.level + 1}
	total := 0
	for _, b := range inputs {
		total += b.entries
		out.lastReceived = max(out.lastReceived, b.lastReceived)
	}
	out.filter = newBloom(total)
	m := &merger{s: s, ws: ws}
	for _, b := range inputs {
		m.inputs = append(m.inputs, &mergeInput{block: b})
	}
	for done := false; !done; {
		chunks := make([][]entry, 0, partsPerWrite)
		for len(chunks) < partsPerWrite {
			chunk, err := m.chunk(ctx)
			if err != nil {
				return err
			}
			if len(chunk) == 0 {
				done = true
				break
			}
			chunks = append(chunks, chunk)
			out.entries += len(chunk)
			for _, e := range chunk {
				out.filter.add(e)
			}
		}
		fences := out.fences
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			out.fences = slices.Clone(fences) // the function may run again
			for _, c := range chunks {
				if err := s.writePart(ctx, tx, ws, out, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.swap(ctx, ws, inputs, out)
}

// swap replaces blocks by one (or by nothing) in the database, then in memory.
func (s *Service) swap(ctx context.Context, ws core.WorkspaceID, old []*block, put *block) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, b := range old {
			n, err := tx.Exec(ctx, s.q.Get("delete_block"), ws, b.seq, b.id)
			if err != nil {
				return err
			}
			if n != 1 {
				return errGone
			}
			if _, err := tx.Exec(ctx, s.q.Get("delete_parts"), ws, b.id); err != nil {
				return err
			}
		}
		if put != nil {
			if err := s.writeBlock(ctx, tx, ws, put); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { s.seenOf(ws).swapped(old, put) })
		return nil
	})
}

// swapped follows a swap in memory, when memory knows the old blocks.
func (sn *seen) swapped(old []*block, put *block) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	ids := map[int64]bool{}
	for _, b := range old {
		ids[b.id] = true
	}
	known := 0
	low := int64(1 << 62)
	for _, b := range sn.blocks {
		if ids[b.id] {
			known++
			low = min(low, b.low)
		}
	}
	if known != len(old) {
		return // read anew when a filter leads to a block that is gone
	}
	kept := slices.DeleteFunc(slices.Clone(sn.blocks), func(b *block) bool { return ids[b.id] })
	if put != nil {
		put.low = low
		kept = append(kept, put)
		slices.SortFunc(kept, func(a, b *block) int { return int(a.seq - b.seq) })
	}
	sn.blocks = kept
}

// merger reads sorted blocks part by part and gives their union in order.
type merger struct {
	s      *Service
	ws     core.WorkspaceID
	inputs []*mergeInput
}

type mergeInput struct {
	block *block
	part  int
	body  []byte
	at    int
	done  bool
}

// head gives the input's next entry.
func (m *merger) head(ctx context.Context, in *mergeInput) (entry, bool, error) {
	for !in.done && in.at >= len(in.body)/entryBytes {
		var body []byte
		err := m.s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, m.s.q.Get("block_part"), []any{m.ws, in.block.id, in.part}, &body)
		})
		if errors.Is(err, db.ErrNoRows) {
			if want := (in.block.entries + partEntries - 1) / partEntries; in.part < want {
				return entry{}, false, errGone
			}
			in.done = true
			break
		}
		if err != nil {
			return entry{}, false, fmt.Errorf("read dedupe part: %w", err)
		}
		in.body, in.at = body, 0
		in.part++
	}
	if in.done {
		return entry{}, false, nil
	}
	return entryAt(in.body, in.at), true, nil
}

// chunk gives the entries of one part; none at the end.
func (m *merger) chunk(ctx context.Context) ([]entry, error) {
	out := make([]entry, 0, partEntries)
	for len(out) < partEntries {
		var best *mergeInput
		var least entry
		for _, in := range m.inputs {
			e, ok, err := m.head(ctx, in)
			if err != nil {
				return nil, err
			}
			if ok && (best == nil || e.compare(least) < 0) {
				best, least = in, e
			}
		}
		if best == nil {
			break
		}
		best.at++
		out = append(out, least)
	}
	return out, nil
}
