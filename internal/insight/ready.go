package insight

import (
	_ "embed" // the ready dashboards
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/engine/query"
)

//go:embed ready.json
var readyText []byte

// Ready is a dashboard that comes with the program, with its insights.
type Ready struct {
	Key         string         `json:"key"`
	Name        Text           `json:"name"`
	Description Text           `json:"description"`
	Insights    []ReadyInsight `json:"insights"`
	Tiles       []ReadyTile    `json:"tiles"`
}

// ReadyInsight is an insight of a ready dashboard.
type ReadyInsight struct {
	Key         string     `json:"key"`
	Name        Text       `json:"name"`
	Description Text       `json:"description"`
	Spec        query.Spec `json:"spec"`
}

// ReadyTile is a tile; Show names the insight that it shows.
type ReadyTile struct {
	Tile
	Show string `json:"show"`
}

func readReady() ([]Ready, error) {
	var all struct {
		Dashboards []Ready `json:"dashboards"`
	}
	if err := json.Unmarshal(readyText, &all); err != nil {
		return nil, fmt.Errorf("read ready dashboards: %w", err)
	}
	return all.Dashboards, nil
}

// ReadyDashboards gives the dashboards that come with the program.
func (s *Service) ReadyDashboards() []Ready { return slices.Clone(s.ready) }
