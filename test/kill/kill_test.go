// Package kill_test kills the real binary at random points under load, starts
// it again, and counts: every event whose batch was accepted is stored once.
package kill_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	run := func(database func(t *testing.T) string) func(t *testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			kills := 22
			if testing.Short() {
				kills = 5
			}
			if os.Getenv("CICLO_TEST_SOAK") != "" {
				kills = 100
			}
			torture(t, database(t), kills)
		}
	}
	t.Run("sqlite", run(func(*testing.T) string { return "" }))
	t.Run("postgres", run(func(t *testing.T) string { return dbtest.PostgresDSN(t) }))
}

// server is one life of the program.
type server struct {
	cmd *exec.Cmd
	url string
}

type torturer struct {
	t        *testing.T
	bin      string
	data     string
	database string
	key      string
	cookie   *http.Cookie // of the owner
	csrf     string
	maxFile  int // KiB, 0 = no bound
	stderr   bytes.Buffer

	mu       sync.Mutex
	accepted map[string]bool
	unsure   map[string]bool // sent, no answer: may be there or not, but once
	url      string
}

func newTorturer(t *testing.T, database string) *torturer {
	t.Helper()
	dir := t.TempDir()
	k := &torturer{t: t, bin: filepath.Join(dir, "ciclo"), data: filepath.Join(dir, "data"), database: database, accepted: map[string]bool{}, unsure: map[string]bool{}}
	if out, err := exec.Command("go", "build", "-o", k.bin, "../../cmd/ciclo").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return k
}

func torture(t *testing.T, database string, kills int) {
	k := newTorturer(t, database)
	s := k.start()
	k.setup(s)
	k.segment(0)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Add(1)
		go func() { defer wg.Done(); k.load(ctx, w) }()
	}
	rnd := rand.New(rand.NewPCG(uint64(kills), 42))
	for n := range kills {
		if n == kills/2 {
			k.segment(1)
		}
		time.Sleep(time.Duration(50+rnd.IntN(900)) * time.Millisecond)
		if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		s = k.start()
	}
	before, archive := k.backup()
	time.Sleep(500 * time.Millisecond)
	stop()
	wg.Wait()
	k.drain()
	k.built()
	if said := k.finish(s); strings.Contains(said, " 0 segment members") {
		k.t.Errorf("no segment was compared with history: %s", said)
	}
	k.count(kills)
	k.restore(before, archive)
}

// backup makes a backup under load and tells what had been accepted before it.
func (k *torturer) backup() (before map[string]bool, archive string) {
	k.t.Helper()
	k.mu.Lock()
	before = maps.Clone(k.accepted)
	k.mu.Unlock()
	archive = filepath.Join(k.t.TempDir(), "backup.tar")
	args := []string{"backup", archive, "--data", k.data}
	if k.database != "" {
		args = append(args, "--database", k.database)
	}
	if out, err := exec.Command(k.bin, args...).CombinedOutput(); err != nil {
		k.t.Fatalf("backup: %v\n%s", err, out)
	}
	return before, archive
}

// restore brings the backup up as an installation of its own: all that had been
// accepted before it is there, once.
func (k *torturer) restore(before map[string]bool, archive string) {
	k.t.Helper()
	r := &torturer{t: k.t, bin: k.bin, data: filepath.Join(k.t.TempDir(), "restored"), accepted: before, unsure: k.unsure}
	if out, err := exec.Command(k.bin, "restore", archive, "--data", r.data).CombinedOutput(); err != nil {
		k.t.Fatalf("restore: %v\n%s", err, out)
	}
	s := r.start()
	r.drain()
	r.finish(s)
	r.count(0)
}

// finish stops the server as an operator would, and verifies all it left.
func (k *torturer) finish(s *server) (said string) {
	k.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		k.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		k.t.Fatalf("graceful stop: %v", err)
	}
	args := []string{"verify", "--data", k.data, "--sample", "0"}
	if k.database != "" {
		args = append(args, "--database", k.database)
	}
	out, err := exec.Command(k.bin, args...).CombinedOutput()
	if err != nil {
		k.t.Fatalf("verify: %v\n%s", err, out)
	}
	return string(out)
}

