package app

import (
	"context"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// The pipeline declares what it needs; these types satisfy it with the rooms.

type inboxDoor struct{ *inbox.Service }

func (d inboxDoor) Take(ctx context.Context, ws core.WorkspaceID, max int) (pipeline.Work, error) {
	w, err := d.Service.Take(ctx, ws, max)
	if err != nil || w == nil {
		return nil, err
	}
	return taken{w}, nil
}

type taken struct{ *inbox.Work }

func (t taken) List() []core.Message { return t.Messages }

type identity struct{ *customer.Service }

func (i identity) Begin(ws core.WorkspaceID, tx *db.Tx) pipeline.Session {
	return i.Service.Begin(ws, tx)
}

// summaries is the machine source and reactor of the customer room.
type summaries struct {
	customers *customer.Service
	access    *access.Service
}

func (s summaries) Machines(ws core.WorkspaceID) []fold.Machine {
	w, err := s.access.Workspace(context.Background(), ws) //nolint:forbidigo // from memory
	if err != nil {
		return nil
	}
	return []fold.Machine{customer.Machine(w.Currency)}
}

func (s summaries) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	last := map[core.CustomerID]int{}
	var list []customer.SummaryChanged
	for _, sig := range b.Signals {
		ch, ok := sig.(customer.SummaryChanged)
		if !ok {
			continue
		}
		if i, seen := last[ch.Customer]; seen {
			list[i] = ch
			continue
		}
		last[ch.Customer] = len(list)
		list = append(list, ch)
	}
	for c, what := range b.Reset {
		if _, told := last[c]; !told && what.Machine == 0 && b.Absorbed[c] == 0 {
			list = append(list, customer.Nothing(c))
		}
	}
	for i := range list {
		if what, again := b.Reset[list[i].Customer]; again && what.Machine == 0 {
			*list[i].Traits = true
		}
	}
	return s.customers.Write(ctx, tx, b.Workspace, list)
}

// stages is the reactor of the lifecycle room.
type stages struct{ *lifecycle.Service }

func (s stages) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	var moves []core.StageMoved
	for _, sig := range b.Signals {
		if m, ok := sig.(core.StageMoved); ok {
			moves = append(moves, m)
		}
	}
	var reset, gone []core.CustomerID
	for c, what := range b.Reset {
		if what.Machine == 0 { // a backfilled machine has no spells to replace
			reset = append(reset, c)
		}
	}
	for c, into := range b.Absorbed {
		if into != 0 {
			gone = append(gone, c)
		}
	}
	if len(moves) == 0 && len(reset) == 0 && len(gone) == 0 {
		return nil
	}
	return s.Record(ctx, tx, b.Workspace, moves, reset, gone)
}
