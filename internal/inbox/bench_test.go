package inbox_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/inbox"
)

// ordinaryBatch is a batch as a server or browser library sends it: n events
// of about size bytes each.
func ordinaryBatch(n, size int) []byte {
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		start := b.Len()
		fmt.Fprintf(&b, `{"type":"track","event":"Product Viewed","userId":"user-%d","anonymousId":"a7e1%08d","messageId":"node-next-1714824000%d-7b8f4c1d","timestamp":"2026-05-04T12:00:00.%03dZ",`+
			`"context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"},"locale":"it-IT","page":{"url":"https://shop.test/p/%d","path":"/p/%d"}},`+
			`"properties":{"product_id":"%d","price":19.9,"currency":"EUR","quantity":1`, i%17, i, i, i%1000, i, i, i)
		if pad := size - (b.Len() - start) - 15; pad > 0 {
			words := strings.Repeat("colour size brand ", pad/18+1)
			fmt.Fprintf(&b, `,"note":"%s"`, words[:pad])
		}
		b.WriteString(`}}`)
	}
	b.WriteString(`],"sentAt":"2026-05-04T12:00:01.000Z","writeKey":"wk_test"}`)
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for _, size := range []int{460, 1024} {
		b.Run(fmt.Sprintf("100x%dB", size), func(b *testing.B) {
			body := ordinaryBatch(100, size)
			b.SetBytes(int64(len(body)))
			before := cpuTime(b)
			b.ReportAllocs()
			for b.Loop() {
				res, err := inbox.Parse(inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeBatch, Source: inbox.Server}, Body: body, Received: received, Seed: 1})
				if err != nil || len(res.Messages) != 100 {
					b.Fatal(err, len(res.Messages))
				}
			}
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(b.N)*100/(cpuTime(b)-before).Seconds(), "events/cpu-s")
		})
	}
}

// cpuTime is the processor time this process used, which a busy machine does
// not stretch as it does the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestHostileBodies parses bodies of the largest size that would keep a parser
// with quadratic steps busy until the test runner gives up.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	const size = 4_000_000
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (size-len(head)-len(tail))/len(part)) + tail
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":%d,`, i, i)
		}
		return b.String()
	}
	const event = `{"type":"track","event":"e","userId":"u"`
	for name, body := range map[string]string{
		"repeated keys":      fill(`{"batch":[`+event+`,"properties":{`, `"k":1,`, `"z":1}}]}`),
		"distinct keys":      `{"batch":[` + event + `,"properties":{` + keys(300_000) + `"z":1}}]}`,
		"escaped quotes":     fill(`{"batch":[{"type":"track","userId":"u","event":"`, `\"`, `"}]}`),
		"backslashes":        fill(`{"batch":[{"type":"track","userId":"u","event":"`, `\\`, `"}]}`),
		"envelope members":   fill(`{`, `"context":{"a":1},`, `"batch":[]}`),
		"nested":             `{"batch":[` + strings.Repeat(`[`, size/2) + strings.Repeat(`]`, size/2) + `]}`,
		"open brackets":      strings.Repeat(`[`, size),
		"tiny events":        fill(`{"batch":[`, `{},`, `{}]}`),
		"large envelope":     `{"context":{` + keys(120_000) + `"z":1},` + fill(`"batch":[`, event+`,"context":{"a":1}},`, `{}]}`)[size/2:] + `}`,
		"envelope and event": `{"context":{` + keys(2000) + `"z":1},` + fill(`"batch":[`, event+`,"context":{`+keys(2000)+`"z":1}},`, `{}]}`) + `}`,
		"small envelope":     `{"context":{` + keys(200) + `"z":1},` + fill(`"batch":[`, event+`,"context":{"a":1}},`, `{}]}`) + `}`,
		"line of digits":     fill(`{"batch":[{"userId":`, `1`, `}]}`),
		"external ids":       fill(`{"batch":[`, event+`,"context":{"externalIds":[`+strings.Repeat(`{"id":1,"type":"t"},`, 1000)+`{}]}},`, `{}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := inbox.Parse(inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Body: []byte(body), Received: received})
			kept := 0
			for i := range res.Messages {
				kept += len(res.Messages[i].ContextRest)
			}
			if err == nil && len(res.Messages)+len(res.Rejects) != res.Total || kept > 64<<20 {
				t.Errorf("%d events, %d messages, %d rejects, %d bytes of context", res.Total, len(res.Messages), len(res.Rejects), kept)
			}
		})
	}
}
