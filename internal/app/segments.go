package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/ciclo/ciclo/internal/connect/hook"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// people tells the segment room of customers.
type people struct {
	*customer.Service
	stages *lifecycle.Service
}

func (p people) Traits(ctx context.Context, ws core.WorkspaceID, fn func(c core.CustomerID, traits []byte)) error {
	return p.EachTraits(ctx, ws, fn)
}

func (p people) Living(ctx context.Context, ws core.WorkspaceID, list []core.CustomerID) ([]core.CustomerID, error) {
	var out []core.CustomerID
	for _, id := range list {
		switch c, err := p.Get(ctx, ws, id); {
		case err == nil:
			out = append(out, c.ID)
		case errs.KindOf(err) != errs.NotFound:
			return nil, err
		}
	}
	return out, nil
}

func (p people) Stages(ctx context.Context, ws core.WorkspaceID, model string) (map[core.CustomerID]string, error) {
	m, ok := p.stages.ByKey(ws, model)
	if !ok {
		return map[core.CustomerID]string{}, nil
	}
	return p.stages.NowAll(ctx, ws, m)
}

// signals writes what Ciclo itself has to say into timelines.
type signals struct{ *pipeline.Pipeline }

func (s signals) Signal(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error)) error {
	return s.Pipeline.Signal(ctx, ws, func(tx *db.Tx, ses pipeline.Session) ([]core.Event, error) {
		x, ok := ses.(*customer.Session)
		if !ok {
			return nil, errors.New("identity session is of another kind")
		}
		return fn(tx, func(c core.CustomerID) (core.ActorID, error) { return x.Anchor(ctx, c) })
	})
}

// segments is the reactor of the segment room.
type segments struct{ *segment.Service }

func (s segments) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	out := segment.Batch{Now: b.Now}
	for _, sig := range b.Signals {
		if m, ok := sig.(core.SegmentMoved); ok {
			out.Moves = append(out.Moves, m)
		}
	}
	for c, what := range b.Reset {
		if what.Machine == 0 {
			out.Reset = append(out.Reset, c)
		} else { // a backfilled machine has no stays to replace
			out.Built = what.Machine
		}
	}
	for c, into := range b.Absorbed {
		if into != 0 {
			out.Gone = append(out.Gone, c)
		}
	}
	history := map[core.CustomerID]bool{}
	for i := range b.Events {
		e := &b.Events[i]
		old := e.Flags&(core.FlagImported|core.FlagHistoric) != 0
		if was, known := history[e.Customer]; !known || was {
			history[e.Customer] = old
		}
	}
	out.Quiet = func(c core.CustomerID) bool { return history[c] }
	return s.Record(ctx, tx, b.Workspace, &out)
}

// tellSegments tells webhooks who entered and left segments.
func (a *App) tellSegments(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, moves []segment.Move) error {
	news := make([]hook.News, len(moves))
	for i, m := range moves {
		by := map[string]any{"timer": m.ByTimer}
		if !m.ByTimer {
			by["event_id"], by["event"] = m.EventID, m.EventName
		}
		news[i] = hook.News{Event: hook.SegmentLeft, At: m.At, Segment: m.Segment.ID, Customer: m.Customer,
			Data: map[string]any{"segment": map[string]any{"id": m.Segment.ID, "key": m.Segment.Key, "name": m.Segment.Name}, "by": by}}
		if m.In {
			news[i].Event = hook.SegmentEntered
		}
	}
	return a.Hooks.Tell(ctx, tx, ws, news)
}

// usesOf lists the saved insights and webhooks that rest on a segment.
func (a *App) usesOf(ctx context.Context, ws core.WorkspaceID, g segment.Segment) ([]segment.Use, error) {
	var out []segment.Use
	saved, err := a.Insight.Insights(ctx, ws)
	if err != nil {
		return nil, err
	}
	for i := range saved {
		if slices.Contains(saved[i].Spec.Segments(), g.Key) {
			out = append(out, segment.Use{Kind: "insight", ID: saved[i].ID, Name: saved[i].Name})
		}
	}
	hooks, err := a.Hooks.List(ctx, ws)
	if err != nil {
		return nil, err
	}
	for i := range hooks {
		if slices.Contains(hooks[i].Segments, g.ID) {
			out = append(out, segment.Use{Kind: "webhook", ID: hooks[i].ID, Name: hooks[i].Name})
		}
	}
	return out, nil
}

// Notify tells webhooks of an alert or digest, in the transaction that makes it so.
func (a *App) Notify(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, event string, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	n := hook.News{Event: event, At: core.FromTime(a.Clock.Now())}
	if err := json.Unmarshal(raw, &n.Data); err != nil {
		return err
	}
	switch notice := payload.(type) {
	case insight.Notice:
		n.Only = notice.Webhook
	case insight.DigestNotice:
		n.Only = notice.Webhook
	}
	return a.Hooks.Tell(ctx, tx, ws, []hook.News{n})
}

// describe says who a customer is, for messages to other programs.
func (a *App) describe(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) (map[string]any, error) {
	who, err := a.Customers.Get(ctx, ws, c)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": who.ID, "user_id": who.UserID, "email": who.Email, "name": who.Name}, nil
}
