package timeline

import (
	"log/slog"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Homes tells where events live now. The identity room implements it; its
// methods are called by many goroutines at once.
type Homes interface {
	// Home gives the current customer of an event tracked by actor at that time.
	Home(ws core.WorkspaceID, actor core.ActorID, at core.Micros) core.CustomerID
	// Version rises with every change to the map that can move existing events.
	Version(ws core.WorkspaceID) int64
	// Moved gives the numbers-at-write whose events may live elsewhere because
	// of changes after version since; nil means none.
	Moved(ws core.WorkspaceID, since int64) map[core.CustomerID]struct{}
	// Written gives all numbers under which events of c may have been written,
	// c included.
	Written(ws core.WorkspaceID, c core.CustomerID) []core.CustomerID
}

// Options opens a Store. DB, Dir and Clock are required.
type Options struct {
	DB    *db.DB
	Dir   string // data folder; files go to Dir/timeline/<workspace>/
	Clock clock.Clock
	Log   *slog.Logger // nil discards
	Homes Homes        // nil: nobody moved; see Store.SetHomes
	// SealEvents is the tail size, in events of one workspace, at which Maintain
	// seals. Default 200,000.
	SealEvents int
	// SealAge is the age of the oldest tail batch at which Maintain seals.
	// Default 15 minutes.
	SealAge core.Micros
	// MaxFileEvents bounds the events of a file made by compaction. Default
	// 16 million.
	MaxFileEvents int64
	// SettleShare is the share of a segment's customers that must have moved
	// before compaction rewrites it for that reason alone. Default 0.02.
	SettleShare float64
	// Fault, when set, is called at each named step of sealing, compaction and
	// erasure, so that a test can die there.
	Fault func(point string)
}

// Pos is a place in a customer's timeline.
type Pos struct {
	Time core.Micros
	Seq  int64
}

// CustomerQuery chooses events of one customer.
type CustomerQuery struct {
	After, Before core.Micros // half open [After, Before) on event time; 0 = open
	Desc          bool        // newest first
	Limit         int         // 0 = all
	Kinds         []core.Kind // nil = all
	Names         []string    // nil = all
	AfterPos      *Pos        // continue behind this event, in the direction of reading
	AsReceived    core.Micros // only events received at or before; 0 = all
	Lean          bool        // only what a fold reads: customer, time, position, kind, name, id, properties
}

// EventKey names events of one kind; Name "" means all of the kind.
type EventKey struct {
	Kind core.Kind
	Name string
}

// Request chooses what a Scan reads.
type Request struct {
	Workspace  core.WorkspaceID
	From, To   core.Micros       // half open on event time; 0 = open
	AsReceived core.Micros       // only events received at or before; 0 = all
	Match      []EventKey        // nil = all events
	Columns    []string          // see the Col constants and Prop
	Customers  []core.CustomerID // nil = all, else sorted
	Workers    int               // 0 = GOMAXPROCS
	// AnyOrder gives the rows of a customer as they come, without Seq: for folds
	// that need no order, which then cost a fifth less.
	AnyOrder bool
	// Mixed allows rows of several customers in one call, in any order: for folds
	// that do not ask whose they are. See Rows.Customers.
	Mixed bool
	Also  Also // nil = nothing beside the timeline
	// Progress, when set, is told now and then how many rows were passed, from
	// any worker. Rows of skipped pages count as passed.
	Progress func(doneRows, totalRows int64)
}

// Columns that a Request may name beside those of Prop.
const (
	ColActor    = "actor"
	ColReceived = "received"
	ColOriginal = "original"
	ColSent     = "sent"
	ColSource   = "source"
	ColID       = "id"
	ColFlags    = "flags"
	ColContext  = "context"
	ColProps    = "props"
	ColRest     = "rest"

	propPrefix = "p."
)

// Prop names the column of one property path for Request.Columns.
func Prop(path string) string { return propPrefix + path }

// contextPrefix begins a path that means a context column: no property has a
// zero byte in its name.
const contextPrefix = "\x00"

// ContextPath is the path of one standard context column, such as "referrer": Prop
// takes it, and Rows gives the column as texts like a property. Reading one column
// costs a fraction of ColContext.
func ContextPath(column string) string { return contextPrefix + column }

// ContextOf gives the column of a ContextPath.
func ContextOf(path string) (column string, ok bool) { return strings.CutPrefix(path, contextPrefix) }

// plan is the parsed form of Request.Columns.
type plan struct {
	actor, received, original, sent, source, id, flags, context, props, rest bool

	paths    []string // property paths wanted as columns
	anyOrder bool     // see Request
	mixed    bool     // see Request
	noFlags  bool     // flags are wanted, and none is set in what is read
}

func newPlan(columns []string) (plan, error) {
	var p plan
	for _, c := range columns {
		switch c {
		case ColActor:
			p.actor = true
		case ColReceived:
			p.received = true
		case ColOriginal:
			p.original = true
		case ColSent:
			p.sent = true
		case ColSource:
			p.source = true
		case ColID:
			p.id = true
		case ColFlags:
			p.flags = true
		case ColContext:
			p.context = true
		case ColProps:
			p.props = true
		case ColRest:
			p.rest = true
		case "time", "seq", "kind", "event":
		default:
			path, ok := strings.CutPrefix(c, propPrefix)
			if !ok || path == "" {
				return p, errColumn(c)
			}
			if name, context := ContextOf(path); context && contextAt(name) == nil {
				return p, errColumn(c)
			}
			if p.path(path) < 0 {
				p.paths = append(p.paths, path)
			}
		}
	}
	return p, nil
}

// everything is the plan that materialises whole events.
func everything() plan {
	return plan{actor: true, received: true, original: true, sent: true, source: true, id: true, flags: true, context: true, props: true, rest: true}
}

// lean is the plan of what a fold reads.
func lean() plan { return plan{id: true, props: true} }

// wide says whether the plan has columns beside properties.
func (p *plan) wide() bool {
	return p.actor || p.received || p.original || p.sent || p.source || p.id || p.flags && !p.noFlags || p.context || p.props || p.rest
}

func (p *plan) path(path string) int {
	for i, s := range p.paths {
		if s == path {
			return i
		}
	}
	return -1
}
