package timeline

import (
	"context"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// maintainEvery is the pause between rounds of Maintain.
const maintainEvery = 5 * time.Second

// Maintain seals tails that are large or old enough and compacts, until ctx
// ends. A fault in one workspace is logged and tried again next round.
func (s *Store) Maintain(ctx context.Context) error {
	for {
		s.trash.empty()
		for _, p := range s.allSpaces() {
			if err := s.tend(ctx, p); err != nil && ctx.Err() == nil {
				s.opt.Log.Error("cannot maintain a timeline; trying again soon", "workspace", int64(p.ws), "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.opt.Clock.After(maintainEvery):
		}
	}
}

// tend seals and compacts one workspace when it is due.
func (s *Store) tend(ctx context.Context, p *space) error {
	events, size, oldest := p.tailSize()
	age := core.FromTime(s.opt.Clock.Now()) - oldest
	if events >= int64(s.opt.SealEvents) || size >= maxTailBytes || events > 0 && age >= s.opt.SealAge {
		n, err := s.Seal(ctx, p.ws)
		if err != nil {
			return err
		}
		s.opt.Log.Debug("sealed a timeline tail", "workspace", int64(p.ws), "events", n)
	}
	return s.Compact(ctx, p.ws)
}

// maxTailBytes bounds the memory of a tail whatever its events, in plain bytes.
const maxTailBytes = 256 << 20
