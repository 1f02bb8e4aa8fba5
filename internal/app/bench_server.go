package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// benchBatch is how many events a request carries.
const benchBatch = 100

// shopBatches makes the demo shop's events in whole batches, a list a client.
// All events of a person are in one list, in order, as a device would send them.
func shopBatches(events, clients int, end time.Time) [][][]byte {
	g := demo.New(demo.Config{Seed: 1, People: events/45 + 10, Months: 18, End: end})
	lists := make([][][]byte, clients)
	open := make([][][]byte, clients)
	for made := 0; made < events; {
		body, _, ok := g.Next()
		if !ok {
			break
		}
		k := g.Person() % clients
		if open[k] = append(open[k], body); len(open[k]) == benchBatch {
			lists[k] = append(lists[k], bytes.Join(open[k], []byte(",")))
			open[k], made = open[k][:0], made+benchBatch
		}
	}
	return lists
}

// sender posts batches to one server.
type sender struct {
	url, key string
	client   *http.Client
	b        *bencher
}

func newSender(b *bencher, url, key string, clients int) *sender {
	return &sender{url: url, key: key, b: b, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

// all sends every list in its order, the lists side by side, and gives how long
// each request took.
func (s *sender) all(ctx context.Context, lists [][][]byte) ([]time.Duration, error) {
	var wg sync.WaitGroup
	took := make([][]time.Duration, len(lists))
	fails := make([]error, len(lists))
	for k := range lists {
		wg.Go(func() {
			for _, batch := range lists[k] {
				began := s.b.env.Clock.Now()
				if fails[k] = sendBatch(ctx, s.client, s.b.env.Clock, s.url, s.key, batch); fails[k] != nil {
					return
				}
				took[k] = append(took[k], s.b.env.Clock.Now().Sub(began))
			}
		})
	}
	wg.Wait()
	var out []time.Duration
	for _, t := range took {
		out = append(out, t...)
	}
	return out, errors.Join(fails...)
}

// accept measures the door alone: HTTP, parsing, a durable inbox; no pipeline.
func (c *BenchCmd) accept(b *bencher) error {
	if c.Database != "" {
		return nil // the door writes into the same database: see the next rows
	}
	a, err := Open(b.env.Ctx, Config{Data: filepath.Join(b.dir, "door"), MaxPending: 1 << 40}, b.env.Log, b.env.Clock)
	if err != nil {
		return err
	}
	defer a.Close()
	key, err := benchSetup(b.env.Ctx, a)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: collect.New(collect.Deps{Inbox: a.Inbox, Clock: a.Clock, Log: a.Log}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	lists := shopBatches(c.Events, c.Clients, b.env.Clock.Now())
	w := startWatch(b.env.Clock)
	took, err := newSender(b, "http://"+ln.Addr().String(), key.write, c.Clients).all(b.env.Ctx, lists)
	if err != nil {
		return err
	}
	wall, cpu := w.read()
	n := float64(len(took) * benchBatch)
	b.add("accept, durable, batches of 100 over HTTP", "50 k/s, p99 < 100 ms", "%.1f k/s, p50 %s, p99 %s; %.3f CPU-s per 1,000 events, load generator included",
		n/wall/1000, quantile(took, 0.5), quantile(took, 0.99), cpu/n*1000)
	return nil
}

type benchKeys struct{ write, api string }

// benchSetup makes the workspace, a stage model and keys.
func benchSetup(ctx context.Context, a *App) (k benchKeys, err error) {
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Bench", TimeZone: "UTC", Currency: "EUR"}, access.NewUser{Email: demoEmail, Password: secretWord()})
	if err != nil {
		return k, err
	}
	if err := a.LoadWorkspace(ctx, ws); err != nil {
		return k, err
	}
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		return k, err
	}
	if _, err := a.Lifecycle.Create(ctx, ws, def, "sterne_cutler", "bench"); err != nil {
		return k, err
	}
	a.Lifecycle.Wait()
	if err := a.BenchSegments(ctx, ws); err != nil {
		return k, err
	}
	if _, k.write, err = a.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "bench", Kind: inbox.Server}); err != nil {
		return k, err
	}
	_, k.api, err = a.Access.CreateKey(ctx, ws, "bench", access.Owner, demoEmail)
	return k, err
}

// child is the server under test.
type child struct {
	cmd *exec.Cmd
	url string
	key benchKeys
	b   *bencher
}

