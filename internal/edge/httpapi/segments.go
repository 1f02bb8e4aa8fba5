package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/segment"
)

type segmentShape struct {
	ID          int64      `json:"id"`
	Key         string     `json:"key" doc:"The name by which conditions name it; it stays"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Kind        string     `json:"kind" enum:"dynamic,static"`
	Version     int64      `json:"version"`
	When        condition  `json:"when"`
	Sentence    string     `json:"sentence" doc:"The condition in words"`
	Size        int64      `json:"size" doc:"Members now"`
	Share       *float64   `json:"share" doc:"Of all customers; null when there are none"`
	Building    bool       `json:"building" doc:"A newer version is being computed over history"`
	Filling     bool       `json:"filling" doc:"Customers are still being put on its list"`
	By          string     `json:"by"`
	CreatedAt   *jtime     `json:"created_at"`
	UpdatedAt   *jtime     `json:"updated_at"`
	UsedBy      []useShape `json:"used_by" doc:"What rests on this segment directly; not in lists"`
}

type useShape struct {
	Kind string `json:"kind" enum:"segment,insight,webhook"`
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// SegmentPath is the path of one segment.
type SegmentPath struct {
	ID int64 `path:"id" minimum:"1"`
}

type segmentIn struct {
	Key         string    `json:"key,omitempty" maxLength:"64" doc:"Made from the name when left out"`
	Name        string    `json:"name" maxLength:"200"`
	Description string    `json:"description,omitempty" maxLength:"4000"`
	Kind        string    `json:"kind,omitempty" enum:"dynamic,static" doc:"Default dynamic"`
	When        condition `json:"when,omitempty" doc:"Of a dynamic segment"`
}

type segmentPatch struct {
	Name        *string   `json:"name,omitempty" maxLength:"200"`
	Description *string   `json:"description,omitempty" maxLength:"4000"`
	When        condition `json:"when,omitempty" doc:"Makes a new version, which serves once computed over history"`
	Emit        bool      `json:"emit,omitempty" doc:"Those who enter and leave by the new condition are told to webhooks"`
}

func segmentOut(p *access.Principal, g *segment.Segment, size, population int64) segmentShape {
	raw, _ := json.Marshal(g.When) //nolint:errcheck // a checked node encodes
	out := segmentShape{ID: g.ID, Key: g.Key, Name: g.Name, Description: g.Description, Kind: g.Kind, Version: g.Version, When: condition{raw},
		Sentence: expr.Sentence(g.When, p.Locale), Size: size, Building: g.Building, Filling: g.Filling, By: g.By, CreatedAt: when(g.CreatedAt), UpdatedAt: when(g.UpdatedAt), UsedBy: []useShape{}}
	if population > 0 {
		share := float64(size) / float64(population)
		out.Share = &share
	}
	return out
}

// readCondition reads a condition of a body; nil when it was left out.
func readCondition(c condition) (*expr.Node, error) {
	if len(c.RawMessage) == 0 || string(c.RawMessage) == "null" {
		return nil, nil
	}
	return parseAt("when", c.RawMessage)
}

// parseAt reads the condition of a member of a body, naming the place of what is
// wrong with it.
func parseAt(member string, raw []byte) (*expr.Node, error) {
	n, err := expr.Parse(raw)
	var at *expr.Error
	if errors.As(err, &at) {
		return nil, errs.Field(member+strings.TrimPrefix(at.Path, "$"), "bad_condition", "%v", at.What)
	}
	return n, err
}

func (a *API) segments() {
	const tag = "segments"
	handle(a, route{method: "GET", path: "/segments", summary: "List segments with their size", perm: access.ReadData, tag: tag}, a.listSegments)
	handle(a, route{method: "POST", path: "/segments", summary: "Make a segment; it is computed over history", perm: access.Design, audit: "segment.create", status: http.StatusCreated, tag: tag}, a.createSegment)
	handle(a, route{method: "POST", path: "/segments/preview", summary: "What a condition would give, before it is saved", perm: access.ReadData, tag: tag}, a.previewSegment)
	handle(a, route{method: "GET", path: "/segments/overlap", summary: "How many customers are in each combination of 2 to 6 segments", perm: access.ReadData, tag: tag}, a.overlap)
	handle(a, route{method: "GET", path: "/segments/ready", summary: "Ready-made segments", perm: access.ReadData, tag: tag}, a.readySegments)
	handle(a, route{method: "GET", path: "/segments/rfm", summary: "The grid of recency and frequency with its cut points", perm: access.ReadData, tag: tag}, a.readRFM)
	handle(a, route{method: "POST", path: "/segments/rfm", summary: "Take the cut points of recency, frequency and money anew", perm: access.Design, audit: "rfm.take", tag: tag}, a.takeRFM)
	handle(a, route{method: "GET", path: "/segments/{id}", summary: "Read a segment", perm: access.ReadData, tag: tag}, a.getSegment)
	handle(a, route{method: "PATCH", path: "/segments/{id}", summary: "Change a segment", perm: access.Design, audit: "segment.update", tag: tag}, a.updateSegment)
	handle(a, route{method: "DELETE", path: "/segments/{id}", summary: "Delete a segment", perm: access.Design, audit: "segment.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *SegmentPath) (*None, error) {
			return nil, a.Segments.Delete(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "GET", path: "/segments/{id}/versions", summary: "Versions of a segment, newest first", perm: access.ReadData, tag: tag}, a.segmentVersions)
	handle(a, route{method: "GET", path: "/segments/{id}/history", summary: "Size of a segment over time, with who entered and left", perm: access.ReadData, tag: tag}, a.segmentHistory)
	handle(a, route{method: "GET", path: "/segments/{id}/composition", summary: "Members by a trait or stage, beside all customers", perm: access.ReadData, tag: tag}, a.composition)
	handle(a, route{method: "GET", path: "/segments/{id}/explain", summary: "Why a customer is in a segment, or is not", perm: access.ReadCustomers, tag: tag}, a.explainSegment)
	handle(a, route{method: "GET", path: "/customers/{id}/segments", summary: "Which segments a customer is in and was in, since when and why", perm: access.ReadCustomers, tag: tag}, a.segmentsOf)
	a.segmentMembers()
	a.cohort()
	a.personas()
}

// population counts all customers.
func (a *API) population(ctx context.Context, p *access.Principal) (int64, error) {
	list, err := a.Customers.Everybody(ctx, p.Workspace)
	return int64(len(list)), err
}

func (a *API) listSegments(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
	Segments   []segmentShape `json:"segments"`
	Population int64          `json:"population" doc:"All customers"`
}], error) {
	var out struct {
		Segments   []segmentShape `json:"segments"`
		Population int64          `json:"population" doc:"All customers"`
	}
	sizes, err := a.Segments.Sizes(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	if out.Population, err = a.population(ctx, p); err != nil {
		return nil, err
	}
	out.Segments = []segmentShape{}
	for _, g := range a.Segments.Segments(p.Workspace) {
		out.Segments = append(out.Segments, segmentOut(p, &g, sizes[g.ID], out.Population))
	}
	return body(out)
}

// oneSegment answers with a segment.
func (a *API) oneSegment(ctx context.Context, p *access.Principal, g *segment.Segment) (*Body[segmentShape], error) {
	sizes, err := a.Segments.Sizes(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	population, err := a.population(ctx, p)
	if err != nil {
		return nil, err
	}
	out := segmentOut(p, g, sizes[g.ID], population)
	uses, err := a.Segments.UsedBy(ctx, p.Workspace, *g)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		out.UsedBy = append(out.UsedBy, useShape{u.Kind, u.ID, u.Name})
	}
	return body(out)
}

func (a *API) getSegment(ctx context.Context, p *access.Principal, in *SegmentPath) (*Body[segmentShape], error) {
	g, err := a.Segments.Get(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	return a.oneSegment(ctx, p, &g)
}

func (a *API) createSegment(ctx context.Context, p *access.Principal, in *struct{ Body segmentIn }) (*Body[segmentShape], error) {
	n, err := readCondition(in.Body.When)
	if err != nil {
		return nil, err
	}
	g, err := a.Segments.Create(ctx, p.Workspace, segment.Definition{Key: in.Body.Key, Name: in.Body.Name, Description: in.Body.Description, Kind: in.Body.Kind, When: n}, p.Label())
	if err != nil {
		return nil, err
	}
	note(ctx, g.ID, "name", &g.Name)
	return a.oneSegment(ctx, p, &g)
}

func (a *API) updateSegment(ctx context.Context, p *access.Principal, in *struct {
	SegmentPath
	Body segmentPatch
}) (*Body[segmentShape], error) {
	n, err := readCondition(in.Body.When)
	if err != nil {
		return nil, err
	}
	g, err := a.Segments.Update(ctx, p.Workspace, in.ID, segment.Change{Name: in.Body.Name, Description: in.Body.Description, When: n, Emit: in.Body.Emit}, p.Label())
	if err != nil {
		return nil, err
	}
	return a.oneSegment(ctx, p, &g)
}

type segmentPreview struct {
	Size        int64            `json:"size"`
	Population  int64            `json:"population"`
	Share       *float64         `json:"share"`
	Sentence    string           `json:"sentence"`
	Sample      []CustomerRow    `json:"sample" doc:"Some of them; empty without the permission to read customers"`
	Enters      *int64           `json:"enters" doc:"Against the segment being edited; null for a new one"`
	Leaves      *int64           `json:"leaves"`
	EnterSample []CustomerRow    `json:"enter_sample"`
	LeaveSample []CustomerRow    `json:"leave_sample"`
	Warnings    []segmentWarning `json:"warnings"`
	Rests       []string         `json:"rests_on" doc:"Keys of the segments that the condition names, through others too"`
	TookMS      float64          `json:"took_ms"`
}

type segmentWarning struct {
	Code string `json:"code" enum:"matches_nobody,matches_all,never_leaves,unknown_event,unknown_trait,unknown_property,type_mismatch"`
	Name string `json:"name,omitempty"`
}

func (a *API) previewSegment(ctx context.Context, p *access.Principal, in *struct {
	Body struct {
		When    condition `json:"when"`
		Segment int64     `json:"segment,omitempty" minimum:"0" doc:"The segment being edited"`
	}
}) (*Body[segmentPreview], error) {
	n, err := readCondition(in.Body.When)
	if err != nil {
		return nil, err
	}
	r, err := a.Segments.Preview(ctx, p.Workspace, in.Body.Segment, n)
	if err != nil {
		return nil, err
	}
	out := segmentPreview{Size: r.Size, Population: r.Population, Sentence: expr.Sentence(n, p.Locale), Warnings: []segmentWarning{}, Rests: r.Rests, TookMS: float64(r.Took.Microseconds()) / 1000}
	if r.Population > 0 {
		share := float64(r.Size) / float64(r.Population)
		out.Share = &share
	}
	if out.Rests == nil {
		out.Rests = []string{}
	}
	if in.Body.Segment != 0 {
		out.Enters, out.Leaves = &r.Enters, &r.Leaves
	}
	for _, w := range r.Warnings {
		out.Warnings = append(out.Warnings, segmentWarning{w.Code, w.Name})
	}
	for _, s := range []struct {
		ids []core.CustomerID
		to  *[]CustomerRow
	}{{r.Sample, &out.Sample}, {r.EnterSample, &out.EnterSample}, {r.LeaveSample, &out.LeaveSample}} {
		if *s.to, err = a.rows(ctx, p, s.ids); err != nil {
			return nil, err
		}
	}
	return body(out)
}

// rows gives the rows of some customers to those who may read them.
func (a *API) rows(ctx context.Context, p *access.Principal, ids []core.CustomerID) ([]CustomerRow, error) {
	out := []CustomerRow{}
	if !p.Role.Can(access.ReadCustomers) {
		return out, nil
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		c, err := a.Customers.Get(ctx, p.Workspace, id)
		if errs.KindOf(err) == errs.NotFound {
			continue // erased meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, a.row(c, w.Currency))
	}
	return out, nil
}

type overlapShape struct {
	Segments  []int64 `json:"segments"`
	Customers int64   `json:"customers" doc:"In exactly these, of those compared"`
}

func (a *API) overlap(ctx context.Context, p *access.Principal, in *struct {
	Segments []int64 `query:"segments" doc:"Numbers of 2 to 6 segments, with commas between"`
}) (*Body[struct {
	Overlaps []overlapShape `json:"overlaps"`
}], error) {
	list, err := a.Segments.Overlaps(ctx, p.Workspace, in.Segments)
	if err != nil {
		return nil, err
	}
	var out struct {
		Overlaps []overlapShape `json:"overlaps"`
	}
	out.Overlaps = []overlapShape{}
	for _, o := range list {
		out.Overlaps = append(out.Overlaps, overlapShape{o.Segments, o.Customers})
	}
	return body(out)
}

type segmentVersion struct {
	Version   int64      `json:"version"`
	Status    string     `json:"status" doc:"building, live or retired"`
	When      *condition `json:"when" doc:"Null for a static segment"`
	Sentence  string     `json:"sentence"`
	By        string     `json:"by" doc:"\"recomputed\": something that the condition names had changed"`
	CreatedAt *jtime     `json:"created_at"`
}

func (a *API) segmentVersions(ctx context.Context, p *access.Principal, in *SegmentPath) (*Body[struct {
	Versions []segmentVersion `json:"versions"`
}], error) {
	if _, err := a.Segments.Get(p.Workspace, in.ID); err != nil {
		return nil, err
	}
	list, err := a.Segments.Versions(ctx, p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	var out struct {
		Versions []segmentVersion `json:"versions"`
	}
	for _, v := range list {
		s := segmentVersion{Version: v.Version, Status: v.Status, By: v.By, CreatedAt: when(v.CreatedAt)}
		if v.When != nil {
			raw, err := json.Marshal(v.When)
			if err != nil {
				return nil, err
			}
			s.When, s.Sentence = &condition{raw}, expr.Sentence(v.When, p.Locale)
		}
		out.Versions = append(out.Versions, s)
	}
	return body(out)
}

type segmentSize struct {
	Start   *jtime `json:"start"`
	End     *jtime `json:"end"`
	Size    int64  `json:"size" doc:"At the end of the period, or now"`
	Entered int64  `json:"entered"`
	Left    int64  `json:"left"`
}

func (a *API) segmentHistory(ctx context.Context, p *access.Principal, in *struct {
	SegmentPath
	From     time.Time `query:"from" doc:"Default 90 days ago"`
	To       time.Time `query:"to" doc:"Default now"`
	Interval string    `query:"interval" enum:"day,week,month" default:"day"`
}) (*Body[struct {
	Periods []segmentSize `json:"periods"`
}], error) {
	g, err := a.Segments.Get(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	now := core.FromTime(a.Clock.Now())
	from, to := micros(in.From), micros(in.To)
	if to == 0 {
		to = now
	}
	if from == 0 {
		from = to - 90*core.Day
	}
	unit := map[string]expr.Unit{"day": expr.Days, "week": expr.Weeks, "month": expr.Months}[in.Interval]
	list, err := a.Segments.History(ctx, p.Workspace, g, from, to, unit)
	if err != nil {
		return nil, err
	}
	var out struct {
		Periods []segmentSize `json:"periods"`
	}
	out.Periods = []segmentSize{}
	for _, z := range list {
		out.Periods = append(out.Periods, segmentSize{when(z.Start), when(z.End), z.Size, z.Entered, z.Left})
	}
	return body(out)
}

type groupShape struct {
	Value      string `json:"value"`
	Missing    bool   `json:"missing,omitempty" doc:"Without the trait or stage"`
	Rest       bool   `json:"rest,omitempty" doc:"All values beyond those shown"`
	Members    int64  `json:"members"`
	Population int64  `json:"population" doc:"Of all customers, members included"`
}

func (a *API) composition(ctx context.Context, p *access.Principal, in *struct {
	SegmentPath
	By   string `query:"by" enum:"trait,stage" default:"stage"`
	Name string `query:"name" maxLength:"255" doc:"Trait, or key of a stage model; empty: the default model"`
}) (*Body[struct {
	Groups []groupShape `json:"groups"`
}], error) {
	g, err := a.Segments.Get(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	if in.By == "trait" && in.Name == "" {
		return nil, errs.Field("name", "missing_name", "name the trait")
	}
	list, err := a.Segments.Composition(ctx, p.Workspace, g, in.By, in.Name)
	if err != nil {
		return nil, err
	}
	var out struct {
		Groups []groupShape `json:"groups"`
	}
	out.Groups = []groupShape{}
	for _, x := range list {
		out.Groups = append(out.Groups, groupShape{x.Value, x.Missing, x.Rest, x.Members, x.Population})
	}
	return body(out)
}
