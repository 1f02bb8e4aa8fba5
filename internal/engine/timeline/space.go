package timeline

import (
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// space is one workspace's timeline in memory: the mirror of its tail and the
// list of its segments. mu guards all but work.
type space struct {
	ws core.WorkspaceID

	work sync.Mutex // held by whoever seals, compacts or erases; before mu

	mu       sync.Mutex
	runs     []*run // oldest first; the first `frozen` are being sealed
	frozen   int
	known    map[int64]struct{} // first positions of the batches in runs
	floor    int64              // batches below it came from SQL: a late hook must not add them
	segments []*segment         // by month, then file
}

// add puts a committed batch into the mirror, merging runs of like size so
// that their number stays logarithmic.
func (s *space) add(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := r.batches[0].firstSeq
	if _, dup := s.known[first]; dup || first < s.floor {
		return
	}
	s.known[first] = struct{}{}
	s.runs = append(s.runs, r)
	for n := len(s.runs); n-2 >= s.frozen && len(s.runs[n-2].rows) <= 2*len(s.runs[n-1].rows); n-- {
		s.runs[n-2] = mergeRuns(s.runs[n-2], s.runs[n-1])
		s.runs[n-1] = nil
		s.runs = s.runs[:n-1]
	}
}

// view is one moment of a workspace. Its segments are held until release.
type view struct {
	runs     []*run
	segments []*segment
	prepared func() // called once it is settled where moved rows live; may be nil
}

func (s *space) view() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := view{runs: slices.Clone(s.runs), segments: slices.Clone(s.segments)}
	for _, g := range v.segments {
		g.hold()
	}
	return v
}

func (v *view) release() {
	for _, g := range v.segments {
		g.drop()
	}
}

// freeze marks the runs of now as being sealed and gives them.
func (s *space) freeze() []*run {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = len(s.runs)
	return slices.Clone(s.runs)
}

// thaw ends a freeze. When sealed is set the frozen runs leave the mirror and
// the segments made of them take their place, in one moment.
func (s *space) thaw(sealed bool, made []*segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sealed {
		for _, r := range s.runs[:s.frozen] {
			for _, b := range r.batches {
				delete(s.known, b.firstSeq)
			}
		}
		s.runs = slices.Clone(s.runs[s.frozen:])
		s.swap(nil, made)
	}
	s.frozen = 0
}

// swap replaces segments; mu is held. The old ones are released by the list.
func (s *space) swap(old, made []*segment) {
	kept := make([]*segment, 0, len(s.segments)+len(made))
	for _, g := range s.segments {
		if !slices.Contains(old, g) {
			kept = append(kept, g)
		}
	}
	kept = append(kept, made...)
	slices.SortFunc(kept, bySegment)
	s.segments = kept
}

// tailSize counts the events and plain bytes of the mirror and gives the time
// the oldest batch was appended.
func (s *space) tailSize() (events, size int64, oldest core.Micros) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		events += int64(len(r.rows))
		size += r.bytes
		for _, b := range r.batches {
			if oldest == 0 || b.appendedAt < oldest {
				oldest = b.appendedAt
			}
		}
	}
	return events, size, oldest
}

// reset replaces all batches below floor by those in fresh; newer ones stay.
func (s *space) reset(fresh []*run, floor int64) {
	next := &space{known: map[int64]struct{}{}}
	for _, r := range fresh {
		next.add(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		for _, b := range r.since(floor) {
			next.add(b)
		}
	}
	s.runs, s.known, s.floor = next.runs, next.known, floor
}
