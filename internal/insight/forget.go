package insight

import "github.com/ciclo/ciclo/internal/core"

// Forget drops the reports and charts of a workspace that are kept in memory and
// tells how many. One being computed still answers those who wait for it, and is
// not kept.
func (s *Service) Forget(ws core.WorkspaceID) int64 { return s.results.forget(ws) + s.dropReports(ws) }
