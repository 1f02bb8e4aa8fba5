package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/connect/hook"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/kit/httpx"
	"github.com/tidwall/gjson"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws = core.WorkspaceID(1)

// received is one call to the receiver.
type received struct {
	path, id, at, signature string
	body                    []byte
}

type rig struct {
	*hook.Service
	t      *testing.T
	db     *db.DB
	clock  *clock.Manual
	queue  *jobs.Queue
	url    string
	mu     sync.Mutex
	calls  []received
	answer func(n int) int // status of the n'th call, from 1
	gone   bool            // the customer was erased
}

func newRig(t *testing.T, d *db.DB) *rig {
	t.Helper()
	r := &rig{t: t, db: d, clock: clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), answer: func(int) int { return 204 }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.calls = append(r.calls, received{q.URL.Path, q.Header.Get("webhook-id"), q.Header.Get("webhook-timestamp"), q.Header.Get("webhook-signature"), body})
		n := len(r.calls)
		r.mu.Unlock()
		w.WriteHeader(r.answer(n))
	}))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	r.queue = jobs.New(d, r.clock, slog.New(slog.DiscardHandler), jobs.Options{})
	var err error
	r.Service, err = hook.New(hook.Deps{DB: d, Clock: r.clock, Jobs: r.queue, Client: httpx.New(true, 5*time.Second), Secret: []byte("installation"),
		Customer: func(_ context.Context, _ core.WorkspaceID, c core.CustomerID) (map[string]any, error) {
			if r.gone {
				return nil, nil
			}
			return map[string]any{"id": c, "email": "x@y.z"}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) make(h hook.Hook) (int64, string) {
	r.t.Helper()
	h.Enabled = true
	if h.Name == "" {
		h.Name = "crm"
	}
	out, key, err := r.Create(context.Background(), ws, h, "tester")
	if err != nil {
		r.t.Fatal(err)
	}
	return out.ID, key
}

func (r *rig) tell(news ...hook.News) {
	r.t.Helper()
	if err := r.db.Write(context.Background(), func(tx *db.Tx) error { return r.Tell(context.Background(), tx, ws, news) }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) run() {
	r.t.Helper()
	for {
		n, err := r.queue.Round(context.Background())
		if err != nil {
			r.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (r *rig) last(id int64) hook.Delivery {
	r.t.Helper()
	list, err := r.Deliveries(context.Background(), ws, id, 0, 10)
	if err != nil || len(list) == 0 {
		r.t.Fatalf("deliveries %v, %v", list, err)
	}
	return list[0]
}

func entered(segment int64) hook.News {
	return hook.News{Event: hook.SegmentEntered, At: 1_700_000_000_000_000, Segment: segment, Customer: 42, Data: map[string]any{"segment": map[string]any{"id": segment}}}
}

// TestSignature checks a message as a receiver would, from the convention's text.
func TestSignature(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		id, key := r.make(hook.Hook{URL: r.url + "/in"})
		r.tell(entered(3))
		r.run()
		if len(r.calls) != 1 {
			t.Fatalf("%d calls", len(r.calls))
		}
		c := r.calls[0]
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
		if err != nil || len(secret) < 24 || !strings.HasPrefix(c.id, "msg_") || c.at != fmt.Sprint(r.clock.Now().Unix()) {
			t.Errorf("secret %v, id %q at %q", err, c.id, c.at)
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(c.id + "." + c.at + "." + string(c.body)))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); c.signature != want {
			t.Errorf("signature %q, want %q", c.signature, want)
		}
		body := gjson.ParseBytes(c.body)
		if body.Get("type").Str != "segment.entered" || body.Get("timestamp").Str != "2023-11-14T22:13:20Z" || body.Get("data.segment.id").Int() != 3 || body.Get("data.customer.id").Int() != 42 {
			t.Errorf("body %s", c.body)
		}
		if dl := r.last(id); dl.State != "done" || dl.Attempts != 1 || dl.Message != c.id || dl.Customer != 42 {
			t.Errorf("delivery %+v", dl)
		}
		if err := r.Replay(context.Background(), ws, id, r.last(id).ID); err != nil {
			t.Fatal(err)
		}
		if r.run(); len(r.calls) != 2 || r.calls[1].id != c.id {
			t.Errorf("replayed as %+v", r.calls)
		}
		other, err := r.Rotate(context.Background(), ws, id)
		if err != nil || other == key {
			t.Errorf("rotated to %q, %v", other, err)
		}
	})
}

// TestVector is the published example of the convention's reference libraries.
func TestVector(t *testing.T) {
	t.Parallel()
	got, err := hook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("signature %q, %v, want %q", got, err, want)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		id, _ := r.make(hook.Hook{URL: r.url})
		r.answer = func(n int) int {
			if n < 4 {
				return 500
			}
			return 200
		}
		r.tell(entered(1))
		for _, wait := range []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute} {
			r.clock.Advance(wait)
			r.run()
		}
		if dl := r.last(id); dl.State != "done" || dl.Attempts != 4 || len(r.calls) != 4 || r.calls[0].id != r.calls[3].id {
			t.Errorf("delivery %+v after %d calls", dl, len(r.calls))
		}
		// One that is never taken ends after three days, and with it the webhook.
		r.answer = func(int) int { return 503 }
		r.tell(entered(1))
		began := r.clock.Now()
		for range 20 {
			r.run()
			r.clock.Advance(20 * time.Hour)
			if dl := r.last(id); dl.State == "waiting" {
				continue
			}
			break
		}
		h, err := r.Get(context.Background(), ws, id)
		if err != nil || r.last(id).State != "failed" || h.Enabled || !strings.Contains(h.Stopped, "three days") || r.clock.Now().Sub(began) < 72*time.Hour {
			t.Errorf("given up as %+v, webhook %+v, %v", r.last(id), h, err)
		}
	})
}

