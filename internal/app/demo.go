package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// DemoCmd makes a seeded shop and serves it.
type DemoCmd struct {
	Where
	Serving
	Customers int    `help:"People in the shop." default:"20000"`
	Months    int    `help:"Months of history." default:"18"`
	Seed      uint64 `help:"Seed of the shop: the same seed makes the same shop." default:"1"`
	NoLive    bool   `help:"Stop after the history instead of living on."`
}

const (
	demoEmail = "owner@example.com"
	demoFile  = "demo.json"
)

// demoState is what a demo remembers between starts.
type demoState struct {
	demo.Config
	Sent     int64  `json:"sent"` // events of the history that were accepted
	Done     bool   `json:"done"`
	WriteKey string `json:"write_key"`
}

// Run makes the shop, serves it and lets it live.
func (d *DemoCmd) Run(env *Env) error {
	cfg := ServeCmd{Where: d.Where, Serving: d.Serving}
	var cancel context.CancelFunc
	env.Ctx, cancel = context.WithCancel(env.Ctx)
	defer cancel()
	var wg sync.WaitGroup
	err := env.serve(cfg.config(), func(ctx context.Context, s *Server) error {
		st, err := d.prepare(ctx, env, s)
		if err != nil {
			return err
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := d.play(ctx, env, s, st); err != nil && ctx.Err() == nil {
				env.Log.Error("demo shop stopped", "error", err)
			}
		}()
		return nil
	})
	cancel()
	wg.Wait()
	return err
}

// prepare makes workspace, owner and keys on the first start, and new
// credentials on each further one.
func (d *DemoCmd) prepare(ctx context.Context, env *Env, s *Server) (*demoState, error) {
	st, err := readDemo(s.Config.Data)
	if err != nil {
		return nil, err
	}
	password := secretWord()
	fresh := st == nil
	if fresh {
		if st, err = d.first(ctx, s, password); err != nil {
			return nil, err
		}
	} else if err := s.Access.SetPassword(ctx, 1, password, ""); err != nil {
		return nil, err
	}
	if err := s.spendDemo(ctx, st); err != nil {
		return nil, err
	}
	_, key, err := s.Access.CreateKey(ctx, 1, "demo "+s.Clock.Now().Format(time.RFC3339), access.Owner, demoEmail)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(env.Out, "url: %s\nemail: %s\npassword: %s\napi key: %s\nwrite key: %s\n", s.URL(), demoEmail, password, key, st.WriteKey)
	return st, nil
}

func (d *DemoCmd) first(ctx context.Context, s *Server, password string) (*demoState, error) {
	needed, err := s.Access.NeedsSetup(ctx)
	if err != nil {
		return nil, err
	}
	if !needed {
		return nil, errors.New("this data folder holds an installation that is not a demo: choose an empty folder with --data")
	}
	if d.Customers < 1 || d.Customers > 5_000_000 || d.Months < 1 || d.Months > 120 {
		return nil, errors.New("a demo has 1 to 5,000,000 customers and 1 to 120 months")
	}
	ws, err := s.Access.Setup(ctx, access.Workspace{Name: "Demo shop", TimeZone: "Europe/Rome", Currency: "EUR"},
		access.NewUser{Email: demoEmail, Name: "Demo owner", Password: password})
	if err != nil {
		return nil, err
	}
	if err := s.LoadWorkspace(ctx, ws); err != nil {
		return nil, err
	}
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		return nil, err
	}
	if _, err := s.Lifecycle.Create(ctx, ws, def, "sterne_cutler", demoEmail); err != nil {
		return nil, err
	}
	for _, r := range s.Insight.ReadyDashboards() {
		if _, err := s.Insight.MakeReady(ctx, ws, r.Key, "en", insight.Viewer{Role: string(access.Owner), Label: demoEmail}); err != nil {
			return nil, err
		}
	}
	_, key, err := s.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "Demo shop", Kind: inbox.Server})
	if err != nil {
		return nil, err
	}
	end := s.Clock.Now().Truncate(time.Hour)
	st := &demoState{Config: demo.Config{Seed: d.Seed, People: d.Customers, Months: d.Months, End: end}, WriteKey: key}
	return st, st.save(s.Config.Data)
}

// spendDemo enters what the shop spent up to today; days entered before stay as
// they are.
func (s *Server) spendDemo(ctx context.Context, st *demoState) error {
	var rows []insight.Cost
	for _, c := range demo.Costs(st.Config, s.Clock.Now()) {
		kind := insight.CostAds
		if c.Salaries {
			kind = insight.CostSalaries
		}
		rows = append(rows, insight.Cost{Day: core.FromTime(c.Day) / core.Day, Channel: c.Channel, Campaign: c.Campaign, Kind: kind, Amount: c.Amount, Currency: "EUR"})
	}
	for part := range slices.Chunk(rows, insight.MaxCostRows) {
		if _, err := s.Insight.SetCosts(ctx, 1, part); err != nil {
			return err
		}
	}
	return nil
}

