package collect_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// BenchmarkAccept measures durable acceptance over HTTP with events of 1 KB
// against SQLite (synchronous=FULL), 16 connections, load generator in the same
// process. A consumer empties the inbox meanwhile when drain is on.
func BenchmarkAccept(b *testing.B) {
	for _, size := range []int{1, 20, 100} {
		for _, drain := range []bool{false, true} {
			b.Run(fmt.Sprintf("batch=%d/drain=%v", size, drain), func(b *testing.B) { benchAccept(b, size, drain) })
		}
	}
}

func benchAccept(b *testing.B, size int, drain bool) {
	store := dbtest.SQLite(b)
	in, err := inbox.New(inbox.Deps{DB: store, Clock: clock.System{}, Secret: []byte("0123456789abcdef"), Limits: inbox.Limits{QueueEvents: 1 << 40, QueueBytes: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, key, err := in.CreateSource(ctx, space, inbox.NewSource{Name: "Bench", Kind: inbox.Server})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(collect.New(collect.Deps{Inbox: in, Clock: clock.System{}}))
	var consumer sync.WaitGroup
	var taken atomic.Int64
	if drain {
		consumer.Go(func() { consume(ctx, b, in, store, &taken) })
	}
	defer func() { cancel(); consumer.Wait(); server.Close() }()
	const workers = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	var moulds [16]mould
	for i := range moulds {
		moulds[i] = newMould(size, i)
	}
	var next atomic.Int64
	spans := make([][]time.Duration, workers)
	before := cpu()
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				begin := time.Now()
				if err := post(client, server.URL, key, moulds[i%16].body(i)); err != nil {
					b.Error(err)
					return
				}
				spans[w] = append(spans[w], time.Since(begin))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(spans...)
	slices.Sort(all)
	events := float64(b.N * size)
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric((cpu()-before).Seconds()/events*1000, "cpu-s/1k-events")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "max-ms")
	if drain {
		b.ReportMetric(float64(taken.Load())/b.Elapsed().Seconds(), "drained/s")
	}
	b.ReportMetric(0, "ns/op")
}

// consume takes and commits until ctx ends.
func consume(ctx context.Context, b *testing.B, in *inbox.Service, store *db.DB, taken *atomic.Int64) {
	for ctx.Err() == nil {
		w, err := in.Take(ctx, space, 2000)
		if err == nil && w != nil {
			err = store.Write(ctx, func(tx *db.Tx) error { return w.Commit(ctx, tx) })
			taken.Add(int64(w.Total()))
		}
		if err != nil && ctx.Err() == nil {
			b.Error(err)
			return
		}
		if w == nil {
			select {
			case <-in.Wake():
			case <-ctx.Done():
			}
		}
	}
}

func post(client *http.Client, url, key string, body []byte) error {
	req, err := http.NewRequest(http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(key, "")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 {
		return fmt.Errorf("%d %s %w", res.StatusCode, text, err)
	}
	return nil
}

// mould is a prepared body in which only the number of the batch changes.
type mould struct {
	text  []byte
	holes []int // where the twelve digits go
}

func newMould(n, salt int) mould {
	var m mould
	s := bytes.NewBufferString(`{"batch":[`)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(`{"type":"track","event":"Product Viewed","messageId":"node-`)
		m.holes = append(m.holes, s.Len())
		fmt.Fprintf(s, `000000000000-%d","userId":"user-%d","timestamp":"2026-05-04T12:00:00.000Z","properties":{"product_id":"%d","price":19.9,"note":"`, i, salt*100+i, i)
		for j := 0; j < 60; j++ {
			fmt.Fprintf(s, "word %x %x ", salt*31+i*j, j*j*i)
		}
		s.WriteString(`"}}`)
	}
	s.WriteString(`],"sentAt":"2026-05-04T12:00:00.000Z"}`)
	m.text = s.Bytes()
	return m
}

func (m mould) body(batch int64) []byte {
	out := slices.Clone(m.text)
	digits := fmt.Sprintf("%012d", batch)
	for _, at := range m.holes {
		copy(out[at:], digits)
	}
	return out
}

// cpu is the processor time this process used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
