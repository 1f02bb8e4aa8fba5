package hook

import (
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Events that webhooks can ask for.
const (
	SegmentEntered = "segment.entered"
	SegmentLeft    = "segment.left"
	AlertFired     = "alert.firing"
	AlertEnded     = "alert.recovered"
	DigestReady    = "digest.ready"
	Ping           = "ping" // a test: always delivered, to the one that asked
)

// Events lists what webhooks can ask for.
func Events() []string {
	return []string{SegmentEntered, SegmentLeft, AlertFired, AlertEnded, DigestReady}
}

// Hook is one address that is told.
type Hook struct {
	ID        int64
	Name      string
	URL       string
	Events    []string // empty: all
	Segments  []int64  // of segment events, only these; empty: all
	Enabled   bool
	Stopped   string // why it was switched off by itself; "" when it was not
	By        string
	CreatedAt core.Micros
	UpdatedAt core.Micros

	secret string // sealed
}

// MaxHooks is how many webhooks a workspace has.
const MaxHooks = 50

// wants says whether h asks for an event about a segment (0: about none).
func (h *Hook) wants(event string, segment int64) bool {
	if !h.Enabled || len(h.Events) > 0 && !slices.Contains(h.Events, event) {
		return false
	}
	return segment == 0 || len(h.Segments) == 0 || slices.Contains(h.Segments, segment)
}

// check says what is wrong with h, naming the field.
func (s *Service) check(h *Hook) error {
	if h.Name = strings.TrimSpace(h.Name); h.Name == "" || len([]rune(h.Name)) > 100 {
		return errs.Field("name", "bad_name", "a webhook needs a name of up to 100 characters")
	}
	if len(h.URL) > 2000 {
		return errs.Field("url", "bad_url", "an address has up to 2000 characters")
	}
	if err := s.client.CheckURL(h.URL); err != nil {
		return errs.Field("url", "bad_url", "%v", err)
	}
	for _, e := range h.Events {
		if !slices.Contains(Events(), e) {
			return errs.Field("events", "unknown_event", "%q is not one of %s", e, strings.Join(Events(), ", "))
		}
	}
	if len(h.Segments) > 1000 {
		return errs.Field("segments", "too_many", "a webhook names up to 1000 segments")
	}
	return nil
}
