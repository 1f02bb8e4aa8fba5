package hook

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/kit/httpx"
	"github.com/ciclo/ciclo/internal/kit/secret"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// Kind is the kind of the jobs that deliver.
const Kind = "webhook.deliver"

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Jobs   *jobs.Queue
	Client *httpx.Client
	Secret []byte // the installation's
	// Customer describes a customer for a message; nil when there is none any more.
	Customer func(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) (map[string]any, error)
}

// Service is the webhook room.
type Service struct {
	Deps
	client *httpx.Client
	box    *secret.Box
}

// New makes the service and takes the jobs of its kind.
func New(d Deps) (*Service, error) {
	box, err := secret.NewBox(d.Secret, "webhook secrets v1")
	if err != nil {
		return nil, err
	}
	s := &Service{Deps: d, client: d.Client, box: box}
	d.Jobs.Handle(Kind, s.deliver)
	return s, nil
}

// List gives a workspace's webhooks.
func (s *Service) List(ctx context.Context, ws core.WorkspaceID) (out []Hook, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.read(ctx, tx, ws)
		return err
	})
	return out, err
}

func (s *Service) read(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) ([]Hook, error) {
	out := []Hook{}
	err := tx.Query(ctx, queries.Get("all"), func(row db.Row) error {
		var h Hook
		var events, segments string
		if err := row.Scan(&h.ID, &h.Name, &h.URL, &h.secret, &events, &segments, &h.Enabled, &h.Stopped, &h.By, &h.CreatedAt, &h.UpdatedAt); err != nil {
			return err
		}
		out = append(out, h)
		last := &out[len(out)-1]
		return errors.Join(json.Unmarshal([]byte(events), &last.Events), json.Unmarshal([]byte(segments), &last.Segments))
	}, ws)
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	return out, nil
}

// Get gives one webhook.
func (s *Service) Get(ctx context.Context, ws core.WorkspaceID, id int64) (*Hook, error) {
	all, err := s.List(ctx, ws)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, errs.New(errs.NotFound, "unknown_webhook", "there is no webhook %d", id)
}

// newSecret is a signing secret in the form of the convention.
func newSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}

func place(ws core.WorkspaceID, id int64) string { return fmt.Sprintf("webhook %d %d", ws, id) }

// Create makes a webhook and gives its signing secret, which is shown once.
func (s *Service) Create(ctx context.Context, ws core.WorkspaceID, h Hook, by string) (*Hook, string, error) {
	if err := s.check(&h); err != nil {
		return nil, "", err
	}
	events, segments, err := lists(&h)
	if err != nil {
		return nil, "", err
	}
	key := newSecret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		var count int
		if err := tx.QueryRow(ctx, queries.Get("last"), []any{ws}, &h.ID, &count); err != nil {
			return err
		}
		if count >= MaxHooks {
			return errs.New(errs.Conflict, "too_many_webhooks", "a workspace has at most %d webhooks", MaxHooks)
		}
		h.ID++
		_, err := tx.Exec(ctx, queries.Get("insert"), ws, h.ID, h.Name, h.URL, s.box.Seal(key, place(ws, h.ID)), events, segments, h.Enabled, by, core.FromTime(s.Clock.Now()))
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("make webhook: %w", err)
	}
	out, err := s.Get(ctx, ws, h.ID)
	return out, key, err
}

func lists(h *Hook) (events, segments string, err error) {
	e, err := json.Marshal(append([]string{}, h.Events...))
	if err != nil {
		return "", "", err
	}
	g, err := json.Marshal(append([]int64{}, h.Segments...))
	return string(e), string(g), err
}

// Update changes all but the secret.
func (s *Service) Update(ctx context.Context, ws core.WorkspaceID, id int64, h Hook) (*Hook, error) {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return nil, err
	}
	if err := s.check(&h); err != nil {
		return nil, err
	}
	events, segments, err := lists(&h)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("update"), h.Name, h.URL, events, segments, h.Enabled, core.FromTime(s.Clock.Now()), ws, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update webhook: %w", err)
	}
	return s.Get(ctx, ws, id)
}