func (k *torturer) start() *server {
	k.t.Helper()
	args := []string{"serve", "--data", k.data, "--listen", "127.0.0.1:0", "--seal-events", "400", "--log-level", "error"}
	if k.database != "" {
		args = append(args, "--database", k.database)
	}
	cmd := exec.Command(k.bin, args...)
	if k.maxFile > 0 { // as a full disk: no file grows beyond this
		cmd = exec.Command("bash", append([]string{"-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, k.maxFile), k.bin}, args...)...)
	}
	k.stderr.Reset()
	cmd.Stderr = &k.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		k.t.Fatalf("server did not start: %v\n%s", err, k.stderr.String())
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "url: "))
	k.mu.Lock()
	k.url = url
	k.mu.Unlock()
	return &server{cmd, url}
}

func (k *torturer) setup(s *server) {
	k.t.Helper()
	body := `{"email":"o@example.com","password":"a long password","workspace_name":"Kill","time_zone":"UTC","currency":"EUR","source_kind":"server"}`
	res, err := http.Post(s.url+"/api/v1/setup", "application/json", strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct {
		WriteKey string `json:"write_key"`
		CSRF     string `json:"csrf_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.WriteKey == "" || len(res.Cookies()) == 0 {
		k.t.Fatalf("setup: status %d, %v", res.StatusCode, err)
	}
	k.key, k.cookie, k.csrf = out.WriteKey, res.Cookies()[0], out.CSRF
}

// segments are made in two halves: before the load, and while it runs, so that
// their backfills are killed. verify compares their members with all history.
func segments() [2][]string {
	return [2][]string{
		{`{"did":{"event":"Order Completed","op":"gte","value":3}}`, `{"did":{"event":"Order Completed","window":{"last":"60d"}}}`, `{"stage":{"in":["conversion","retention"]}}`},
		{`{"sequence":{"steps":[{"event":"Product Viewed"},{"event":"Order Completed","within":"5d"}]}}`, `{"not":{"segment":{"key":"s0_1"}}}`},
	}
}

func (k *torturer) segment(half int) {
	k.t.Helper()
	for i, when := range segments()[half] {
		body := fmt.Sprintf(`{"key":"s%d_%d","name":"Segment","kind":"dynamic","when":%s}`, half, i, when)
		if status, raw := k.call(http.MethodPost, "/api/v1/segments", body); status/100 != 2 {
			k.t.Fatalf("segment: %d %s", status, raw)
		}
	}
}

// built waits until every segment is computed.
func (k *torturer) built() {
	k.t.Helper()
	for range 600 {
		status, raw := k.call(http.MethodGet, "/api/v1/segments", "")
		if status == http.StatusOK && strings.Contains(raw, "s1_1") && !strings.Contains(raw, `"building":true`) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	k.t.Fatalf("the segments were not computed within a minute\n%s", k.stderr.String())
}

func (k *torturer) call(method, path, body string) (int, string) {
	k.t.Helper()
	req, err := http.NewRequest(method, k.url+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRF-Token", k.csrf)
	req.AddCookie(k.cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// load sends batches until ctx ends. A batch without an answer is sent again,
// as an SDK does.
func (k *torturer) load(ctx context.Context, w int) {
	rnd := rand.New(rand.NewPCG(uint64(w), 7))
	client := &http.Client{Timeout: 10 * time.Second}
	for n := 0; ctx.Err() == nil; n++ {
		var events []map[string]any
		var ids []string
		for i := range 1 + rnd.IntN(40) {
			id := fmt.Sprintf("w%d-%d-%d", w, n, i)
			ids = append(ids, id)
			// Mostly one user a device; now and then a device changes hands.
			device := rnd.IntN(500)
			user := device
			if rnd.IntN(40) == 0 {
				user = rnd.IntN(500)
			}
			e := map[string]any{"type": "track", "event": []string{"Order Completed", "Product Viewed"}[rnd.IntN(2)], "messageId": id,
				"anonymousId": fmt.Sprint("a", device), "timestamp": time.Now().AddDate(0, 0, -rnd.IntN(120)).UTC().Format(time.RFC3339Nano),
				"properties": map[string]any{"order_id": id, "revenue": 5}}
			if rnd.IntN(6) == 0 {
				e["type"], e["userId"] = "identify", fmt.Sprint("u", user)
			}
			events = append(events, e)
		}
		body, err := json.Marshal(map[string]any{"batch": events, "writeKey": k.key})
		if err != nil {
			panic(err)
		}
		k.mark(k.unsure, ids)
		// Every event here is late, which is the slow path: the load stays at
		// what it can follow.
		time.Sleep(200 * time.Millisecond)
		for ctx.Err() == nil {
			k.mu.Lock()
			url := k.url
			k.mu.Unlock()
			res, err := client.Post(url+"/v1/batch", "application/json", bytes.NewReader(body))
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					k.mark(k.accepted, ids)
					break
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func (k *torturer) mark(set map[string]bool, ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range ids {
		set[id] = true
	}
}

// drain waits until the server has processed all that it accepted.
func (k *torturer) drain() {
	k.t.Helper()
	for range 1800 {
		res, err := http.Get(k.url + "/metrics")
		if err == nil {
			raw, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if strings.Contains(string(raw), "\nciclo_inbox_pending_events 0\n") {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	k.t.Fatalf("the inbox was not processed within three minutes\n%s", k.stderr.String())
}

func (k *torturer) count(kills int) {
	k.t.Helper()
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: k.data, Database: k.database}, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		k.t.Fatal(err)
	}
	defer a.Close()
	stored := map[string]int{}
	err = a.Timeline.Scan(ctx, timeline.Request{Workspace: 1, Workers: 1, Columns: []string{timeline.ColID}}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
		for _, id := range r.ID {
			stored[id]++
		}
		return nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	lost, doubled, strange := 0, 0, 0
	for id := range k.accepted {
		if stored[id] == 0 {
			lost++
		}
	}
	for id, n := range stored {
		if n > 1 {
			doubled++
		}
		if !k.unsure[id] {
			strange++
		}
	}
	st := a.Timeline.Stats(1)
	k.t.Logf("%d kills: %d events accepted, %d stored, %d lost, %d doubled, %d segments", kills, len(k.accepted), len(stored), lost, doubled, st.Segments)
	if lost > 0 || doubled > 0 || strange > 0 || len(k.accepted) == 0 || st.Segments == 0 {
		k.t.Errorf("lost %d, doubled %d, never sent %d, accepted %d, segments %d", lost, doubled, strange, len(k.accepted), st.Segments)
	}
}
