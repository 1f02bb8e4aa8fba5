package customer

import (
	"math"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// FactKind says how identifiers came to stand together.
type FactKind uint8

// Kinds of facts. Values are stored.
const (
	FactSeen     FactKind = iota + 1 // on one event
	FactIdentify                     // on an identify: a device may change hands
	FactAlias                        // named by an alias call
	FactMerge                        // joined by a user, with a reason
)

// Fact is a set of identifiers that belong together as of an instant.
type Fact struct {
	ID       int64
	At       core.Micros
	Kind     FactKind
	Actors   []core.ActorID // by priority
	EventID  string
	UndoneAt core.Micros // not 0: taken back by an un-merge
}

// Actor is an identifier with its number.
type Actor struct {
	ID        core.ActorID
	Type      string
	Value     string
	Birth     core.CustomerID // the customer it was first part of; 0 when new
	FirstSeen core.Micros
}

// Span says to which customer an actor belongs from an instant on.
type Span struct {
	From     core.Micros
	Customer core.CustomerID
}

// Beginning is the From of an actor's first span.
const Beginning core.Micros = math.MinInt64

// Decision is what a rule did with one fact.
type Decision struct {
	Fact  int64
	Rule  string // merged, attached, switched, demoted, refused, full
	Actor core.ActorID
	Why   string
}

// Group is one customer of a component.
type Group struct {
	Number  core.CustomerID // 0: to be given a new number
	Members []core.ActorID
	Users   int // how many user_id identifiers it has
	Full    bool
}

// Outcome is a resolved component.
type Outcome struct {
	Groups    []*Group
	Homes     map[core.ActorID][]GroupSpan
	Decisions []Decision
}

// GroupSpan is a Span by group.
type GroupSpan struct {
	From  core.Micros
	Group *Group
}

type work struct {
	parent  *work
	members []member
	users   int
	merges  int
	merged  core.ActorID // first actor of a merge by a user: keeps its number
}

type member struct {
	id core.ActorID
	at core.Micros
}

func (g *work) root() *work {
	for g.parent != nil {
		g = g.parent
	}
	return g
}

type resolver struct {
	actors map[core.ActorID]*Actor
	set    *Settings
	spans  map[core.ActorID][]workSpan
	out    Outcome
}

type workSpan struct {
	from core.Micros
	g    *work
}

// Resolve computes the groups of one component from its facts. It is a pure
// function: the same facts in any order give the same groups.
func Resolve(actors map[core.ActorID]*Actor, facts []Fact, set *Settings) Outcome {
	r := &resolver{actors: actors, set: set, spans: map[core.ActorID][]workSpan{}}
	for _, f := range r.ordered(facts) {
		if f.UndoneAt == 0 {
			r.apply(&f)
		}
	}
	r.finish()
	return r.out
}

// ordered sorts by time; facts of one instant by what they say, never by when
// they arrived.
func (r *resolver) ordered(facts []Fact) []Fact {
	key := func(f *Fact) string {
		var b strings.Builder
		for _, id := range f.Actors {
			a := r.actors[id]
			if a == nil { // erased
				continue
			}
			b.WriteString(rank(a.Type) + "\x00" + a.Value + "\x01")
		}
		b.WriteByte(byte(f.Kind))
		return b.String()
	}
	out := slices.Clone(facts)
	slices.SortStableFunc(out, func(a, b Fact) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return strings.Compare(key(&a), key(&b))
	})
	return out
}

// current is the group an actor belongs to at the instant reached.
func (r *resolver) current(a core.ActorID) *work {
	if s := r.spans[a]; len(s) > 0 {
		return s[len(s)-1].g.root()
	}
	return nil
}

func (r *resolver) decide(f *Fact, rule string, a core.ActorID, why string) {
	r.out.Decisions = append(r.out.Decisions, Decision{f.ID, rule, a, why})
}