// Rotate gives a webhook a new signing secret; the old one no longer signs.
func (s *Service) Rotate(ctx context.Context, ws core.WorkspaceID, id int64) (string, error) {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return "", err
	}
	key := newSecret()
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("secret"), s.box.Seal(key, place(ws, id)), core.FromTime(s.Clock.Now()), ws, id)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("rotate secret: %w", err)
	}
	return key, nil
}

// Delete removes a webhook with its deliveries.
func (s *Service) Delete(ctx context.Context, ws core.WorkspaceID, id int64) error {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("delete"), ws, id); err != nil {
			return err
		}
		return s.Jobs.Drop(ctx, tx, ws, Kind, id)
	})
	if err != nil {
		return fmt.Errorf("delete webhook: %w", err)
	}
	return nil
}

// News is something to tell.
type News struct {
	Event    string
	At       core.Micros
	Segment  int64           // 0: about no segment
	Customer core.CustomerID // 0: about no customer
	Data     map[string]any
	Only     int64 // the one webhook that is meant; 0: all that ask for the event
}

// message is the payload of a job. Customers are described when it is sent, so
// that nothing about them waits in the queue.
type message struct {
	ID       string          `json:"id"`
	Event    string          `json:"event"`
	At       core.Micros     `json:"at"`
	Customer core.CustomerID `json:"customer,omitempty"`
	Data     map[string]any  `json:"data"`
}

// Tell makes the deliveries of news, in the transaction in which they happened.
func (s *Service) Tell(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, news []News) error {
	hooks, err := s.read(ctx, tx, ws)
	if err != nil {
		return err
	}
	var specs []jobs.Spec
	for i := range hooks {
		for _, n := range news {
			if n.Only != 0 && n.Only != hooks[i].ID || !hooks[i].wants(n.Event, n.Segment) {
				continue
			}
			sp, err := spec(hooks[i].ID, n)
			if err != nil {
				return err
			}
			specs = append(specs, sp)
		}
	}
	return s.Jobs.Enqueue(ctx, tx, ws, specs)
}

func spec(hook int64, n News) (jobs.Spec, error) {
	raw := make([]byte, 18)
	_, _ = rand.Read(raw) // never fails
	payload, err := json.Marshal(message{"msg_" + base64.RawURLEncoding.EncodeToString(raw), n.Event, n.At, n.Customer, n.Data})
	return jobs.Spec{Kind: Kind, Ref: hook, Payload: string(payload)}, err
}

// Test sends a ping to a webhook, also one that is switched off.
func (s *Service) Test(ctx context.Context, ws core.WorkspaceID, id int64) error {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return err
	}
	sp, err := spec(id, News{Event: Ping, At: core.FromTime(s.Clock.Now()), Data: map[string]any{"message": "hello"}})
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{sp}) })
}

// Delivery is one message to one webhook.
type Delivery struct {
	ID       int64
	Message  string
	Event    string
	State    string // waiting, done, failed
	Attempts int64
	MadeAt   core.Micros
	NextAt   core.Micros // while it waits
	EndedAt  core.Micros
	Note     string
	Customer core.CustomerID
}

// Deliveries gives the messages to a webhook, newest first, before the number
// given (0: all).
func (s *Service) Deliveries(ctx context.Context, ws core.WorkspaceID, id, before int64, limit int) ([]Delivery, error) {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return nil, err
	}
	list, err := s.Jobs.List(ctx, ws, Kind, id, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Delivery, len(list))
	for i, j := range list {
		var m message
		if err := json.Unmarshal([]byte(j.Payload), &m); err != nil {
			return nil, fmt.Errorf("read delivery %d: %w", j.ID, err)
		}
		out[i] = Delivery{ID: j.ID, Message: m.ID, Event: m.Event, State: j.State, Attempts: j.Attempts, MadeAt: j.MadeAt, EndedAt: j.EndedAt, Note: j.Note, Customer: m.Customer}
		if j.State == jobs.Waiting {
			out[i].NextAt = j.RunAt
		}
	}
	return out, nil
}

// Replay sends an ended message again, under the same id.
func (s *Service) Replay(ctx context.Context, ws core.WorkspaceID, id, delivery int64) error {
	if _, err := s.Get(ctx, ws, id); err != nil {
		return err
	}
	return s.Jobs.Again(ctx, ws, Kind, id, delivery)
}

// waits are the pauses between attempts: three days in all, as the convention
// recommends.
func waits() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 20 * time.Hour}
}
