package collect

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// refusal is an answer that is not 200.
type refusal struct {
	status        int
	code, message string
	retry         int // seconds; 0 sends no Retry-After
}

// refusalOf turns an error of the inbox into an answer.
func refusalOf(err error) refusal {
	r := refusal{status: http.StatusServiceUnavailable, code: errs.CodeOf(err), message: "the server cannot take events now; try again later", retry: 5}
	if wait, ok := inbox.RetryAfter(err); ok {
		r.retry = int(min(max(math.Ceil(wait.Seconds()), 1), 300))
	}
	switch errs.KindOf(err) {
	case errs.Invalid:
		r.status, r.retry = http.StatusBadRequest, 0
	case errs.Unauthorized:
		r.status, r.retry = http.StatusUnauthorized, 0
	case errs.NotFound:
		r.status, r.retry = http.StatusNotFound, 0
	case errs.TooLarge:
		r.status, r.retry = http.StatusRequestEntityTooLarge, 0
	case errs.Busy:
		r.status = http.StatusTooManyRequests
	}
	var known *errs.Error
	if errors.As(err, &known) && known.Message != "" {
		r.message = known.Message
	}
	return r
}

// refuse writes a problem document with the members that client libraries read.
func refuse(w http.ResponseWriter, r refusal) {
	if r.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retry))
	}
	body, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(r.status), "status": r.status, "detail": r.message,
		"success": false, "code": r.code, "message": r.message,
	})
	if err != nil {
		body = []byte(`{"success":false}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(r.status)
	_, _ = w.Write(body) // the caller may be gone
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone
}

// maxErrors bounds how many refused events an answer names.
const maxErrors = 20

// summary is the body of a 200.
func summary(res inbox.Result) []byte {
	type reject struct {
		Index     int    `json:"index"`
		MessageID string `json:"messageId"`
		Code      string `json:"code"`
	}
	out := struct {
		Success     bool     `json:"success"`
		Accepted    int      `json:"accepted"`
		Quarantined int      `json:"quarantined"`
		Errors      []reject `json:"errors"`
		Status      int      `json:"status,omitempty"`
	}{Success: true, Accepted: len(res.Messages), Quarantined: len(res.Rejects), Errors: []reject{}}
	if res.PostHog {
		out.Status = 1
	}
	for _, x := range res.Rejects[:min(len(res.Rejects), maxErrors)] {
		out.Errors = append(out.Errors, reject{x.Index, x.MessageID, x.Code})
	}
	body, err := json.Marshal(out)
	if err != nil {
		return []byte(`{"success":true}`)
	}
	return body
}

// allowHeaders are what client libraries send at least.
const allowHeaders = "authorization, content-type, x-retry-count, x-write-key, anonymousid, sentat, x-ip-policy"

// cors lets browsers of any origin talk to the ingest paths, with credentials.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	head.Set("Access-Control-Allow-Origin", origin)
	head.Set("Access-Control-Allow-Credentials", "true")
	head.Set("Access-Control-Expose-Headers", "Retry-After")
	if r.Method != http.MethodOptions {
		return
	}
	names := strings.Split(allowHeaders, ", ")
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if isToken(name) && !slices.Contains(names, name) && len(names) < 64 {
			names = append(names, name)
		}
	}
	head.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	head.Set("Access-Control-Allow-Headers", strings.Join(names, ", "))
	head.Set("Access-Control-Max-Age", strconv.Itoa(int((24 * time.Hour).Seconds())))
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
