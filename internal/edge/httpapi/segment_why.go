package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/segment"
	"github.com/danielgtaylor/huma/v2"
)

type segmentStay struct {
	N         int64   `json:"n"`
	EnteredAt *jtime  `json:"entered_at"`
	LeftAt    *jtime  `json:"left_at" doc:"Null: still in it"`
	EnteredBy *moveBy `json:"entered_by"`
	LeftBy    *moveBy `json:"left_by" doc:"Null: still in it"`
}

// moveBy is what made somebody enter or leave.
type moveBy struct {
	Timer   bool   `json:"timer" doc:"The passing of time, and no event"`
	EventID string `json:"event_id,omitempty"`
	Event   string `json:"event,omitempty"`
	Kind    string `json:"kind,omitempty"`
	At      *jtime `json:"at,omitempty"`
}

func stayOut(st *segment.Stay) segmentStay {
	out := segmentStay{N: st.N, EnteredAt: when(st.Entered), LeftAt: when(st.Left), EnteredBy: &moveBy{Timer: st.ByTimer}}
	if !st.ByTimer {
		*out.EnteredBy = moveBy{false, st.EventID, st.EventName, st.EventKind.String(), when(st.EventAt)}
	}
	if st.Left != segment.Forever {
		out.LeftBy = &moveBy{Timer: st.LeftByTimer}
		if !st.LeftByTimer {
			*out.LeftBy = moveBy{EventID: st.LeftEventID, Event: st.LeftEventName, At: when(st.LeftEventAt)}
		}
	}
	return out
}

// reasonTree is a condition with its parts; it nests, so it is described loosely.
type reasonTree struct{ json.RawMessage }

// Schema describes the outer form.
func (reasonTree) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true,
		Description: "`sentence`, `when`, `holds`, `value` (what was compared; absent when there is nothing) and `parts`, each of the same form."}
}

type reasonNode struct {
	Sentence string        `json:"sentence"`
	When     *expr.Node    `json:"when"`
	Holds    bool          `json:"holds"`
	Value    *string       `json:"value,omitempty"`
	Parts    []*reasonNode `json:"parts,omitempty"`
}

func reasonOut(r *segment.Reason, lang string) *reasonNode {
	out := &reasonNode{Sentence: expr.Sentence(r.When, lang), When: r.When, Holds: r.Holds}
	if r.HasValue {
		out.Value = &r.Value
	}
	for _, p := range r.Parts {
		out.Parts = append(out.Parts, reasonOut(p, lang))
	}
	return out
}

func (a *API) explainSegment(ctx context.Context, p *access.Principal, in *struct {
	SegmentPath
	Customer int64     `query:"customer" minimum:"1" required:"true"`
	At       time.Time `query:"at" doc:"A past instant; default now"`
}) (*Body[struct {
	Customer int64        `json:"customer"`
	Member   bool         `json:"member"`
	At       *jtime       `json:"at"`
	Stay     *segmentStay `json:"stay" doc:"The stay that runs, or the last one; null when there was none, or of a past instant"`
	Next     *jtime       `json:"next" doc:"When time alone may change the answer next; null: never"`
	Why      reasonTree   `json:"why"`
}], error) {
	g, err := a.Segments.Get(p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.Customer))
	if err != nil {
		return nil, err
	}
	e, err := a.Segments.Explain(ctx, p.Workspace, g, c.ID, micros(in.At))
	if err != nil {
		return nil, err
	}
	var out struct {
		Customer int64        `json:"customer"`
		Member   bool         `json:"member"`
		At       *jtime       `json:"at"`
		Stay     *segmentStay `json:"stay" doc:"The stay that runs, or the last one; null when there was none, or of a past instant"`
		Next     *jtime       `json:"next" doc:"When time alone may change the answer next; null: never"`
		Why      reasonTree   `json:"why"`
	}
	out.Customer, out.Member, out.At, out.Next = int64(c.ID), e.Member, when(e.At), when(e.Next)
	if e.Stay != nil {
		st := stayOut(e.Stay)
		out.Stay = &st
	}
	if out.Why.RawMessage, err = json.Marshal(reasonOut(e.Why, p.Locale)); err != nil {
		return nil, err
	}
	return body(out)
}

type customerSegment struct {
	ID     int64         `json:"id"`
	Key    string        `json:"key"`
	Name   string        `json:"name"`
	Member bool          `json:"member"`
	Stays  []segmentStay `json:"stays" doc:"Newest first"`
}

