package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// BenchCmds are the measurements there are.
type BenchCmds struct {
	All     BenchCmd        `cmd:"" default:"withargs" help:"Measure the server and the timeline (what bench does by itself)."`
	Insight BenchInsightCmd `cmd:"" help:"Measure charts over a large history."`
}

// BenchInsightCmd fills a timeline of its own with the visits of a shop and asks it
// what charts ask: each question first in a fresh process, then five times more.
type BenchInsightCmd struct {
	Events int64  `help:"Events of the history; a tenth as many customers." default:"10000000"`
	Dir    string `help:"Folder to keep the history in, and to find it again. Default: a temporary one." type:"path"`
	Only   string `help:"Ask only what has this in its name."`
	Ask    string `help:"Ask one question of the history in --dir and print the figures." hidden:""`
	Pprof  string `help:"With --ask: write a processor profile to this file." hidden:"" type:"path"`
	Here   bool   `help:"Ask in this process: cold is then not quite cold." hidden:""`
}

// visitDays is how long the history of charts is.
const visitDays = 180

// visitStart is its first instant: 1 January 2025, UTC.
func visitStart() core.Micros { return core.FromTime(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) }

// insightFigure is what one question took.
type insightFigure struct {
	Cold  float64 `json:"cold"` // seconds, in a fresh process
	Warm  float64 `json:"warm"` // median of five
	CPU   float64 `json:"cpu"`  // seconds of all cores, cold
	Rows  int64   `json:"rows"` // that were folded
	Pass  int64   `json:"pass"` // in range, skipped ones included
	Read  int64   `json:"read"` // bytes, cold; 0 where the system does not tell
	Peak  int64   `json:"peak"` // megabytes, resident
	Says  string  `json:"says"` // of the answer
	Fault string  `json:"fault,omitempty"`
}

// Run measures and prints, or asks one question.
func (c *BenchInsightCmd) Run(env *Env) error {
	b := &bencher{env: env}
	if c.Ask != "" {
		f, err := c.figure(b)
		if err != nil {
			return err
		}
		return json.NewEncoder(env.Out).Encode(f)
	}
	if c.Events < 1000 {
		return errors.New("--events must be 1000 or more")
	}
	if c.Dir == "" {
		dir, err := os.MkdirTemp("", "ciclo-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Dir = dir
	}
	if err := b.withTimeline(c.Dir, func(d *db.DB, s *timeline.Store) error {
		return errors.Join(c.fill(b, d, s), c.people(b, d))
	}); err != nil {
		return fmt.Errorf("fill the history: %w", err)
	}
	fmt.Fprintf(env.Out, "%s, %d cores, %s, load %s, %.3g M events, %.3g M customers, %d days\n\n| what | cold | warm | CPU-s | rows/s | read | memory peak | answer | to hold |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
		env.Clock.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), loadOf(), float64(c.Events)/1e6, float64(c.Events)/1e7, visitDays)
	took := map[string]insightFigure{}
	for _, q := range insightQuestions() {
		if !strings.Contains(q.name, c.Only) {
			continue
		}
		b.say("asking: %s", q.name)
		f, err := c.fresh(b, q.name)
		if err != nil {
			return fmt.Errorf("ask %s: %w", q.name, err)
		}
		took[q.name] = f
		c.print(env, q, f)
	}
	if full, bare := took["funnel"], took["bare funnel"]; bare.Warm > 0 && full.Warm > 0 {
		fmt.Fprintf(env.Out, "\nThe funnel takes %.2f times the bare decode and fold of its columns cold, %.2f times warm, %.2f times the CPU (to hold: 2).\n", full.Cold/bare.Cold, full.Warm/bare.Warm, full.CPU/bare.CPU)
	}
	return nil
}

func (c *BenchInsightCmd) print(env *Env, q insightQuestion, f insightFigure) {
	if f.Fault != "" {
		fmt.Fprintf(env.Out, "| %s | %s | | | | | | | %s |\n", q.what, f.Fault, q.hold)
		return
	}
	fmt.Fprintf(env.Out, "| %s | %.3f s | %.3f s | %.2f | %.1f M | %.0f MB | %d MB | %s | %s |\n", q.what, f.Cold, f.Warm, f.CPU, float64(f.Pass)/f.Warm/1e6, float64(f.Read)/1e6, f.Peak, f.Says, q.hold)
}