func readDemo(dir string) (*demoState, error) {
	raw, err := os.ReadFile(filepath.Join(dir, demoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read demo state: %w", err)
	}
	var st demoState
	if err := json.Unmarshal(raw, &st); err != nil {
		return nil, fmt.Errorf("read demo state: %w", err)
	}
	return &st, nil
}

func (st *demoState) save(dir string) error {
	raw, err := json.Marshal(st)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, demoFile+".new")
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("write demo state: %w", err)
	}
	return os.Rename(tmp, filepath.Join(dir, demoFile))
}

func secretWord() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// play streams the history, then lets the shop live.
func (d *DemoCmd) play(ctx context.Context, env *Env, s *Server, st *demoState) error {
	if !st.Done {
		if err := d.history(ctx, s, st); err != nil {
			return err
		}
	}
	if d.NoLive {
		return nil
	}
	return d.live(ctx, s, st)
}

const demoBatch = 2000

// history sends the story in order, in batches, through the ordinary door. A
// restart goes on behind the last accepted batch; what was sent twice is
// dropped by its message id.
func (d *DemoCmd) history(ctx context.Context, s *Server, st *demoState) error {
	total := int64(float64(st.People) * 48.8 * float64(st.Months) / 18)
	report, done := s.work.Start(1, "history", "Demo shop history")
	defer done()
	start := s.Clock.Now()
	g := demo.New(st.Config)
	batch := make([][]byte, 0, demoBatch)
	var n int64
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := s.post(ctx, st.WriteKey, batch); err != nil {
			return err
		}
		batch = batch[:0]
		st.Sent = n
		report(n, max(total, n))
		return st.save(s.Config.Data)
	}
	for {
		body, _, ok := g.Next()
		if !ok {
			break
		}
		if n++; n <= st.Sent {
			continue
		}
		if batch = append(batch, body); len(batch) == demoBatch {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if err := send(); err != nil {
		return err
	}
	sent := s.Clock.Now().Sub(start)
	if err := s.drained(ctx, func(left int64) { report(n-left, n) }); err != nil {
		return err
	}
	processed := s.Clock.Now().Sub(start)
	if err := s.demoSegments(ctx); err != nil {
		return err
	}
	st.Done = true
	s.Log.Info("demo history is in", "events", n, "sent_in", sent, "processed_in", processed)
	return st.save(s.Config.Data)
}

// demoSegments makes some of the ready-made segments, as a new user would.
func (s *Server) demoSegments(ctx context.Context) error {
	if _, err := s.Segments.TakeRun(ctx, 1, demoEmail); errs.CodeOf(err) == "no_orders" { // too small a shop
		return nil
	} else if err != nil {
		return err
	}
	ready, err := segment.Ready("en")
	if err != nil {
		return err
	}
	for _, r := range ready {
		if !slices.Contains([]string{"champions", "at_risk", "dormant", "cart_abandoners", "one_time_buyers", "replenishment_due"}, r.Key) {
			continue
		}
		if _, there := s.Segments.ByKey(1, r.Key); there { // made before a stop
			continue
		}
		d := segment.Definition{Key: r.Key, Name: r.Name, Description: r.Description, Kind: segment.Dynamic, When: r.When}
		if _, err := s.Segments.Create(ctx, 1, d, demoEmail); err != nil {
			return err
		}
	}
	s.Segments.Wait()
	return nil
}

// drained waits until the inbox is empty.
func (s *Server) drained(ctx context.Context, report func(left int64)) error {
	for {
		p, err := s.Inbox.PendingOf(ctx, 1)
		if err != nil || p.Batches == 0 {
			return err
		}
		report(p.Events)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Clock.After(200 * time.Millisecond):
		}
	}
}

// post sends a batch through the server's own door.
func (s *Server) post(ctx context.Context, key string, events [][]byte) error {
	return sendBatch(ctx, http.DefaultClient, s.Clock, "http://"+s.Addr.String(), key, bytes.Join(events, []byte(",")))
}

// live plays visits that happen now, a few events a second, until ctx ends.
func (d *DemoCmd) live(ctx context.Context, s *Server, st *demoState) error {
	run := s.Clock.Now().Unix()
	var wg sync.WaitGroup
	defer wg.Wait()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-s.Clock.After(1500 * time.Millisecond):
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := d.visit(ctx, s, st, run, n); err != nil && ctx.Err() == nil {
				s.Log.Warn("demo visit failed", "error", err)
			}
		}()
	}
}

// visit plays one visit in real time.
func (d *DemoCmd) visit(ctx context.Context, s *Server, st *demoState, run int64, n int) error {
	bodies, waits := demo.Live(st.Config, run, n)
	for i, b := range bodies {
		select {
		case <-ctx.Done():
			return nil
		case <-s.Clock.After(waits[i]):
		}
		if err := s.post(ctx, st.WriteKey, [][]byte{stampNow(b, s.Clock.Now())}); err != nil {
			return err
		}
	}
	return nil
}

// stampNow replaces an event's timestamp.
func stampNow(body []byte, now time.Time) []byte {
	key := []byte(`"timestamp":"`)
	i := bytes.Index(body, key)
	if i < 0 {
		return body
	}
	i += len(key)
	j := i + bytes.IndexByte(body[i:], '"')
	return append(append(append([]byte{}, body[:i]...), now.Format("2006-01-02T15:04:05.000Z")...), body[j:]...)
}
