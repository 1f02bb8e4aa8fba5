package insight

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Columns of the grid on which tiles lie.
const Columns = 12

// Bounds of a dashboard.
const (
	maxDashboards = 500
	maxTiles      = 100
	maxRow        = 2000 // below the last tile
	maxTileText   = 5000
)

// Kinds of tiles.
const (
	TileInsight = "insight"
	TileKPI     = "kpi"
	TileText    = "text"
)

// Tile is one part of a dashboard: a saved insight, a KPI or text, in a
// rectangle of the grid.
type Tile struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Insight int64  `json:"insight,omitempty"`
	KPI     string `json:"kpi,omitempty"`
	Stage   string `json:"stage,omitempty"` // of a KPI of stages
	Text    string `json:"text,omitempty"`
	Title   string `json:"title,omitempty"`
	Form    string `json:"form,omitempty"` // how a trend is drawn: lines, bars or number; none: as it fits
	X       int    `json:"x"`
	Y       int    `json:"y"`
	W       int    `json:"w"`
	H       int    `json:"h"`
}

// Dashboard is tiles under a name. It is seen by who made it, by owners and
// admins, and by the roles that it is shared with.
type Dashboard struct {
	ID                int64
	Name, Description string
	SharedWith        []string
	Tiles             []Tile
	Range             *query.Range // instead of that of each insight; nil: their own
	BuiltIn           string
	Created, Updated  core.Micros
	By                string
}

// DashboardChange changes the parts that are not nil. An empty Range takes it
// away.
type DashboardChange struct {
	Name, Description *string
	SharedWith        *[]string
	Tiles             *[]Tile
	Range             *query.Range
}

// Viewer is who looks, or designs: a role and the label of the user or key.
type Viewer struct{ Role, Label string }

// roles are those that a dashboard can be shared with: the ones of access.
func roles() []string {
	return []string{"owner", "admin", "marketer", "analyst", "support", "developer"}
}

// sees says whether a viewer may know of a dashboard.
func (v Viewer) sees(d *Dashboard) bool {
	return v.Role == "owner" || v.Role == "admin" || v.Label != "" && v.Label == d.By || slices.Contains(d.SharedWith, v.Role)
}

func (d *Dashboard) apply(c *DashboardChange) {
	if c.Name != nil {
		d.Name = *c.Name
	}
	if c.Description != nil {
		d.Description = *c.Description
	}
	if c.SharedWith != nil {
		d.SharedWith = *c.SharedWith
	}
	if c.Tiles != nil {
		d.Tiles = *c.Tiles
	}
	if c.Range != nil {
		d.Range = c.Range
	}
	if d.Range != nil && *d.Range == (query.Range{}) {
		d.Range = nil
	}
}

// check says what is wrong with a dashboard, naming the field, and names tiles
// that have no id. Whether insights exist is not looked at.
func (s *Service) checkDashboard(d *Dashboard) error {
	if err := checkNames(d.Name, d.Description); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, role := range d.SharedWith {
		if !slices.Contains(roles(), role) || seen[role] {
			return errs.Field(fmt.Sprintf("shared_with[%d]", i), "bad_role", "must be one of %v, each once", roles())
		}
		seen[role] = true
	}
	if d.Range != nil {
		if err := checkRange(*d.Range); err != nil {
			return err
		}
	}
	if len(d.Tiles) > maxTiles {
		return errs.Field("tiles", "too_many", "a dashboard has at most %d tiles", maxTiles)
	}
	d.Tiles = slices.Clone(d.Tiles)
	nameTiles(d.Tiles)
	ids := map[string]bool{}
	for i := range d.Tiles {
		if err := s.checkTile(fmt.Sprintf("tiles[%d]", i), &d.Tiles[i]); err != nil {
			return err
		}
		if ids[d.Tiles[i].ID] {
			return errs.Field(fmt.Sprintf("tiles[%d].id", i), "duplicate_id", "two tiles have the same id")
		}
		ids[d.Tiles[i].ID] = true
		for j := range i {
			if overlap(&d.Tiles[i], &d.Tiles[j]) {
				return errs.Field(fmt.Sprintf("tiles[%d]", i), "overlap", "the tile lies upon tile %d", j)
			}
		}
	}
	return nil
}

