package inbox

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Dedupe window of a source in days.
const (
	MinDedupeDays     = 30
	DefaultDedupeDays = 90
	MaxDedupeDays     = 3650
)

// Source is a place that events come from, known by its write key.
type Source struct {
	Workspace core.WorkspaceID `json:"-"`
	ID        core.SourceID    `json:"id"`
	Name      string           `json:"name"`
	Kind      SourceKind       `json:"kind"`
	Enabled   bool             `json:"enabled"`
	KeyPrefix string           `json:"key_prefix"` // first characters of the write key
	IPPolicy  IPPolicy         `json:"ip_policy"`
	Settings  Settings         `json:"settings"`
	CreatedAt core.Micros      `json:"created_at"`
	UpdatedAt core.Micros      `json:"updated_at"`
	// LastEventAt is when the newest processed event was received; 0 for never.
	LastEventAt core.Micros `json:"last_event_at"`

	keyHash string
	rules   *rules // compiled settings
}

// Settings of a source that an admin edits.
type Settings struct {
	// DedupeDays is how long message ids are remembered.
	DedupeDays int `json:"dedupe_days"`
	// RatePerSecond limits events a second; 0 is no limit. Burst defaults to
	// ten seconds' worth.
	RatePerSecond int `json:"rate_per_second,omitempty"`
	Burst         int `json:"burst,omitempty"`
	// TakesUnknownKeys sends batches with an unknown key to the quarantine of
	// this source instead of refusing them.
	TakesUnknownKeys bool           `json:"takes_unknown_keys,omitempty"`
	Plan             *Plan          `json:"plan,omitempty"`
	Properties       []PropertyRule `json:"properties,omitempty"`
	// OnlyListed keeps only properties that a rule allows, hashes or encrypts.
	OnlyListed bool `json:"only_listed,omitempty"`
	// Test marks every event of the source as a test: reports leave them out.
	Test bool     `json:"test,omitempty"`
	Bots BotRules `json:"bots,omitzero"`
}

// BotRules say what of a source counts as sent by programs, beside what is
// known in general. A rate of 0 takes the default, one below 0 is off.
type BotRules struct {
	// Networks whose events come from programs, such as 203.0.113.0/24.
	Networks []string `json:"networks,omitempty"`
	// PerAnonymousID and PerAddress are how many events of one anonymous id, or
	// of one address, in one minute of event time a person can send.
	PerAnonymousID int `json:"per_anonymous_id,omitempty"`
	PerAddress     int `json:"per_address,omitempty"`
}

// NewSource is what CreateSource needs.
type NewSource struct {
	Name     string
	Kind     SourceKind
	IPPolicy IPPolicy
	Settings Settings
	// Key is the write key to use; empty makes a random one.
	Key string
}

// SourceUpdate holds what UpdateSource changes; nil leaves a field alone.
type SourceUpdate struct {
	Name     *string
	Kind     *SourceKind
	Enabled  *bool
	IPPolicy *IPPolicy
	Settings *Settings
}

// SourceStats are the counters of one source.
type SourceStats struct {
	Source
	Counts map[string]int64 `json:"counts"` // all days, by counter name
}

// Validate checks the source and fills defaults.
func (s *Source) Validate() error {
	s.Name = tidy(s.Name)
	if n := utf8.RuneCountInString(s.Name); n < 1 || n > 100 {
		return errs.Field("name", "invalid_name", "name must have 1 to 100 characters")
	}
	switch s.Kind {
	case Browser, Server, Mobile:
	default:
		return errs.Field("kind", "invalid_kind", "kind must be browser, server or mobile")
	}
	switch s.IPPolicy {
	case "":
		s.IPPolicy = IPKeep
	case IPKeep, IPTruncate, IPRemove:
	default:
		return errs.Field("ip_policy", "invalid_ip_policy", "ip_policy must be keep, truncate or remove")
	}
	if s.Settings.DedupeDays == 0 {
		s.Settings.DedupeDays = DefaultDedupeDays
	}
	if d := s.Settings.DedupeDays; d < MinDedupeDays || d > MaxDedupeDays {
		return errs.Field("settings.dedupe_days", "invalid_dedupe_days", "dedupe_days must lie between %d and %d", MinDedupeDays, MaxDedupeDays)
	}
	if s.Settings.RatePerSecond < 0 || s.Settings.Burst < 0 {
		return errs.Field("settings.rate_per_second", "invalid_rate", "rates must not be negative")
	}
	return nil
}

// networks gives whose networks count as crawlers' at the source.
func (s *Source) networks() *Networks {
	if s.rules == nil {
		return nil
	}
	return s.rules.networks
}

// Window is how long message ids of the source are remembered.
func (s *Source) Window() core.Micros {
	return core.Micros(max(s.Settings.DedupeDays, MinDedupeDays)) * core.Day
}

// newKey makes a write key with 120 random bits.
func newKey() (string, error) {
	var b [15]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return "wk_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:])), nil
}

// checkKey says whether a given write key can be used.
func checkKey(key string) error {
	if len(key) < 8 || len(key) > 128 {
		return errs.Field("key", "invalid_key", "a write key must have 8 to 128 characters")
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' || c == ':' {
			return errs.Field("key", "invalid_key", "a write key must be printable ASCII without blanks and colons")
		}
	}
	return nil
}

func prefixOf(key string) string { return key[:min(len(key), 7)] }

// loadSource turns a stored row into a ready source.
func (s *Service) loadSource(src *Source, settings string) error {
	if err := json.Unmarshal([]byte(settings), &src.Settings); err != nil {
		return fmt.Errorf("read settings of source %d: %w", src.ID, err)
	}
	var err error
	if src.rules, err = s.compile(src); err != nil {
		return fmt.Errorf("compile settings of source %d: %w", src.ID, err)
	}
	return nil
}
