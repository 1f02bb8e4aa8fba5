package insight

import "github.com/ciclo/ciclo/internal/core"

// Forget drops the reports and charts of a workspace that are kept in memory and
// tells how many. One being computed still answers those who wait for it, and is
// not kept.
func (s *Service) Forget(ws core.WorkspaceID) int64 {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	n := s.results.forget(ws)
	for k := range s.cache.entries {
		if k.ws == ws {
			delete(s.cache.entries, k)
			n++
		}
	}
	return n
}
