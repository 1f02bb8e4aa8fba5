package kill_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDiskFull lets the files of a data folder hit a bound while events come
// in, as a full disk does. What cannot be stored is refused with a time to come
// back; once there is room again, everything accepted is there once.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	k := newTorturer(t, "")
	s := k.start()
	k.setup(s)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	k.maxFile = 4000
	s = k.start()
	refused := 0
	for n := 0; refused < 10; n++ {
		if n == 3000 {
			t.Fatal("the files never reached their bound")
		}
		ids, status, retry := k.sendLarge(n)
		switch {
		case status == http.StatusOK:
			k.mark(k.accepted, ids)
		case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
			refused++
			if sec, err := strconv.Atoi(retry); err != nil || sec < 1 || sec > 300 {
				t.Fatalf("refused without a time to come back: Retry-After %q", retry)
			}
			time.Sleep(50 * time.Millisecond)
		default:
			t.Fatalf("a full disk answers %d\n%s", status, k.stderr.String())
		}
	}
	if res, err := http.Get(k.url + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the server is not alive: %v %v", res, err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // it may not be able to write its last words
	k.maxFile = 0
	s = k.start()
	for n := 100_000; n < 100_003; n++ {
		ids, status, _ := k.sendLarge(n)
		if status != http.StatusOK {
			t.Fatalf("with room again the answer is %d", status)
		}
		k.mark(k.accepted, ids)
	}
	k.drain()
	k.finish(s)
	k.count(0)
}

// sendLarge sends 50 events of a kilobyte each. Without an answer the status
// is 0.
func (k *torturer) sendLarge(n int) (ids []string, status int, retry string) {
	k.t.Helper()
	var events []map[string]any
	for i := range 50 {
		id := fmt.Sprintf("full-%d-%d", n, i)
		ids = append(ids, id)
		// Words that hardly compress.
		var b strings.Builder
		for j := range 60 {
			fmt.Fprintf(&b, "%x", (uint64(n)*50+uint64(i)+1)*0x9E3779B97F4A7C15^uint64(j+1)*0xD1B54A32D192ED03)
		}
		events = append(events, map[string]any{"type": "track", "event": "Filled", "messageId": id, "userId": fmt.Sprint("u", i), "properties": map[string]any{"words": b.String()}})
	}
	k.mark(k.unsure, ids)
	body, err := json.Marshal(map[string]any{"batch": events, "writeKey": k.key})
	if err != nil {
		k.t.Fatal(err)
	}
	res, err := http.Post(k.url+"/v1/batch", "application/json", bytes.NewReader(body))
	if err != nil {
		k.t.Fatalf("no answer: %v\n%s", err, k.stderr.String())
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return ids, res.StatusCode, res.Header.Get("Retry-After")
}
