package core

import "time"

// Micros is an instant: microseconds since 1970-01-01T00:00:00Z.
type Micros = int64

// Spans in microseconds.
const (
	Second Micros = 1_000_000
	Minute        = 60 * Second
	Hour          = 60 * Minute
	Day           = 24 * Hour
)

// FromTime turns t into Micros, truncating below the microsecond.
func FromTime(t time.Time) Micros { return t.UnixMicro() }

// ToTime turns m into a UTC time.
func ToTime(m Micros) time.Time { return time.UnixMicro(m).UTC() }

type (
	// WorkspaceID numbers a workspace. It is the first column of every key.
	WorkspaceID int64
	// CustomerID numbers a customer inside its workspace, from 1. Numbers are
	// never reused; an absorbed number stays valid and answers as its survivor.
	CustomerID int64
	// ActorID numbers an identifier inside its workspace, from 1. An event keeps
	// the actor that tracked it for ever.
	ActorID int64
	// SourceID numbers a source (a place events come from) inside its workspace.
	SourceID int64
)

// Kind says what sort of entry of the timeline an Event is.
type Kind uint8

// Kinds of the tracking specification, then those Ciclo writes itself.
const (
	KindTrack Kind = iota + 1
	KindIdentify
	KindPage
	KindScreen
	KindGroup
	KindAlias
	KindSignal // written by a reactor: stage, segment, message, points …
)

var kindNames = [...]string{"", "track", "identify", "page", "screen", "group", "alias", "signal"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// ParseKind reads the name of a kind; ok is false when it is unknown.
func ParseKind(s string) (k Kind, ok bool) {
	for i := 1; i < len(kindNames); i++ {
		if kindNames[i] == s {
			return Kind(i), true
		}
	}
	return 0, false
}

// Flags marks what was noticed about an event on its way in.
type Flags uint32

// Flags of an event. Their values are stored: append only.
const (
	FlagTimeInvalid Flags = 1 << iota // unreadable time given, received time used
	FlagTimeClamped                   // time lay in the future, received time used
	FlagLate                          // more than 15 minutes before receipt
	FlagNoMessageID                   // the server made the id: no dedupe possible
	FlagIDConflict                    // same id seen with another fingerprint
	FlagBot                           // sent by a bot
	FlagTest                          // test order or test persona
	FlagBadMoney                      // a money property was not a decimal number
	FlagNoCurrency                    // currency missing, workspace currency taken
	FlagUnplanned                     // not in the tracking plan
	FlagImported                      // came by an import
	FlagHistoric                      // side effects are off for it
)

// Context holds the standard columns taken from an event's context. Empty
// means absent.
type Context struct {
	PageURL, PagePath, PageTitle, Referrer                 string
	UTMSource, UTMMedium, UTMCampaign, UTMTerm, UTMContent string
	IP, UserAgent, Device, OS, Browser                     string
	Locale, Timezone, Country, App, Library                string
	Group                                                  string // groupId of the call or its context
}

// Message is one tracked event as parsed at the door, before its customer is
// known.
type Message struct {
	Index       int // position in its batch
	Kind        Kind
	Name        string // event name of a track, name of a page or screen
	ID          string // message id as sent, never rewritten
	UserID      string
	AnonymousID string
	PreviousID  string
	GroupID     string
	Time        Micros // corrected by the clock rule
	Original    Micros // as given by the client; 0 when absent
	Sent        Micros // 0 when absent
	Received    Micros
	Context     Context
	External    []Identifier // context.externalIds and device ids
	// Props is a JSON object: properties of track, page and screen, traits of
	// identify and group. Nil when absent. Valid UTF-8, no U+0000.
	Props []byte
	// ContextRest is a JSON object with what has no standard column, or nil.
	ContextRest []byte
	// ContextTraits is context.traits, a JSON object, or nil.
	ContextTraits []byte
	Fingerprint   uint64
	Flags         Flags
	Source        SourceID
}

// Event is one entry of a customer's timeline.
type Event struct {
	Customer CustomerID // number when it was written; readers follow the map
	Actor    ActorID
	Time     Micros
	Received Micros
	Original Micros
	Sent     Micros
	Seq      int64 // position in the workspace's log: unique, rising
	ID       string
	Kind     Kind
	Name     string
	Source   SourceID
	Flags    Flags
	Context  Context
	Props    []byte // JSON object or nil; see Message.Props
	Rest     []byte // JSON object or nil: context without a standard column
}

// Before says whether e comes before o in a customer's timeline: by time, then
// by log position.
func (e *Event) Before(o *Event) bool {
	if e.Time != o.Time {
		return e.Time < o.Time
	}
	return e.Seq < o.Seq
}
