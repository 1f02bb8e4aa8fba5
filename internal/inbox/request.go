package inbox

import (
	"github.com/ciclo/ciclo/internal/core"
)

// Shape says how a body is laid out, which its path tells.
type Shape uint8

// Shapes of bodies. A batch with api_key instead of writeKey is read as
// PostHog's, whatever its path.
const (
	ShapeBatch  Shape = iota + 1 // {"batch":[…]}
	ShapeSingle                  // one event; its kind comes from the path
	ShapePixel                   // a query string, see PixelBody
)

// SourceKind says what runs at a source.
type SourceKind string

// Kinds of sources.
const (
	Browser SourceKind = "browser"
	Server  SourceKind = "server"
	Mobile  SourceKind = "mobile"
)

// IPPolicy says what is kept of addresses.
type IPPolicy string

// Address policies, from mild to strict. Truncate keeps three octets of IPv4
// and 48 bits of IPv6.
const (
	IPKeep     IPPolicy = "keep"
	IPTruncate IPPolicy = "truncate"
	IPRemove   IPPolicy = "remove"
)

// Stricter gives the stricter of p and o. Unknown text counts as keep.
func (p IPPolicy) Stricter(o IPPolicy) IPPolicy {
	rank := func(p IPPolicy) int {
		switch p {
		case IPTruncate:
			return 1
		case IPRemove:
			return 2
		}
		return 0
	}
	if rank(o) > rank(p) {
		return o
	}
	if p == "" {
		return IPKeep
	}
	return p
}

// Meta is what must be known beside the body to parse it again identically. It
// is stored with the batch.
type Meta struct {
	Shape    Shape      `json:"s"`
	Kind     core.Kind  `json:"k,omitempty"`  // kind from the path of a single event
	SentAt   string     `json:"sa,omitempty"` // SentAt header
	IP       string     `json:"ip,omitempty"` // address of the caller, after the policy
	Agent    string     `json:"ua,omitempty"` // User-Agent header
	Source   SourceKind `json:"sk,omitempty"`
	IPPolicy IPPolicy   `json:"pp,omitempty"`
	// Imported marks a trusted import: no address is filled in and the events
	// carry FlagImported, and FlagHistoric unless Live.
	Imported bool `json:"im,omitempty"`
	Live     bool `json:"li,omitempty"`
	// Unknown marks a batch sent with an unknown key: all of it is quarantined.
	Unknown bool `json:"un,omitempty"`
	// MessageID replaces a missing message id when an event is replayed.
	MessageID string `json:"id,omitempty"`
	Replayed  bool   `json:"re,omitempty"`
	// PostHog says that the events are PostHog's although no key tells so.
	PostHog bool `json:"ph,omitempty"`
	// Mismatch notes that a second, different key came with the request.
	Mismatch bool `json:"mm,omitempty"`
	// Network is the crawler network of the caller's address, found before the
	// policy shortened it.
	Network string `json:"nw,omitempty"`
	// Rate, Hashed and Print are of an event in quarantine: why its sender was too
	// fast for a person, which properties were hashed already, and the
	// fingerprint it had before.
	Rate   string   `json:"rt,omitempty"`
	Hashed []string `json:"hp,omitempty"`
	Print  uint64   `json:"fp,omitempty"`
}

// Request is a decompressed body and all that Parse needs beside it.
type Request struct {
	Meta
	Body     []byte
	Received core.Micros
	SourceID core.SourceID
	// Networks tells whose network an address in the events is; nil knows none.
	Networks *Networks
	// Seed makes the message ids of events that came without one: the same seed
	// gives the same ids.
	Seed int64
}

// Codes of rejects, which are also the reasons of quarantine.
const (
	CodeBadID          = "bad_id"
	CodeBadProperties  = "bad_properties"
	CodeNoIdentity     = "no_identity"
	CodeNoEventName    = "no_event_name"
	CodeNameTooLong    = "event_name_too_long"
	CodeEventTooLarge  = "event_too_large"
	CodeIDTooLong      = "message_id_too_long"
	CodeTooDeep        = "too_deep"
	CodeUnknownType    = "unknown_type"
	CodePlanBlocked    = "plan_blocked"
	CodePlanViolation  = "plan_violation"
	CodeErasedIdentity = "erased_identity"
	CodeUnknownKey     = "unknown_key"
	CodeUnreadable     = "unreadable_batch" // a stored batch that is damaged
)

// Limits of one event.
const (
	MaxEventBytes = 32_768 // raw JSON
	MaxIDRunes    = 255
	MaxNameRunes  = 255
	maxDepth      = 32
)

// Reject is an event that the parser refused, with the reason.
type Reject struct {
	Index     int
	MessageID string
	Name      string // event name, as far as it could be read
	Code      string
	Message   string
	Raw       []byte // the event as received; shares the body's memory
	print     uint64 // fingerprint; 0 when the event could not be read so far
}

// Result is what Parse read from a body.
type Result struct {
	WriteKey string // first key found in the body
	PostHog  bool
	Messages []core.Message
	Raws     [][]byte // raw event of each message; shares the body's memory
	Rejects  []Reject
	Total    int // events in the body: messages and rejects
	// Envelope is the part of the body around the events, as a JSON object
	// without batch and keys. It is kept with quarantined events.
	Envelope []byte
}
