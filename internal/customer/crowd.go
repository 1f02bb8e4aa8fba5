package customer

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// The crowd of a workspace is who there is: its customers with events, as bits
// in blocks of numbers. Each transaction that changes it writes the blocks
// concerned, so that a million customers are sixteen rows to read.

// blockBits is the power of two of customers in a block.
const blockBits = 16

// block is a bit a customer, the lowest number in the lowest bit of the first
// byte, without zeros at the end.
type block []byte

func blockOf(c core.CustomerID) int64 { return int64(c) >> blockBits }

func (b block) has(c core.CustomerID) bool {
	i := int(c) & (1<<blockBits - 1)
	return i>>3 < len(b) && b[i>>3]&(1<<(i&7)) != 0
}

// with gives the block with one customer in or out.
func (b block) with(c core.CustomerID, in bool) block {
	i := int(c) & (1<<blockBits - 1)
	if !in {
		if i>>3 < len(b) {
			b[i>>3] &^= 1 << (i & 7)
		}
		return b
	}
	if n := i>>3 + 1 - len(b); n > 0 {
		b = append(b, make([]byte, n)...)
	}
	b[i>>3] |= 1 << (i & 7)
	return b
}

// list appends the customers of block number n to out.
func (b block) list(out []core.CustomerID, n int64) []core.CustomerID {
	for i, x := range b {
		for ; x != 0; x &= x - 1 {
			out = append(out, core.CustomerID(n<<blockBits+int64(i)<<3+int64(bits.TrailingZeros8(x))))
		}
	}
	return out
}

func (b block) size() (n int) {
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}

// crowdTx writes blocks in a transaction.
type crowdTx struct {
	tx     *db.Tx
	ws     core.WorkspaceID
	locked bool
}

// mark writes who came (true) and who went, whose rows are written already.
func (t *crowdTx) mark(ctx context.Context, changes map[core.CustomerID]bool) error {
	byBlock := map[int64][]core.CustomerID{}
	for c := range changes {
		byBlock[blockOf(c)] = append(byBlock[blockOf(c)], c)
	}
	for _, n := range slices.Sorted(maps.Keys(byBlock)) {
		old, known, err := t.read(ctx, n)
		if err != nil {
			return err
		}
		if known && !slices.ContainsFunc(byBlock[n], func(c core.CustomerID) bool { return old.has(c) != changes[c] }) {
			continue
		}
		err = t.change(ctx, n, func(b block) block {
			for _, c := range byBlock[n] {
				b = b.with(c, changes[c])
			}
			return b
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change writes a block: one that is known as fn makes it, another from the rows
// of the customers.
func (t *crowdTx) change(ctx context.Context, n int64, fn func(b block) block) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	b, known, err := t.read(ctx, n)
	if err != nil {
		return err
	}
	if known {
		b = fn(b)
	} else if b, err = t.count(ctx, n); err != nil {
		return err
	}
	b = append(block{}, bytes.TrimRight(b, "\x00")...) // never nil
	if _, err := t.tx.Exec(ctx, queries.Get("write_block"), t.ws, n, []byte(b)); err != nil {
		return fmt.Errorf("write block of customers: %w", err)
	}
	return nil
}

// lock lets one transaction of a workspace write blocks at a time, until its end:
// a block made from rows must see all rows that another transaction left to it.
func (t *crowdTx) lock(ctx context.Context) error {
	if t.locked {
		return nil
	}
	if _, err := t.tx.Exec(ctx, queries.Get("write_block"), t.ws, -1, []byte{}); err != nil {
		return fmt.Errorf("lock blocks of customers: %w", err)
	}
	t.locked = true
	return nil
}

func (t *crowdTx) read(ctx context.Context, n int64) (b block, known bool, err error) {
	err = t.tx.Query(ctx, queries.Get("block"), func(row db.Row) error {
		known = true
		return row.Scan((*[]byte)(&b))
	}, t.ws, n)
	if err != nil {
		return nil, false, fmt.Errorf("read block of customers: %w", err)
	}
	return b, known, nil
}

// count makes a block from the rows of the customers.
func (t *crowdTx) count(ctx context.Context, n int64) (block, error) {
	var b block
	err := t.tx.Query(ctx, queries.Get("customers_of_block"), func(row db.Row) error {
		var c core.CustomerID
		if err := row.Scan(&c); err != nil {
			return err
		}
		b = b.with(c, true)
		return nil
	}, t.ws, n<<blockBits, (n+1)<<blockBits)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return b, nil
}

// forget drops block n, or all when n is below 0: they are made anew when asked
// for.
func (t *crowdTx) forget(ctx context.Context, n int64) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	name, args := "forget_block", []any{t.ws, n}
	if n < 0 {
		name, args = "forget_blocks", args[:1]
	}
	if _, err := t.tx.Exec(ctx, queries.Get(name), args...); err != nil {
		return fmt.Errorf("drop blocks of customers: %w", err)
	}
	return nil
}

// blocks reads a workspace's; those in missing are not known.
func (s *Service) blocks(ctx context.Context, ws core.WorkspaceID) (list []block, missing []int64, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		last, err := s.Last(ctx, tx, ws)
		if err != nil {
			return err
		}
		list = make([]block, blockOf(last)+1)
		known := make([]bool, len(list))
		err = tx.Query(ctx, queries.Get("blocks"), func(row db.Row) error {
			var n int64
			var b []byte
			if err := row.Scan(&n, &b); err != nil {
				return err
			}
			if n < int64(len(list)) {
				list[n], known[n] = b, true
			}
			return nil
		}, ws)
		for n := range known {
			if !known[n] {
				missing = append(missing, int64(n))
			}
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read blocks of customers: %w", err)
	}
	return list, missing, nil
}

// crowd reads a workspace's blocks and makes those that are missing.
func (s *Service) crowd(ctx context.Context, ws core.WorkspaceID) ([]block, error) {
	list, missing, err := s.blocks(ctx, ws)
	if err != nil || len(missing) == 0 {
		return list, err
	}
	for _, n := range missing { // a transaction each: others write between them
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			t := crowdTx{tx: tx, ws: ws}
			err := t.change(ctx, n, func(b block) block { return b })
			if err == nil {
				list[n], _, err = t.read(ctx, n)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Everybody gives the numbers of all customers with events, rising.
func (s *Service) Everybody(ctx context.Context, ws core.WorkspaceID) ([]core.CustomerID, error) {
	list, err := s.crowd(ctx, ws)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, b := range list {
		size += b.size()
	}
	out := make([]core.CustomerID, 0, size)
	for n, b := range list {
		out = b.list(out, int64(n))
	}
	return out, nil
}

// WrongBlocks gives the blocks that do not agree with the rows of the customers.
func (s *Service) WrongBlocks(ctx context.Context, ws core.WorkspaceID) ([]int64, error) {
	list, missing, err := s.blocks(ctx, ws)
	if err != nil {
		return nil, err
	}
	var out []int64
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		t := crowdTx{tx: tx, ws: ws}
		for n := range list {
			if slices.Contains(missing, int64(n)) {
				continue
			}
			counted, err := t.count(ctx, int64(n))
			if err != nil {
				return err
			}
			if !bytes.Equal(counted, list[n]) {
				out = append(out, int64(n))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check blocks of customers: %w", err)
	}
	return out, nil
}