func TestGone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		id, _ := r.make(hook.Hook{URL: r.url})
		r.answer = func(int) int { return 410 }
		r.tell(entered(1), entered(2))
		r.run()
		h, err := r.Get(context.Background(), ws, id)
		if err != nil || h.Enabled || !strings.Contains(h.Stopped, "410") || r.last(id).State != "failed" {
			t.Errorf("webhook %+v, %v", h, err)
		}
		r.tell(entered(1))
		if calls := len(r.calls); func() int { r.run(); return len(r.calls) }() != calls {
			t.Error("a webhook that is off was called")
		}
	})
}

// TestWho is told of what, and nobody of an erased customer.
func TestWho(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		all, _ := r.make(hook.Hook{URL: r.url + "/all"})
		r.make(hook.Hook{URL: r.url + "/three", Events: []string{hook.SegmentEntered}, Segments: []int64{3}})
		r.make(hook.Hook{URL: r.url + "/alerts", Events: []string{hook.AlertFired}})
		r.tell(entered(3), entered(4), hook.News{Event: hook.AlertFired, Data: map[string]any{"name": "x"}}, hook.News{Event: hook.AlertFired, Only: all})
		r.run()
		got := map[string]int{}
		for _, c := range r.calls {
			got[c.path]++
		}
		if got["/all"] != 4 || got["/three"] != 1 || got["/alerts"] != 1 {
			t.Errorf("called %v", got)
		}
		r.gone = true
		r.tell(entered(3))
		if r.run(); len(r.calls) != 6 || r.last(all).State != "failed" {
			t.Errorf("%d calls about an erased customer: %+v", len(r.calls), r.last(all))
		}
		// Another workspace sees and changes nothing.
		ctx := context.Background()
		_, deliveries := r.Deliveries(ctx, 2, all, 0, 10)
		_, rotate := r.Rotate(ctx, 2, all)
		for what, err := range map[string]error{"deliveries": deliveries, "rotate": rotate, "delete": r.Delete(ctx, 2, all), "test": r.Test(ctx, 2, all), "replay": r.Replay(ctx, 2, all, 1)} {
			if errs.KindOf(err) != errs.NotFound {
				t.Errorf("%s from another workspace: %v", what, err)
			}
		}
		if err := r.Delete(ctx, ws, all); err != nil {
			t.Fatal(err)
		}
		if list, err := r.queue.List(ctx, ws, hook.Kind, all, 0, 10); err != nil || len(list) != 0 {
			t.Errorf("deliveries of a deleted webhook: %v, %v", list, err)
		}
	})
}

func TestBadHooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		for field, h := range map[string]hook.Hook{"name": {Name: " ", URL: r.url}, "url": {Name: "x", URL: "javascript:1"}, "events": {Name: "x", URL: r.url, Events: []string{"x"}}} {
			_, _, err := r.Create(context.Background(), ws, h, "t")
			var e *errs.Error
			if !errors.As(err, &e) || e.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}