func (r *resolver) apply(f *Fact) {
	list := make([]core.ActorID, 0, len(f.Actors))
	for _, a := range f.Actors { // a value blocked later joins nobody
		if r.actors[a] != nil && !r.set.Blocked(r.actors[a].Value) {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return
	}
	var switched []core.ActorID
	for {
		groups := r.groups(list)
		why, conflict := r.refusal(f, list, groups)
		if why == "" {
			g := r.join(f, list, groups)
			for _, a := range switched {
				r.spans[a] = append(r.spans[a], workSpan{f.At, g})
				r.decide(f, "switched", a, "another user signed in on this device")
			}
			return
		}
		if len(list) == 1 {
			return // cannot happen: one identifier never conflicts
		}
		if f.Kind == FactAlias && conflict {
			r.decide(f, "refused", list[len(list)-1], "both sides of the alias are identified customers")
			return
		}
		if conflict && f.Kind == FactIdentify && r.set.SharedDevice != "stay_with_first" {
			if i := r.changesHands(list); i >= 0 {
				switched = append(switched, list[i])
				list = slices.Delete(list, i, i+1)
				continue
			}
		}
		last := len(list) - 1
		r.decide(f, "demoted", list[last], why)
		list = list[:last]
	}
}

func (r *resolver) groups(list []core.ActorID) []*work {
	var gs []*work
	for _, a := range list {
		if g := r.current(a); g != nil && !slices.Contains(gs, g) {
			gs = append(gs, g)
		}
	}
	return gs
}

// changesHands finds a device identifier in list whose customer is another
// identified one than the user's.
func (r *resolver) changesHands(list []core.ActorID) int {
	if r.actors[list[0]].Type != core.TypeUserID {
		return -1
	}
	mine := r.current(list[0])
	for i := len(list) - 1; i > 0; i-- {
		if g := r.current(list[i]); device(r.actors[list[i]].Type) && g != nil && g != mine && g.users > 0 {
			return i
		}
	}
	return -1
}

// refusal says why the actors of list cannot be one customer, "" when they can.
// conflict is true when the reason is more than one identified customer.
func (r *resolver) refusal(f *Fact, list []core.ActorID, groups []*work) (why string, conflict bool) {
	if f.Kind == FactMerge {
		return "", false
	}
	identified, size, merges := 0, 0, len(groups)-1
	for _, g := range groups {
		if g.users > 0 {
			identified++
		}
		size += len(g.members)
		merges += g.merges
	}
	fresh := 0
	for _, a := range list {
		if r.current(a) == nil {
			fresh++
			if r.actors[a].Type == core.TypeUserID {
				identified++
			}
		}
	}
	if identified > 1 {
		return "it belongs to another identified customer", true
	}
	if len(groups)+fresh <= 1 {
		return "", false
	}
	if merges > MaxMerges && len(groups) > 1 || size+fresh > MaxIdentifiers && (fresh > 0 || len(groups) > 1) {
		return "the customer is full: 100 merges or 1,000 identifiers", false
	}
	return r.overLimit(f, list, groups), false
}

func (r *resolver) overLimit(f *Fact, list []core.ActorID, groups []*work) string {
	if len(groups) == 1 {
		known := 0
		for _, a := range list {
			if r.current(a) != nil {
				known++
			}
		}
		if known == len(list) {
			return ""
		}
	}
	count := map[string]int{}
	add := func(id core.ActorID, at core.Micros) string {
		typ := r.actors[id].Type
		l := r.set.limit(typ)
		if span := l.Window.span(); span > 0 && at <= f.At-span {
			return ""
		}
		if count[typ]++; count[typ] > l.Max {
			return "the customer would have more than " + itoa(l.Max) + " identifiers of type " + typ
		}
		return ""
	}
	for _, g := range groups {
		for _, m := range g.members {
			if why := add(m.id, m.at); why != "" {
				return why
			}
		}
	}
	for _, a := range list {
		if r.current(a) == nil {
			if why := add(a, f.At); why != "" {
				return why
			}
		}
	}
	return ""
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// join makes the actors of list one group.
func (r *resolver) join(f *Fact, list []core.ActorID, groups []*work) *work {
	var g *work
	if len(groups) == 0 {
		g = &work{}
	} else {
		g = groups[0]
		for _, o := range groups[1:] {
			o.parent = g
			g.members = append(g.members, o.members...)
			g.users += o.users
			g.merges += o.merges + 1
			if g.merged == 0 {
				g.merged = o.merged
			}
			r.decide(f, "merged", list[0], "")
		}
	}
	for _, a := range list {
		if r.current(a) != nil {
			continue
		}
		r.spans[a] = []workSpan{{Beginning, g}}
		g.members = append(g.members, member{a, f.At})
		if r.actors[a].Type == core.TypeUserID {
			g.users++
		}
		r.decide(f, "attached", a, "")
	}
	if f.Kind == FactMerge {
		g.merged = f.Actors[0]
	}
	return g
}

// finish gives each group its number: that of its user, else of the identifier
// seen first. An identifier that no fact could place is a customer of its own.
func (r *resolver) finish() {
	ids := make([]core.ActorID, 0, len(r.actors))
	for id := range r.actors {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	groups := map[*work]*Group{}
	r.out.Homes = make(map[core.ActorID][]GroupSpan, len(ids))
	for _, id := range ids {
		if len(r.spans[id]) == 0 {
			g := &work{members: []member{{id, r.actors[id].FirstSeen}}}
			if r.actors[id].Type == core.TypeUserID {
				g.users = 1
			}
			r.spans[id] = []workSpan{{Beginning, g}}
		}
		var last *work
		for i, s := range r.spans[id] {
			if i+1 < len(r.spans[id]) && r.spans[id][i+1].from == s.from {
				continue // changed hands more than once at that instant: the last counts
			}
			w := s.g.root()
			if w == last {
				continue
			}
			last = w
			g := groups[w]
			if g == nil {
				g = &Group{Users: w.users, Full: w.merges >= MaxMerges || len(w.members) >= MaxIdentifiers}
				groups[w] = g
				r.out.Groups = append(r.out.Groups, g)
			}
			r.out.Homes[id] = append(r.out.Homes[id], GroupSpan{s.from, g})
		}
	}
	for w, g := range groups {
		for _, m := range w.members {
			g.Members = append(g.Members, m.id)
		}
		slices.Sort(g.Members)
	}
	r.number(groups)
}

func (r *resolver) number(groups map[*work]*Group) {
	merged := map[*Group]core.ActorID{}
	for w, g := range groups {
		merged[g] = w.merged
	}
	taken := map[core.CustomerID]bool{}
	// Identified groups choose first, then the longest known.
	slices.SortStableFunc(r.out.Groups, func(a, b *Group) int {
		if (a.Users > 0) != (b.Users > 0) {
			if a.Users > 0 {
				return -1
			}
			return 1
		}
		x, y := r.eldest(a, 0), r.eldest(b, 0)
		if x.FirstSeen != y.FirstSeen {
			return compare(x.FirstSeen, y.FirstSeen)
		}
		return compare(x.ID, y.ID)
	})
	for _, g := range r.out.Groups {
		n := r.eldest(g, merged[g]).Birth
		if n != 0 && taken[n] {
			n = 0
			for _, m := range g.Members {
				if b := r.actors[m].Birth; b != 0 && !taken[b] {
					n = b
					break
				}
			}
		}
		if n != 0 {
			taken[n] = true
		}
		g.Number = n
	}
}

func compare[T ~int64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// eldest is the member whose number a group takes: the one named first by a
// merging user, else its user, else the one seen first. New ones come last.
func (r *resolver) eldest(g *Group, merged core.ActorID) *Actor {
	if merged != 0 {
		return r.actors[merged]
	}
	var best *Actor
	better := func(a, b *Actor) bool {
		if au, bu := a.Type == core.TypeUserID, b.Type == core.TypeUserID; au != bu {
			return au
		}
		if (a.Birth == 0) != (b.Birth == 0) {
			return a.Birth != 0
		}
		if a.FirstSeen != b.FirstSeen {
			return a.FirstSeen < b.FirstSeen
		}
		return a.ID < b.ID
	}
	for _, m := range g.Members {
		if a := r.actors[m]; best == nil || better(a, best) {
			best = a
		}
	}
	if best.Birth == 0 {
		// A user seen for the first time takes the number of the customer it
		// identifies.
		for _, m := range g.Members {
			if a := r.actors[m]; a.Birth != 0 && (best.Birth == 0 || a.FirstSeen < best.FirstSeen) {
				best = a
			}
		}
	}
	return best
}

// rebirths sees to it that a number stays with its customer: an identifier that
// is new, or that was born on the number of another customer which lives, is
// born on that of its own from now on. It gives those that changed.
func (o *Outcome) rebirths(actors map[core.ActorID]*Actor) []*Actor {
	alive := make(map[core.CustomerID]bool, len(o.Groups))
	for _, g := range o.Groups {
		alive[g.Number] = true
	}
	var out []*Actor
	for _, g := range o.Groups {
		for _, m := range g.Members {
			if a := actors[m]; a.Birth == 0 || a.Birth != g.Number && alive[a.Birth] {
				a.Birth = g.Number
				out = append(out, a)
			}
		}
	}
	return out
}
