package httpapi

import (
	"context"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

type evidenceEvent struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	Kind string    `json:"kind"`
	Time time.Time `json:"time"`
}

type evidence struct {
	Cause     string         `json:"cause" enum:"event,timer"`
	Event     *evidenceEvent `json:"event" doc:"The event behind the move; null for a timer"`
	At        time.Time      `json:"at"`
	Condition condition      `json:"condition"`
	Sentence  string         `json:"sentence" doc:"The condition in words"`
	Version   int64          `json:"version" doc:"Version of the stage model"`
}

type pastStage struct {
	N         int64     `json:"n"`
	Stage     string    `json:"stage"`
	Label     string    `json:"label"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	At        time.Time `json:"at"`
	Left      *jtime    `json:"left" doc:"Null: still there"`
	Cause     string    `json:"cause" enum:"event,timer"`
	EventID   string    `json:"event_id"`
	EventName string    `json:"event_name"`
	Sentence  string    `json:"sentence"`
}

type standing struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	OffPath  bool   `json:"off_path"`
	Holds    bool   `json:"holds"`
	Sentence string `json:"sentence"`
}

type stageOut struct {
	Model     int64       `json:"model"`
	ModelName string      `json:"model_name"`
	Version   int64       `json:"version"`
	Stage     string      `json:"stage" doc:"Empty: in no stage"`
	Label     string      `json:"label"`
	Since     *jtime      `json:"since"`
	Evidence  *evidence   `json:"evidence"`
	History   []pastStage `json:"history" doc:"Newest first"`
	Stages    []standing  `json:"stages" doc:"Which conditions hold now: the last that does is the stage"`
	Next      struct {
		At *jtime `json:"at" doc:"Earliest instant at which time alone may change something"`
	} `json:"next"`
}

func (a *API) stage(ctx context.Context, p *access.Principal, in *struct {
	CustomerPath
	Model int64 `query:"model" doc:"Default: the default stage model"`
}) (*Body[stageOut], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	m, err := a.Lifecycle.Model(p.Workspace, in.Model)
	if err != nil {
		return nil, err
	}
	history, err := a.Lifecycle.History(ctx, p.Workspace, m, c.ID)
	if err != nil {
		return nil, err
	}
	now, err := a.Lifecycle.Explain(ctx, p.Workspace, m, c.ID)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*lifecycle.Stage{}
	for i := range m.Stages {
		byKey[m.Stages[i].Key] = &m.Stages[i]
	}
	out := stageOut{Model: m.ID, ModelName: m.Name, Version: m.Version, History: []pastStage{}, Stages: []standing{}}
	for _, h := range history {
		past := pastStage{N: h.N, Stage: h.Stage, From: h.From, To: h.To, At: toTime(h.Entered), Left: when(h.Left), Cause: cause(h.ByTimer), EventID: h.EventID, EventName: h.EventName}
		if s := byKey[h.Stage]; s != nil {
			past.Label, past.Sentence = s.Label, expr.Sentence(&s.When, p.Locale)
		}
		out.History = append(out.History, past)
	}
	if len(history) > 0 && history[0].Left == lifecycle.Forever {
		h := history[0]
		out.Stage, out.Since = h.Stage, when(h.Entered)
		ev := &evidence{Cause: cause(h.ByTimer), At: toTime(h.Entered), Version: m.Version}
		if s := byKey[h.Stage]; s != nil {
			out.Label = s.Label
			shaped := stagesOut([]lifecycle.Stage{*s}, p.Locale)[0]
			ev.Condition, ev.Sentence = shaped.When, shaped.Sentence
		}
		if !h.ByTimer {
			ev.Event = &evidenceEvent{h.EventID, h.EventName, h.EventKind.String(), toTime(h.EventAt)}
		}
		out.Evidence = ev
	}
	for i := range m.Stages {
		s := &m.Stages[i]
		out.Stages = append(out.Stages, standing{s.Key, s.Label, s.OffPath, now.Holds[i], expr.Sentence(&s.When, p.Locale)})
	}
	out.Next.At = when(now.Next)
	return body(out)
}

func cause(timer bool) string {
	if timer {
		return "timer"
	}
	return "event"
}
