package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// BenchCmd measures this machine and prints a table. Load generator and server
// share the process and the cores.
type BenchCmd struct {
	Events   int    `help:"Events to send." default:"300000"`
	Clients  int    `help:"Clients that send at once." default:"8"`
	Database string `help:"PostgreSQL address. Default: SQLite in a temporary folder." placeholder:"URL"`
}

// benchRow is one line of the table.
type benchRow struct{ what, value, hold string }

type bencher struct {
	env  *Env
	s    *Server
	key  string
	rows []benchRow
}

func (b *bencher) add(what, hold, format string, args ...any) {
	b.rows = append(b.rows, benchRow{what, fmt.Sprintf(format, args...), hold})
}

// Run measures and prints.
func (c *BenchCmd) Run(env *Env) error {
	dir, err := os.MkdirTemp("", "ciclo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bencher{env: env}
	began := env.Clock.Now()
	a, err := Open(env.Ctx, Config{Data: dir, Database: c.Database, Listen: "127.0.0.1:0"}, env.Log, env.Clock)
	if err != nil {
		return err
	}
	b.s, err = a.Serve(env.Ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	b.add("start to ready", "1 s", "%.2f s", env.Clock.Now().Sub(began).Seconds())
	err = c.measure(env.Ctx, b)
	err = errors.Join(err, env.shut(b.s), a.Close())
	fmt.Fprintf(env.Out, "%d cores, %s, %s, %d events\n\n| what | measured | to hold |\n| --- | --- | --- |\n", runtime.NumCPU(), runtime.Version(), b.s.DB.Dialect(), c.Events)
	for _, r := range b.rows {
		fmt.Fprintf(env.Out, "| %s | %s | %s |\n", r.what, r.value, r.hold)
	}
	return err
}

func (c *BenchCmd) measure(ctx context.Context, b *bencher) error {
	b.add("memory idle (resident)", "100 MB", "%d MB", statusMB("VmRSS"))
	if err := b.setup(ctx); err != nil {
		return err
	}
	batches := demoBatches(c.Events, 100, b.env.Clock.Now())
	cpu, began := cpuSeconds(), b.env.Clock.Now()
	lat, err := b.accept(ctx, batches, c.Clients)
	if err != nil {
		return err
	}
	took := b.env.Clock.Now().Sub(began)
	n := float64(len(batches) * 100)
	b.add("accept, durable, batches of 100, pipeline running", "50 k/s, p99 < 100 ms", "%.0f events/s, p50 %s, p99 %s", n/took.Seconds(), quantile(lat, 0.5), quantile(lat, 0.99))
	if err := b.s.drained(ctx, func(int64) {}); err != nil {
		return err
	}
	took = b.env.Clock.Now().Sub(began)
	b.add("end to end: sent until in timeline, summary and stage", "10 k/s", "%.0f events/s", n/took.Seconds())
	b.add("CPU-seconds per 1,000 events, load generator included", "", "%.3f", (cpuSeconds()-cpu)/n*1000)
	if err := b.reads(ctx); err != nil {
		return err
	}
	b.add("memory peak (resident)", "600 MB", "%d MB", statusMB("VmHWM"))
	if exe, err := os.Executable(); err == nil {
		if st, err := os.Stat(exe); err == nil {
			b.add("binary", "60 MB", "%.1f MB", float64(st.Size())/1e6)
		}
	}
	return nil
}

func (b *bencher) setup(ctx context.Context) error {
	s := b.s
	ws, err := s.Access.Setup(ctx, access.Workspace{Name: "Bench", TimeZone: "UTC", Currency: "EUR"}, access.NewUser{Email: demoEmail, Password: secretWord()})
	if err != nil {
		return err
	}
	if err := s.LoadWorkspace(ctx, ws); err != nil {
		return err
	}
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		return err
	}
	if _, err := s.Lifecycle.Create(ctx, ws, def, "sterne_cutler", "bench"); err != nil {
		return err
	}
	_, b.key, err = s.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "bench", Kind: inbox.Server})
	return err
}

// demoBatches makes the demo shop's events, whole batches only.
func demoBatches(events, size int, end time.Time) [][][]byte {
	g := demo.New(demo.Config{Seed: 1, People: events/45 + 10, Months: 18, End: end})
	var out [][][]byte
	for {
		batch := make([][]byte, 0, size)
		for range size {
			body, _, ok := g.Next()
			if !ok {
				return out
			}
			batch = append(batch, body)
		}
		if out = append(out, batch); len(out)*size >= events {
			return out
		}
	}
}

func (b *bencher) accept(ctx context.Context, batches [][][]byte, clients int) ([]time.Duration, error) {
	lat := make([]time.Duration, len(batches))
	var next atomic.Int64
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(batches) || failed.Load() != nil {
					return
				}
				began := b.env.Clock.Now()
				if err := b.s.post(ctx, b.key, batches[i]); err != nil {
					failed.Store(&err)
					return
				}
				lat[i] = b.env.Clock.Now().Sub(began)
			}
		}()
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return lat, nil
}

// reads measures one customer's page and a scan of everything.
func (b *bencher) reads(ctx context.Context) error {
	if _, err := b.s.Timeline.Seal(ctx, 1); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	st := b.s.Timeline.Stats(1)
	people := int(st.Events/45) + 1
	lat := make([]time.Duration, 300)
	for i := range lat {
		began := b.env.Clock.Now()
		if _, err := b.s.Timeline.Customer(ctx, 1, core.CustomerID(1+rnd.IntN(people)), timeline.CustomerQuery{Desc: true, Limit: 100}); err != nil {
			return err
		}
		lat[i] = b.env.Clock.Now().Sub(began)
	}
	b.add("one customer's last 100 events", "5 ms", "p50 %s, p99 %s", quantile(lat, 0.5), quantile(lat, 0.99))
	var rows atomic.Int64
	scans := make([]time.Duration, 5)
	for i := range scans {
		rows.Store(0)
		began := b.env.Clock.Now()
		err := b.s.Timeline.Scan(ctx, timeline.Request{Workspace: 1}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
			rows.Add(int64(len(r.Time)))
			return nil
		})
		if err != nil {
			return err
		}
		scans[i] = b.env.Clock.Now().Sub(began)
	}
	m := quantile(scans, 0.5)
	b.add("scan of the whole timeline (time, kind, name)", "10 M events in 0.25 s", "%d events in %s, %.1f M events/s", rows.Load(), m, float64(rows.Load())/m.Seconds()/1e6)
	return nil
}

func quantile(d []time.Duration, p float64) time.Duration {
	s := slices.Clone(d)
	slices.Sort(s)
	return s[min(len(s)-1, int(p*float64(len(s))))].Round(10 * time.Microsecond)
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// statusMB reads a figure of this process from the kernel, in megabytes.
func statusMB(name string) int64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			var kb int64
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return kb / 1000
			}
		}
	}
	return 0
}
