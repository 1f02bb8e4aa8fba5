package insight

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// members says who satisfies a condition now.
func (s *Service) members(ctx context.Context, ws core.WorkspaceID, who *expr.Node) (func(core.CustomerID) bool, error) {
	if s.Members == nil {
		return nil, errs.Field("who", "invalid_query", "conditions on customers cannot be answered here")
	}
	list, err := s.Members(ctx, ws, who, 0)
	var e *errs.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Field, "when") {
		return nil, errs.Field("who"+strings.TrimPrefix(e.Field, "when"), "invalid_query", "%v", e.Said())
	}
	if err != nil {
		return nil, err
	}
	return func(c core.CustomerID) bool {
		_, in := slices.BinarySearch(list, c)
		return in
	}, nil
}
