package query

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Bounds and defaults of paths.
const (
	DefaultGap   = 30 * core.Minute
	DefaultSteps = 5
	DefaultEdges = 50

	maxPathSteps  = 20
	maxPathEdges  = 500
	maxPathEvents = 20
	maxPathGroups = 50
	maxItem       = 255 // bytes of an item; the rest is cut
)

// Ellipsis stands for the items left out between start and end.
const Ellipsis = "…"

// Paths follows customers from item to item within sessions. Consecutive equal
// items are one.
type Paths struct {
	Events []PathEvent `json:"events,omitempty"` // default: page views by their path
	Gap    string      `json:"gap,omitempty"`    // a pause of at least this ends a session; default 30m
	Steps  int         `json:"steps,omitempty"`  // items of a path; default 5
	Edges  int         `json:"edges,omitempty"`  // shown; default 50
	Groups []PathGroup `json:"groups,omitempty"` // the first that fits names the item
	Start  string      `json:"start,omitempty"`  // paths begin at its first occurrence in the session
	End    string      `json:"end,omitempty"`    // paths end at its first occurrence behind the start
}

// PathEvent chooses events and what they are called in paths.
type PathEvent struct {
	Event
	Item string `json:"item,omitempty"` // property; without it, or where it is missing, the event's name
}

// PathGroup calls all items that fit a pattern the same. In a pattern * stands
// for any text; a regex may fit anywhere in the item. Both take time in
// proportion to the item.
type PathGroup struct {
	Name    string `json:"name"`
	Pattern string `json:"pattern,omitempty"`
	Regex   string `json:"regex,omitempty"`
}

func (p *Paths) events() []PathEvent {
	if len(p.Events) == 0 {
		return []PathEvent{{Event: Event{Kind: "page"}, Item: "path"}}
	}
	return p.Events
}

func (p *Paths) gap() core.Micros {
	if span, err := expr.ParseSpan(p.Gap); err == nil {
		return span
	}
	return DefaultGap
}

func (p *Paths) check() error {
	if len(p.Events) > maxPathEvents {
		return bad("paths.events", "are more than %d", maxPathEvents)
	}
	for i := range p.Events {
		field := fmt.Sprintf("paths.events[%d]", i)
		if err := p.Events[i].Event.check(field); err != nil {
			return err
		}
		if p.Events[i].Item != "" {
			if err := checkProperty(field+".item", p.Events[i].Item); err != nil {
				return err
			}
		}
	}
	if p.Gap != "" {
		if _, err := expr.ParseSpan(p.Gap); err != nil {
			return bad("paths.gap", "%v", err)
		}
	}
	if p.Steps != 0 && (p.Steps < 2 || p.Steps > maxPathSteps) {
		return bad("paths.steps", "must lie between 2 and %d", maxPathSteps)
	}
	if p.Start != "" && p.End != "" && p.Steps != 0 && p.Steps < 3 {
		return bad("paths.steps", "must be 3 or more between a start and an end")
	}
	if p.Edges < 0 || p.Edges > maxPathEdges {
		return bad("paths.edges", "must lie between 1 and %d", maxPathEdges)
	}
	if len(p.Start) > maxItem || len(p.End) > maxItem {
		return bad("paths.start", "and end are at most %d bytes", maxItem)
	}
	if p.Start != "" && p.Start == p.End {
		return bad("paths.end", "is the start")
	}
	if len(p.Groups) > maxPathGroups {
		return bad("paths.groups", "are more than %d", maxPathGroups)
	}
	_, err := p.patterns()
	return err
}

// patterns compiles the groups.
func (p *Paths) patterns() ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for i, g := range p.Groups {
		field := fmt.Sprintf("paths.groups[%d]", i)
		text := g.Regex
		switch {
		case g.Name == "" || len(g.Name) > maxItem:
			return nil, bad(field+".name", "must be a name of 1 to %d bytes", maxItem)
		case (g.Pattern == "") == (g.Regex == ""):
			return nil, bad(field+".pattern", "or regex must be set, and not both")
		case len(g.Pattern) > maxText || len(g.Regex) > maxText:
			return nil, bad(field+".pattern", "is longer than %d characters", maxText)
		case g.Pattern != "":
			text = "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(g.Pattern), `\*`, `.*`) + "$"
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, bad(field+".regex", "cannot be read: %v", err)
		}
		out = append(out, re)
	}
	return out, nil
}

// PathsResult is a graph of positions: of every node In = Out + DropOff. Counts
// are of paths, one a session.
type PathsResult struct {
	Paths     int64      `json:"paths"`
	Customers int64      `json:"customers"`
	Nodes     []PathNode `json:"nodes"` // the most common first
	Edges     []PathEdge `json:"edges"`
	MoreNodes int        `json:"more_nodes"` // not shown
	MoreEdges int        `json:"more_edges"`
}

// PathNode is an item at a position. Of paths to an end, the end is at the last
// position.
type PathNode struct {
	Key       string `json:"key"` // position, _ and item
	Position  int    `json:"position"`
	Item      string `json:"item"`
	In        int64  `json:"in"` // paths through it
	Customers int64  `json:"customers"`
	Starts    int64  `json:"starts"`   // of In, paths that begin here
	Out       int64  `json:"out"`      // of In, paths that go on, also behind the last position
	Beyond    int64  `json:"beyond"`   // of Out, behind the last position
	DropOff   int64  `json:"drop_off"` // of In, paths that end here
}

// PathEdge leads from a node to one of the next position.
type PathEdge struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Paths     int64  `json:"paths"`
	Customers int64  `json:"customers"`
}

func nodeName(position int, item string) string { return strconv.Itoa(position) + "_" + item }

// tidy is an item as it is compared: without slashes at its end.
func tidy(item string) string {
	for len(item) > 1 && item[len(item)-1] == '/' {
		item = item[:len(item)-1]
	}
	if len(item) > maxItem {
		item = strings.ToValidUTF8(item[:maxItem], "")
	}
	return item
}
