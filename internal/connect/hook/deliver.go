package hook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/kit/httpx"
)

// Sign gives the webhook-signature of a message (Standard Webhooks, symmetric:
// HMAC-SHA256 over id, timestamp and body with points between, in base64).
func Sign(key, id string, at int64, body []byte) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	if err != nil {
		return "", fmt.Errorf("read signing secret: %w", err)
	}
	h := hmac.New(sha256.New, raw)
	fmt.Fprintf(h, "%s.%d.", id, at)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// deliver is the handler of a delivery.
func (s *Service) deliver(ctx context.Context, j *jobs.Job) (string, error) {
	h, err := s.Get(ctx, j.Workspace, j.Ref)
	if errs.KindOf(err) == errs.NotFound {
		return "", errs.Say("the webhook was deleted")
	}
	if err != nil {
		return "", &jobs.Later{After: time.Minute, Why: "the webhook cannot be read"}
	}
	var m message
	if err := json.Unmarshal([]byte(j.Payload), &m); err != nil {
		return "", fmt.Errorf("read message: %w", err)
	}
	if !h.Enabled && m.Event != Ping {
		return "", errs.Say("the webhook is switched off")
	}
	body, err := s.body(ctx, j.Workspace, &m)
	if err != nil {
		return "", err
	}
	return s.send(ctx, j, h, &m, body)
}

// body is what is sent.
func (s *Service) body(ctx context.Context, ws core.WorkspaceID, m *message) ([]byte, error) {
	data := map[string]any{}
	for k, v := range m.Data {
		data[k] = v
	}
	if m.Customer != 0 && s.Customer != nil {
		who, err := s.Customer(ctx, ws, m.Customer)
		switch {
		case err != nil:
			return nil, &jobs.Later{After: time.Minute, Why: "the customer cannot be read"}
		case who == nil:
			return nil, errs.Say("the customer was erased")
		}
		data["customer"] = who
	}
	return json.Marshal(map[string]any{"type": m.Event, "timestamp": core.ToTime(m.At).Format(time.RFC3339Nano), "data": data})
}

func (s *Service) send(ctx context.Context, j *jobs.Job, h *Hook, m *message, body []byte) (string, error) {
	key, err := s.box.Open(h.secret, place(j.Workspace, h.ID))
	if err != nil {
		return "", fmt.Errorf("open signing secret: %w", err)
	}
	at := s.Clock.Now().Unix()
	signature, err := Sign(key, m.ID, at, body)
	if err != nil {
		return "", err
	}
	answer, err := s.client.Post(ctx, h.URL, map[string]string{"Content-Type": "application/json", "User-Agent": "Ciclo-Webhook/1",
		"webhook-id": m.ID, "webhook-timestamp": strconv.FormatInt(at, 10), "webhook-signature": signature}, body)
	if err != nil {
		return s.again(ctx, j, h, reason(err), 0)
	}
	switch said := errs.Say("answered %d: %s", answer.Status, answer.Body).Error(); {
	case answer.Status >= 200 && answer.Status < 300:
		return said, nil
	case answer.Status == 410:
		return "", errors.Join(errors.New(said), s.stop(ctx, j.Workspace, h.ID, errs.Say("the address answered 410 Gone").Error()))
	default:
		return s.again(ctx, j, h, said, answer.Retry)
	}
}

// reason says why a call failed, without the inner addresses of the network.
func reason(err error) string {
	switch {
	case errors.Is(err, httpx.ErrPrivate):
		return errs.Say("the address is not public: private addresses are refused unless the server allows them").Error()
	case errors.Is(err, context.DeadlineExceeded):
		return errs.Say("no answer in time").Error()
	}
	return err.Error()
}

// again puts an attempt off, or gives up.
func (s *Service) again(ctx context.Context, j *jobs.Job, h *Hook, why string, ask time.Duration) (string, error) {
	pauses := waits()
	n := int(j.Attempts) - 1
	if n >= len(pauses) {
		return "", errors.Join(errors.New(why), s.giveUp(ctx, j, h, why))
	}
	return "", &jobs.Later{After: max(pauses[n], min(ask, 24*time.Hour)), Why: why}
}

// giveUp switches a webhook off when nothing else reached it either since the
// message was made.
func (s *Service) giveUp(ctx context.Context, j *jobs.Job, h *Hook, why string) error {
	list, err := s.Jobs.List(ctx, j.Workspace, Kind, h.ID, 0, 1000)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.State == jobs.Done && o.EndedAt > j.MadeAt {
			return nil
		}
	}
	return s.stop(ctx, j.Workspace, h.ID, errs.Say("nothing could be delivered for three days: %s", why).Error())
}

// stop switches a webhook off.
func (s *Service) stop(ctx context.Context, ws core.WorkspaceID, id int64, why string) error {
	if len(why) > 500 {
		why = strings.ToValidUTF8(why[:500], "")
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("stop"), why, core.FromTime(s.Clock.Now()), ws, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("switch webhook off: %w", err)
	}
	return nil
}