func (a *API) segmentsOf(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[struct {
	Segments []customerSegment `json:"segments"`
}], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	stays, err := a.Segments.Of(ctx, p.Workspace, c.ID)
	if err != nil {
		return nil, err
	}
	var out struct {
		Segments []customerSegment `json:"segments"`
	}
	out.Segments = []customerSegment{}
	for _, g := range a.Segments.Segments(p.Workspace) {
		s := customerSegment{ID: g.ID, Key: g.Key, Name: g.Name, Stays: []segmentStay{}}
		for i := range stays {
			if stays[i].Segment == g.ID {
				s.Stays = append(s.Stays, stayOut(&stays[i]))
				s.Member = s.Member || stays[i].Left == segment.Forever
			}
		}
		if len(s.Stays) > 0 {
			out.Segments = append(out.Segments, s)
		}
	}
	return body(out)
}

type segmentMove struct {
	Segment int64  `json:"segment"`
	Name    string `json:"name"`
	In      bool   `json:"in" doc:"Entered, else left"`
}

// segmentMoves are the entries and exits that events of a customer brought, by
// event.
func (a *API) segmentMoves(ctx context.Context, p *access.Principal, c core.CustomerID) (map[string][]segmentMove, error) {
	stays, err := a.Segments.Of(ctx, p.Workspace, c)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, g := range a.Segments.Segments(p.Workspace) {
		names[g.ID] = g.Name
	}
	out := map[string][]segmentMove{}
	for i := range stays {
		st := &stays[i]
		if !st.ByTimer {
			out[st.EventID] = append(out[st.EventID], segmentMove{st.Segment, names[st.Segment], true})
		}
		if st.Left != segment.Forever && !st.LeftByTimer {
			out[st.LeftEventID] = append(out[st.LeftEventID], segmentMove{st.Segment, names[st.Segment], false})
		}
	}
	return out, nil
}

type rfmShape struct {
	TakenAt   *jtime        `json:"taken_at"`
	By        string        `json:"by"`
	Property  string        `json:"property" doc:"The property of orders that was summed"`
	Days      [4]float64    `json:"days" doc:"The last order is younger than so many days for scores 2, 3, 4, 5"`
	Orders    [4]int64      `json:"orders" doc:"Days with an order from which on the score is 2, 3, 4, 5"`
	Money     [4]float64    `json:"money" doc:"Sum from which on the score is 2, 3, 4, 5"`
	Customers int64         `json:"customers" doc:"With an order, when the points were taken"`
	Cells     [5][5]rfmCell `json:"cells" doc:"By score of recency, then of frequency, from 1"`
	ByMoney   [5]int64      `json:"by_money" doc:"Customers by score of money, from 1"`
}

type rfmCell struct {
	Customers int64   `json:"customers"`
	Money     float64 `json:"money" doc:"Sum of the property"`
}

func rfmOut(r *segment.Run) rfmShape {
	out := rfmShape{TakenAt: when(r.TakenAt), By: r.By, Property: r.Cuts.Property, Days: r.Cuts.Days, Orders: r.Cuts.Orders, Customers: r.Grid.Customers, ByMoney: r.Grid.Money}
	for i, m := range r.Cuts.Money {
		out.Money[i] = float64(m) / 1e6
	}
	for i := range r.Grid.Cells {
		for k, c := range r.Grid.Cells[i] {
			out.Cells[i][k] = rfmCell{c.Customers, float64(c.Money) / 1e6}
		}
	}
	return out
}

type rfmOutBody struct {
	Run *rfmShape `json:"run" doc:"Null: no cut points were taken yet"`
}

func (a *API) readRFM(ctx context.Context, p *access.Principal, _ *None) (*Body[rfmOutBody], error) {
	r, err := a.Segments.LastRun(ctx, p.Workspace)
	if err != nil || r == nil {
		return &Body[rfmOutBody]{}, err
	}
	out := rfmOut(r)
	return body(rfmOutBody{&out})
}

func (a *API) takeRFM(ctx context.Context, p *access.Principal, _ *None) (*Body[rfmOutBody], error) {
	r, err := a.Segments.TakeRun(ctx, p.Workspace, p.Label())
	if err != nil {
		return nil, err
	}
	out := rfmOut(r)
	return body(rfmOutBody{&out})
}

type readySegment struct {
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	When        condition `json:"when"`
	Sentence    string    `json:"sentence"`
	Needs       string    `json:"needs,omitempty" enum:"rfm" doc:"rfm: cut points must be taken first"`
	Made        bool      `json:"made" doc:"A segment of this key exists"`
}

func (a *API) readySegments(_ context.Context, p *access.Principal, _ *None) (*Body[struct {
	Segments []readySegment `json:"segments"`
}], error) {
	list, err := segment.Ready(p.Locale)
	if err != nil {
		return nil, err
	}
	var out struct {
		Segments []readySegment `json:"segments"`
	}
	for _, r := range list {
		raw, err := json.Marshal(r.When)
		if err != nil {
			return nil, err
		}
		_, made := a.Segments.ByKey(p.Workspace, r.Key)
		out.Segments = append(out.Segments, readySegment{r.Key, r.Name, r.Description, condition{raw}, expr.Sentence(r.When, p.Locale), r.Needs, made})
	}
	return body(out)
}