// nameTiles gives an id to those that have none.
func nameTiles(tiles []Tile) {
	taken := map[string]bool{}
	for i := range tiles {
		taken[tiles[i].ID] = true
	}
	n := 0
	for i := range tiles {
		for tiles[i].ID == "" {
			n++
			if id := "t" + strconv.Itoa(n); !taken[id] {
				tiles[i].ID = id
			}
		}
	}
}

// checkRange asks the engine, whose word it is.
func checkRange(r query.Range) error {
	probe := query.Spec{Kind: query.KindStickiness, Range: r, Stickiness: &query.Stickiness{Event: query.Event{Kind: "any"}, Interval: query.Day}}
	return probe.Check()
}

func overlap(a, b *Tile) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func (s *Service) checkTile(field string, t *Tile) error {
	switch {
	case utf8.RuneCountInString(t.ID) > 64:
		return errs.Field(field+".id", "too_long", "a tile's id is at most 64 characters")
	case t.W < 1 || t.W > Columns:
		return errs.Field(field+".w", "bad_size", "a tile is 1 to %d columns wide", Columns)
	case t.H < 1 || t.H > maxRow:
		return errs.Field(field+".h", "bad_size", "a tile is 1 to %d rows high", maxRow)
	case t.X < 0 || t.X > Columns-t.W:
		return errs.Field(field+".x", "outside", "the tile lies outside of the %d columns", Columns)
	case t.Y < 0 || t.Y > maxRow-t.H:
		return errs.Field(field+".y", "outside", "the tile lies outside of the %d rows", maxRow)
	}
	if err := checkText(field+".id", t.ID, true, 64); err != nil {
		return err
	}
	if err := checkText(field+".title", t.Title, false, maxName); err != nil {
		return err
	}
	if err := checkText(field+".text", t.Text, t.Kind == TileText, maxTileText); err != nil {
		return err
	}
	if err := s.checkContent(field, t); err != nil {
		return err
	}
	return nil
}

// checkContent wants what the kind shows, and nothing that another one does.
func (s *Service) checkContent(field string, t *Tile) error {
	switch {
	case t.Kind != TileInsight && t.Kind != TileKPI && t.Kind != TileText:
		return errs.Field(field+".kind", "bad_kind", "a tile is an insight, a kpi or text")
	case t.Kind == TileInsight && t.Insight < 1:
		return errs.Field(field+".insight", "missing_insight", "the tile names no insight")
	case t.Kind != TileInsight && t.Insight != 0:
		return errs.Field(field+".insight", "not_shown", "a tile of this kind shows no insight")
	case t.Kind != TileInsight && t.Form != "":
		return errs.Field(field+".form", "not_shown", "a tile of this kind is drawn in one way only")
	case !slices.Contains([]string{"", "lines", "bars", "number"}, t.Form):
		return errs.Field(field+".form", "bad_form", "must be lines, bars or number")
	case t.Kind != TileKPI && t.KPI != "":
		return errs.Field(field+".kpi", "not_shown", "a tile of this kind shows no KPI")
	case t.Kind != TileKPI && t.Stage != "":
		return errs.Field(field+".stage", "not_shown", "a tile of this kind has no stage")
	case t.Kind != TileText && t.Text != "":
		return errs.Field(field+".text", "not_shown", "a tile of this kind has no text: use title")
	case t.Kind == TileKPI:
		return s.checkKPI(field, t.KPI, t.Stage)
	}
	return nil
}

// checkKPI wants a KPI that can be shown for the whole base, or for a stage.
func (s *Service) checkKPI(field, key, stage string) error {
	d := s.catalogue.byKey[key]
	switch {
	case d == nil || d.Scope == ScopeCustomer:
		return errs.Field(field+".kpi", "unknown_kpi", "there is no such KPI of the base or of a stage")
	case d.Scope == ScopeStage && stage == "":
		return errs.Field(field+".stage", "missing_stage", "this KPI is one of a stage: name the stage")
	case d.Scope == ScopeAll && stage != "":
		return errs.Field(field+".stage", "not_shown", "this KPI is one of the whole base: it has no stage")
	}
	return checkText(field+".stage", stage, false, 64)
}
