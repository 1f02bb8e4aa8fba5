package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// Query answers one question to the timeline, with the workspace's zone,
// currency and first day of the week.
func (s *Service) Query(ctx context.Context, ws core.WorkspaceID, spec query.Spec, set Settings, week time.Weekday) (*query.Result, error) {
	res, err := query.Run(ctx, s.Timeline, spec, s.asking(&Asked{Workspace: ws, Spec: spec, Settings: set, Week: week}))
	if err != nil {
		return nil, fmt.Errorf("answer %s: %w", spec.Kind, err)
	}
	return res, nil
}
