package app

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/segment"
)

// benchConditions are segments of the kinds that people make, ready-made ones
// beside those of a shop's daily work.
func benchConditions() ([]*expr.Node, error) {
	ready, err := segment.Ready("en")
	if err != nil {
		return nil, err
	}
	var out []*expr.Node
	for _, r := range ready {
		if r.Needs == "" {
			out = append(out, r.When)
		}
	}
	for _, text := range []string{
		`{"did":{"event":"Order Completed","op":"gte","value":3,"window":{"last":"30d"}}}`,
		`{"all":[{"did":{"event":"Product Viewed","op":"gte","value":5,"window":{"last":"7d"}}},{"did":{"event":"Order Completed","op":"never","window":{"last":"14d"}}}]}`,
		`{"did":{"event":"Order Completed","measure":"sum","property":"revenue","op":"gt","value":100}}`,
		`{"trait":{"name":"city","op":"set"}}`,
		`{"trait":{"name":"email","op":"ends","value":".com"}}`,
		`{"did":{"kind":"page","op":"gte","value":10,"window":{"last":"30d"}}}`,
		`{"did":{"event":"Product Viewed","measure":"distinct","property":"product_id","op":"gte","value":10}}`,
		`{"stage":{"in":["conversion","retention"]}}`,
		`{"stage":{"entered":["dormant"],"window":{"last":"30d"}}}`,
		`{"sample":{"salt":"pilot","to":10}}`,
		`{"did":{"event":"Order Completed","window":{"calendar":"this_month"}}}`,
		`{"did":{"event":"Product Added","measure":"last_time","op":"in_last","value":"3d"}}`,
	} {
		n, err := expr.Parse([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		out = append(out, n)
	}
	return out[:20], nil
}

// BenchSegments makes the 20 live segments of the benchmarks.
func (a *App) BenchSegments(ctx context.Context, ws core.WorkspaceID) error {
	list, err := benchConditions()
	if err != nil {
		return err
	}
	for i, n := range list {
		d := segment.Definition{Name: fmt.Sprintf("Segment %d", i+1), Kind: segment.Dynamic, When: n}
		if _, err := a.Segments.Create(ctx, ws, d, "bench"); err != nil {
			return err
		}
	}
	a.Segments.Wait()
	return nil
}