// startChild makes an installation and serves it in a process of its own.
func (c *BenchCmd) startChild(b *bencher) (*child, error) {
	dir := filepath.Join(b.dir, "server")
	a, err := Open(b.env.Ctx, Config{Data: dir, Database: c.Database}, b.env.Log, b.env.Clock)
	if err != nil {
		return nil, err
	}
	key, err := benchSetup(b.env.Ctx, a)
	if err = errors.Join(err, a.Close()); err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ch := &child{key: key, b: b, cmd: exec.Command(exe, "serve", "--data", dir, "--listen", "127.0.0.1:0")}
	ch.cmd.Env = []string{"HOME=" + b.dir, "PATH=" + os.Getenv("PATH")}
	if c.Database != "" {
		ch.cmd.Env = append(ch.cmd.Env, "CICLO_DATABASE="+c.Database)
	}
	out, err := ch.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := b.env.Clock.Now()
	if err := ch.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	ch.url = strings.TrimSpace(strings.TrimPrefix(line, "url: "))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server does not start: %w", err), ch.stop())
	}
	for {
		if body, err := ch.get(b.env.Ctx, "/readyz"); err == nil && strings.HasPrefix(body, "ready") {
			break
		}
		<-b.env.Clock.After(5 * time.Millisecond)
	}
	b.add("start to ready", "1 s", "%.2f s", b.env.Clock.Now().Sub(began).Seconds())
	return ch, nil
}

func (ch *child) pid() int { return ch.cmd.Process.Pid }

// stop asks the server to end and waits for it.
func (ch *child) stop() error {
	if err := ch.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return ch.cmd.Wait()
}

func (ch *child) get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ch.url+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+ch.key.api)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, res.StatusCode)
	}
	return string(body), err
}

// drained waits until nothing is left in the inbox.
func (ch *child) drained(ctx context.Context) error {
	const gauge = "ciclo_inbox_pending_events "
	for {
		body, err := ch.get(ctx, "/metrics")
		if err != nil {
			return err
		}
		_, rest, ok := strings.Cut(body, "\n"+gauge)
		if !ok {
			return errors.New("the server does not tell how much waits")
		}
		if left, _, _ := strings.Cut(rest, "\n"); left == "0" {
			return nil
		}
		<-ch.b.env.Clock.After(50 * time.Millisecond)
	}
}

// server measures the whole program as a process: at rest, under load, and
// when pages are read.
func (c *BenchCmd) server(b *bencher) error {
	ch, err := c.startChild(b)
	if err != nil {
		return err
	}
	return errors.Join(c.load(b, ch), ch.stop())
}

func (c *BenchCmd) load(b *bencher, ch *child) error {
	ctx := b.env.Ctx
	before := processCPU(ch.pid())
	<-b.env.Clock.After(c.Idle)
	b.add("idle: memory (resident), processor", "100 MB, 1 % of a core", "%d MB, %.1f %%", statusMB(ch.pid(), "VmRSS"), (processCPU(ch.pid())-before)/c.Idle.Seconds()*100)
	lists := shopBatches(c.Events, c.Clients, b.env.Clock.Now())
	before = processCPU(ch.pid())
	w := startWatch(b.env.Clock)
	took, err := newSender(b, ch.url, ch.key.write, c.Clients).all(ctx, lists)
	if err != nil {
		return err
	}
	sent, _ := w.read()
	if err := ch.drained(ctx); err != nil {
		return err
	}
	wall, _ := w.read()
	n := float64(len(took) * benchBatch)
	b.add("accept while the pipeline works", "", "%.1f k/s, p50 %s, p99 %s", n/sent/1000, quantile(took, 0.5), quantile(took, 0.99))
	b.add("pipeline end to end: sent until in timeline, summary, stage and segments", "10 k/s", "%.1f k/s; %.3f CPU-s of the server per 1,000 events", n/wall/1000, (processCPU(ch.pid())-before)/n*1000)
	rnd := rand.New(rand.NewPCG(1, 2))
	reads := make([]time.Duration, 300)
	for i := range reads {
		began := b.env.Clock.Now()
		if _, err := ch.get(ctx, fmt.Sprintf("/api/v1/customers/%d/timeline?limit=100", 1+rnd.IntN(c.Events/45))); err != nil {
			return err
		}
		reads[i] = b.env.Clock.Now().Sub(began)
	}
	b.add("one customer's last 100 events over the API", "", "p50 %s, p99 %s", quantile(reads, 0.5), quantile(reads, 0.99))
	b.add("memory peak (resident)", "600 MB", "%d MB", statusMB(ch.pid(), "VmHWM"))
	if exe, err := os.Executable(); err == nil {
		if st, err := os.Stat(exe); err == nil {
			b.add("binary", "60 MB", "%.1f MB", float64(st.Size())/1e6)
		}
	}
	return nil
}
