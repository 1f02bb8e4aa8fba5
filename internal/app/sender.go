package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/kit/clock"
)

// sendBatch posts events in JSON, with commas between, over HTTP as an SDK
// would: told to wait, it waits and tries again.
func sendBatch(ctx context.Context, client *http.Client, c clock.Clock, url, key string, events []byte) error {
	head := `{"writeKey":"` + key + `","sentAt":"` + c.Now().UTC().Format(time.RFC3339Nano) + `","batch":[`
	body := slices.Concat([]byte(head), events, []byte("]}"))
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("send events: %w", err)
		}
		answer, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil {
			return fmt.Errorf("send events: status %d: %s", res.StatusCode, answer)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.After(time.Duration(wait) * time.Second):
		}
	}
}
