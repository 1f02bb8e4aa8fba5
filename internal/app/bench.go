package app

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ciclo/ciclo/internal/kit/clock"
)

// BenchCmd measures this machine and prints a table. The load generator runs on
// the same machine and cores; the server is a process of its own.
type BenchCmd struct {
	Events   int           `help:"Events of the demo shop to send through the server." default:"300000"`
	Timeline int64         `help:"Events of the timeline that is scanned; 0 leaves it out." default:"10000000"`
	Clients  int           `help:"Clients that send at once." default:"8"`
	Idle     time.Duration `help:"How long the idle server is watched." default:"20s"`
	Database string        `help:"PostgreSQL address of an empty database. Default: SQLite in a temporary folder." placeholder:"URL"`
}

// benchRow is one line of the table.
type benchRow struct{ what, value, hold string }

// bencher collects what was measured.
type bencher struct {
	env  *Env
	dir  string
	rows []benchRow
}

func (b *bencher) add(what, hold, format string, args ...any) {
	b.rows = append(b.rows, benchRow{what, fmt.Sprintf(format, args...), hold})
}

func (b *bencher) say(format string, args ...any) {
	fmt.Fprintf(b.env.Err, format+"\n", args...)
}

// Run measures and prints.
func (c *BenchCmd) Run(env *Env) error {
	dir, err := os.MkdirTemp("", "ciclo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bencher{env: env, dir: dir}
	for _, step := range []struct {
		what string
		run  func(*bencher) error
	}{{"accepting", c.accept}, {"server", c.server}, {"timeline", c.timeline}} {
		b.say("measuring: %s", step.what)
		if err := step.run(b); err != nil {
			return fmt.Errorf("measure %s: %w", step.what, err)
		}
	}
	engine := "SQLite"
	if c.Database != "" {
		engine = "PostgreSQL"
	}
	fmt.Fprintf(env.Out, "%s, %d cores, %s, %s\n\n| what | measured | to hold |\n| --- | --- | --- |\n", env.Clock.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), engine)
	for _, r := range b.rows {
		fmt.Fprintf(env.Out, "| %s | %s | %s |\n", r.what, r.value, r.hold)
	}
	return nil
}

func quantile(d []time.Duration, p float64) time.Duration {
	s := slices.Clone(d)
	slices.Sort(s)
	return s[min(len(s)-1, int(p*float64(len(s))))].Round(10 * time.Microsecond)
}

// stopwatch measures wall and processor time of this process.
type stopwatch struct {
	clock clock.Clock
	began time.Time
	cpu   float64
}

func startWatch(c clock.Clock) stopwatch { return stopwatch{c, c.Now(), ownCPU()} }

// read gives the seconds since the start, by the wall and of the processor.
func (w stopwatch) read() (wall, cpu float64) {
	return w.clock.Now().Sub(w.began).Seconds(), ownCPU() - w.cpu
}

func ownCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// statusMB reads a figure of a process from the kernel, in megabytes; 0 where
// there is no such file.
func statusMB(pid int, name string) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
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

// processCPU gives the processor seconds that a process has used, in user and
// kernel mode.
func processCPU(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0
	}
	var user, kernel float64
	if _, err := fmt.Sscan(f[11]+" "+f[12], &user, &kernel); err != nil {
		return 0
	}
	return (user + kernel) / 100 // the kernel counts in hundredths for programs
}