// fill makes the history, unless the folder has it.
func (c *BenchInsightCmd) fill(b *bencher, d *db.DB, s *timeline.Store) error {
	if s.Stats(1).Events >= c.Events {
		return nil
	}
	if s.Stats(1).Events > 0 {
		return fmt.Errorf("the folder has another history of %d events", s.Stats(1).Events)
	}
	v := demo.Visits{Events: c.Events, Customers: max(c.Events/10, 1), Days: visitDays, Start: visitStart(), Seed: 1}
	var made, sealed int64
	events := make([]core.Event, 0, 2100)
	for tell := b.env.Clock.Now(); made < c.Events; {
		events = events[:0]
		for len(events) < 2000 && made+int64(len(events)) < c.Events {
			events = v.Next(events)
		}
		if err := d.Write(b.env.Ctx, func(tx *db.Tx) error { return s.Append(b.env.Ctx, tx, 1, events) }); err != nil {
			return err
		}
		made += int64(len(events))
		if made-sealed >= 200_000 || made >= c.Events {
			if _, err := s.Seal(b.env.Ctx, 1); err != nil {
				return err
			}
			sealed = made
		}
		if now := b.env.Clock.Now(); now.Sub(tell) > 10*time.Second || made >= c.Events {
			tell = now
			b.say("history: %d of %d events", made, c.Events)
		}
	}
	return s.Compact(b.env.Ctx, 1)
}

// people makes the rows of the customers, unless the folder has them.
func (c *BenchInsightCmd) people(b *bencher, d *db.DB) error {
	all := max(c.Events/10, 1)
	const step = 20_000
	for from := int64(1); from <= all; from += step {
		var have int64
		rows := make([][]any, 0, step)
		for id := from; id < min(from+step, all+1); id++ {
			rows = append(rows, []any{1, id, 10})
		}
		err := d.Write(b.env.Ctx, func(tx *db.Tx) error {
			if err := tx.QueryRow(b.env.Ctx, "SELECT COUNT(*) FROM customers WHERE workspace_id = 1 AND id = $1", []any{from}, &have); err != nil || have > 0 {
				return err
			}
			return tx.Bulk(b.env.Ctx, db.Insert{Table: "customers", Columns: []string{"workspace_id", "id", "events"}, Rows: rows})
		})
		if err != nil {
			return err
		}
	}
	// The pipeline keeps the list of who there is as it goes.
	_, err := benchCustomers(d).Everybody(b.env.Ctx, 1)
	return err
}

// fresh asks in a new process.
func (c *BenchInsightCmd) fresh(b *bencher, name string) (f insightFigure, err error) {
	if c.Here {
		one := *c
		one.Ask = name
		return one.figure(b)
	}
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(b.env.Ctx, self, "bench", "insight", "--dir", c.Dir, "--ask", name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, b.env.Err
	if err := cmd.Run(); err != nil {
		return f, err
	}
	err = json.Unmarshal(out.Bytes(), &f)
	return f, err
}

// figure asks one question, cold and then warm.
func (c *BenchInsightCmd) figure(b *bencher) (f insightFigure, err error) {
	var ask func() (insightAnswer, error)
	err = b.withTimeline(c.Dir, func(d *db.DB, s *timeline.Store) error {
		for _, q := range insightQuestions() {
			if q.name == c.Ask {
				ask = q.on(b.env.Ctx, d, s)
			}
		}
		if ask == nil {
			return fmt.Errorf("there is no question %q", c.Ask)
		}
		if c.Pprof != "" {
			out, err := os.Create(c.Pprof)
			if err != nil {
				return err
			}
			defer out.Close()
			if err := pprof.StartCPUProfile(out); err != nil {
				return err
			}
			defer pprof.StopCPUProfile()
		}
		read := bytesRead()
		w := startWatch(b.env.Clock)
		a, err := ask()
		if err != nil {
			f.Fault = err.Error()
			return nil
		}
		f.Cold, f.CPU = w.read()
		if f.Rows, f.Pass, f.Says = a.rows, a.passed, a.says; read > 0 {
			f.Read = bytesRead() - read
		}
		again := make([]time.Duration, 5)
		for i := range again {
			w := startWatch(b.env.Clock)
			if _, err := ask(); err != nil {
				return err
			}
			took, _ := w.read()
			again[i] = time.Duration(took * float64(time.Second))
		}
		f.Warm = quantile(again, 0.5).Seconds()
		f.Peak = statusMB(os.Getpid(), "VmHWM")
		return nil
	})
	return f, err
}

// bytesRead gives what this process has read by system calls so far, from the page
// cache or the disk; 0 where the system does not tell.
func bytesRead() int64 {
	raw, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	rest, ok := strings.CutPrefix(string(raw), "rchar: ")
	if !ok {
		return 0
	}
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// loadOf gives the mean load of the last minute, which tells whether others were
// using the machine.
func loadOf() string {
	raw, err := os.ReadFile(filepath.Join("/proc", "loadavg"))
	if errors.Is(err, fs.ErrNotExist) || len(raw) == 0 {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(raw), " ")
	return load
}
