package segment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Preview is what a condition would give, before it is saved.
type Preview struct {
	Size       int64 // customers who satisfy it now
	Population int64 // all customers
	Sample     []core.CustomerID
	// Against the segment being edited: who would enter and who would leave.
	Enters, Leaves           int64
	EnterSample, LeaveSample []core.CustomerID
	Warnings                 []Warning
	Rests                    []string // keys of the segments it names, through others too
	Took                     time.Duration
}

// Warning is something that is probably not meant so.
type Warning struct {
	Code string // matches_nobody, matches_all, never_leaves, unknown_event, unknown_trait, unknown_property, type_mismatch
	Name string
}

// sampleSize is how many customers a preview shows.
const sampleSize = 10

// Preview folds all history with a condition. id is the segment being edited, 0
// for a new one. It writes nothing.
func (s *Service) Preview(ctx context.Context, ws core.WorkspaceID, id int64, when *expr.Node) (*Preview, error) {
	start := s.Clock.Now()
	if err := (&Definition{Name: "preview", Kind: Dynamic, When: when}).Check(); err != nil {
		return nil, err
	}
	var g Segment
	if id != 0 {
		var err error
		if g, err = s.Get(ws, id); err != nil {
			return nil, err
		}
	}
	l := s.of(ws)
	_, m, err := l.catalogue.check(g.Key, when)
	if err != nil {
		return nil, err
	}
	everybody, err := s.People.Everybody(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	in, seen, err := s.evaluate(ctx, ws, m, 0, everybody)
	if err != nil {
		return nil, err
	}
	p := &Preview{Size: int64(len(in)), Population: int64(len(everybody)), Sample: sample(in), Rests: l.catalogue.named(when)}
	if id != 0 {
		was, err := s.Members(ctx, ws, g)
		if err != nil {
			return nil, err
		}
		enters, leaves := minus(in, was), minus(was, in)
		p.Enters, p.EnterSample = int64(len(enters)), sample(enters)
		p.Leaves, p.LeaveSample = int64(len(leaves)), sample(leaves)
	}
	if p.Warnings, err = s.warnings(ctx, ws, when, p, seen); err != nil {
		return nil, err
	}
	p.Took = s.Clock.Now().Sub(start)
	return p, nil
}

// sample picks some customers, the same ones each time.
func sample(list []core.CustomerID) []core.CustomerID {
	if len(list) <= sampleSize {
		return slices.Clone(list)
	}
	out := make([]core.CustomerID, sampleSize)
	for i := range out {
		out[i] = list[i*len(list)/sampleSize+len(list)/(2*sampleSize)]
	}
	return out
}
