package customer

import (
	"context"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// refusal is why one event finds no customer. With a code it goes to
// quarantine; without, it is dropped and counted.
type refusal struct{ code, counter, text string }

func (r *refusal) Error() string { return r.text }

// Refusal gives the quarantine code, or the counter of a drop.
func (r *refusal) Refusal() (code, counter string) { return r.code, r.counter }

// Reasons why an event finds no customer.
var (
	ErrNoIdentity error = &refusal{code: "no_identity", text: errs.Say("the event has no usable identifier: all are empty or blocked").Error()}
	ErrErased     error = &refusal{code: "erased_identity", text: errs.Say("the event is older than the erasure of its customer").Error()}
	ErrSuppressed error = &refusal{counter: "suppressed", text: errs.Say("the identifier is suppressed").Error()}
)

// Session resolves the events of one batch and collects what must be written.
// Memory changes at once; if the transaction fails the owner calls Reload.
// One session at a time runs in a workspace.
type Session struct {
	s  *Service
	ws core.WorkspaceID
	g  *graph
	tx *db.Tx
	// now is the time of processing, for the log.
	now core.Micros

	newActors    map[core.ActorID]*Actor // to be inserted, birth and component as they come to be
	newComp      map[core.ActorID]uint32 // of actors that are in SQL already
	newCustomers map[core.CustomerID]bool
	fresh        map[core.ActorID]bool // first seen in this session
	facts        []Fact
	factComp     []uint32
	parts        map[uint32]*part
	joined       map[uint32][]core.ActorID // who came to a component in this session
	firstComp    uint32                    // components from this number on are of this session
	flushed      bool                      // something is in SQL already
	homes        map[core.ActorID][]Span
	moves        []move
	log          []LogEntry
	moved        map[core.CustomerID]bool
	absorbed     map[core.CustomerID]core.CustomerID
	users        map[core.CustomerID]string // user_id of customers whose identity was settled, "" = none
	full         map[core.CustomerID]bool
}

// LogEntry is one row of the append-only identity log.
type LogEntry struct {
	ID       int64
	At       core.Micros
	EventAt  core.Micros
	Rule     string // merged, attached, switched, demoted, refused, split
	From     core.CustomerID
	Into     core.CustomerID
	Actors   []core.ActorID
	Fact     int64
	EventID  string
	ByUser   string
	Reason   string
	UndoneAt core.Micros
}

// Begin starts a session inside tx, which must be able to see all that earlier
// sessions committed.
func (s *Service) Begin(ws core.WorkspaceID, tx *db.Tx) *Session {
	return &Session{
		s: s, ws: ws, g: s.graph(ws), tx: tx, now: core.FromTime(s.clock.Now()),
		newActors: map[core.ActorID]*Actor{}, newComp: map[core.ActorID]uint32{}, newCustomers: map[core.CustomerID]bool{}, fresh: map[core.ActorID]bool{},
		homes: map[core.ActorID][]Span{}, moved: map[core.CustomerID]bool{}, firstComp: uint32(s.graph(ws).nextComp), joined: map[uint32][]core.ActorID{},
		absorbed: map[core.CustomerID]core.CustomerID{}, users: map[core.CustomerID]string{}, full: map[core.CustomerID]bool{},
	}
}

// Moved gives the customers whose past changed in this session: their folds
// start anew.
func (x *Session) Moved() map[core.CustomerID]bool { return x.moved }

// Absorbed gives the customers that ceased to exist, by survivor.
func (x *Session) Absorbed() map[core.CustomerID]core.CustomerID { return x.absorbed }

// Resolve gives customer and actor of a message. It gives ErrNoIdentity,
// ErrErased or ErrSuppressed when the event must not be stored.
func (x *Session) Resolve(ctx context.Context, m *core.Message) (core.CustomerID, core.ActorID, error) {
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	ids := x.g.set.identifiersOf(m)
	if m.Kind == core.KindAlias {
		return x.alias(ctx, m, ids)
	}
	if len(ids) == 0 {
		return 0, 0, ErrNoIdentity
	}
	actors, err := x.actors(ids, m)
	if err != nil {
		return 0, 0, err
	}
	kind := FactSeen
	if m.Kind == core.KindIdentify && ids[0].Type == core.TypeUserID {
		kind = FactIdentify
	}
	if len(actors) > 1 {
		if err := x.learn(ctx, kind, m.Time, actors, m.ID); err != nil {
			return 0, 0, err
		}
	} else {
		x.place(actors[0], m.Time)
	}
	return x.settle(actors[0], m.Time)
}

// actors gives the numbers of a message's identifiers, new ones for those never
// seen, and refuses erased ones.
func (x *Session) actors(ids []core.Identifier, m *core.Message) ([]core.ActorID, error) {
	out := make([]core.ActorID, len(ids))
	keys := make([]idKey, len(ids))
	for i, id := range ids {
		keys[i] = keyOf(x.s.secret, id)
	}
	if err := x.g.gate(keys, m); err != nil {
		return nil, err
	}
	for i, id := range ids {
		a, ok := x.g.ids[keys[i]]
		if !ok {
			a = x.g.nextActor
			x.g.nextActor++
			x.g.ids[keys[i]] = a
			x.g.setHomes(a, nil)
			x.fresh[a] = true
			x.newActors[a] = &Actor{ID: a, Type: id.Type, Value: id.Value, FirstSeen: m.Time}
		}
		out[i] = a
	}
	return out, nil
}

// settle gives the customer of an event. A device may have none for the time
// in which somebody used it who was erased.
func (x *Session) settle(a core.ActorID, at core.Micros) (core.CustomerID, core.ActorID, error) {
	c := x.g.at(a, at)
	if c == 0 {
		return 0, 0, ErrErased
	}
	return c, a, nil
}

// place gives a lone new identifier a customer of its own.
func (x *Session) place(a core.ActorID, _ core.Micros) {
	if len(x.g.homes(a)) > 0 {
		return
	}
	n := x.number()
	x.setHomes(a, []Span{{Beginning, n}})
	act := x.newActors[a]
	if act == nil { // its customers were all erased
		return
	}
	act.Birth = n
	if act.Type == core.TypeUserID {
		x.users[n] = act.Value
	}
}

func (x *Session) number() core.CustomerID {
	n := x.g.nextNumber
	x.g.nextNumber++
	x.newCustomers[n] = true
	return n
}

func (x *Session) setHomes(a core.ActorID, s []Span) {
	x.g.setHomes(a, s)
	x.homes[a] = s
}

// learn records that actors stand together, unless nothing new follows from
// it, and recomputes their component when something does.
func (x *Session) learn(ctx context.Context, kind FactKind, at core.Micros, actors []core.ActorID, eventID string) error {
	key := factKey(kind, actors)
	first, known := x.g.seen[key]
	same := x.together(actors, at)
	if kind == FactSeen && known && first <= at {
		// An earlier fact of the same set says all that this one could.
		return nil
	}
	if at0, ok := x.g.seen[factKey(FactIdentify, actors)]; kind == FactSeen && ok && at0 <= at {
		return nil
	}
	if kind == FactIdentify && known && same && first == at {
		return nil
	}
	if x.crowded(actors) && known {
		return nil
	}
	if !known || at < first {
		x.g.seen[key] = at
	}
	f := Fact{ID: x.g.nextFact, At: at, Kind: kind, Actors: actors, EventID: eventID}
	x.g.nextFact++
	return x.record(ctx, f, same && known && first <= at)
}

// together says whether all actors live in one customer at an instant.
func (x *Session) together(actors []core.ActorID, at core.Micros) bool {
	c := x.g.at(actors[0], at)
	if c == 0 {
		return false
	}
	for _, a := range actors[1:] {
		if x.g.at(a, at) != c {
			return false
		}
	}
	return true
}

// crowded says whether an actor is part of a component too large to grow: a
// constant sent as if it were an identifier.
func (x *Session) crowded(actors []core.ActorID) bool {
	for _, a := range actors {
		if c := x.g.comp[a]; c != 0 && x.g.size(c) > maxComponent {
			return true
		}
	}
	return false
}

// maxComponent bounds the facts that one component remembers.
const maxComponent = 4 * MaxIdentifiers

// record stores a fact and, unless quiet, recomputes its component.
func (x *Session) record(ctx context.Context, f Fact, quiet bool) error {
	comp, err := x.unite(ctx, f.Actors)
	if err != nil {
		return err
	}
	x.facts = append(x.facts, f)
	x.factComp = append(x.factComp, comp)
	x.keep(comp, &f)
	x.g.grow(comp, 1)
	if quiet {
		return nil
	}
	return x.recompute(ctx, comp, &f)
}

// unite puts all actors of a fact into one component.
func (x *Session) unite(ctx context.Context, actors []core.ActorID) (uint32, error) {
	comp := uint32(0)
	for _, a := range actors {
		c := x.g.comp[a]
		switch {
		case c == 0 || c == comp:
		case comp == 0:
			comp = c
		default:
			if err := x.relabel(ctx, c, comp); err != nil {
				return 0, err
			}
		}
	}
	if comp == 0 {
		comp = uint32(x.g.nextComp)
		x.g.nextComp++
	}
	for _, a := range actors {
		if x.g.comp[a] != comp {
			x.g.comp[a] = comp
			x.newComp[a] = comp
			x.joined[comp] = append(x.joined[comp], a)
		}
	}
	return comp, nil
}

// relabel moves a whole component into another.
func (x *Session) relabel(ctx context.Context, from, into uint32) error {
	if err := x.flush(ctx); err != nil {
		return err
	}
	delete(x.parts, from)
	delete(x.parts, into)
	err := x.tx.Query(ctx, queries.Get("actors_of_component"), func(row db.Row) error {
		var a core.ActorID
		if err := row.Scan(&a); err != nil {
			return err
		}
		x.g.comp[a] = into
		return nil
	}, x.ws, from)
	if err != nil {
		return fmt.Errorf("read component: %w", err)
	}
	for _, q := range [2]string{"relabel_actors", "relabel_facts"} {
		if _, err := x.tx.Exec(ctx, queries.Get(q), into, x.ws, from); err != nil {
			return fmt.Errorf("join components: %w", err)
		}
	}
	x.g.grow(into, x.g.size(from))
	return nil
}

// recompute resolves a component anew and applies what changed. cause is the
// fact behind it, nil for a change of rules.
func (x *Session) recompute(ctx context.Context, comp uint32, cause *Fact) error {
	actors, facts, err := x.component(ctx, comp)
	if err != nil {
		return err
	}
	out := Resolve(actors, facts, &x.g.set)
	for _, grp := range out.Groups {
		if grp.Number == 0 {
			grp.Number = x.number()
		}
	}
	for _, a := range out.rebirths(actors) {
		x.newActors[a.ID] = a
	}
	for _, grp := range out.Groups {
		x.users[grp.Number] = userOf(grp, actors)
		if grp.Full {
			x.full[grp.Number] = true
		}
	}
	x.applyOutcome(actors, &out, cause)
	return nil
}

// userOf gives the first user_id of a group, "" when it has none.
func userOf(grp *Group, actors map[core.ActorID]*Actor) string {
	for _, m := range grp.Members {
		if a := actors[m]; a.Type == core.TypeUserID {
			return a.Value
		}
	}
	return ""
}

// applyOutcome compares the homes that were with those that are.
func (x *Session) applyOutcome(actors map[core.ActorID]*Actor, out *Outcome, cause *Fact) {
	before, after := map[core.CustomerID]bool{}, map[core.CustomerID]bool{}
	into := map[core.CustomerID]core.CustomerID{}
	had := map[core.ActorID]bool{}
	ids := make([]core.ActorID, 0, len(actors))
	for id := range actors {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		was := slices.Clone(x.g.homes(id))
		had[id] = len(was) > 0
		now := make([]Span, 0, len(out.Homes[id]))
		for _, h := range out.Homes[id] {
			now = append(now, Span{h.From, h.Group.Number})
		}
		for _, s := range was {
			before[s.Customer] = true
			// A number lives on where the identifier that brought it went.
			if _, ok := into[s.Customer]; !ok || actors[id].Birth == s.Customer {
				into[s.Customer] = livesAt(now, s.From)
			}
		}
		for _, s := range now {
			after[s.Customer] = true
		}
		if slices.Equal(was, now) {
			continue
		}
		x.setHomes(id, now)
		x.noteMove(was, now)
	}
	x.noteNumbers(before, after, into, cause)
	if cause != nil {
		for _, d := range out.Decisions {
			if d.Fact == cause.ID && d.Rule != "merged" && (d.Rule != "attached" || !had[d.Actor]) {
				x.addLog(LogEntry{EventAt: cause.At, Rule: d.Rule, Into: x.g.at(d.Actor, cause.At), Actors: []core.ActorID{d.Actor},
					Fact: cause.ID, EventID: cause.EventID, Reason: d.Why})
			}
		}
	}
}

// livesAt gives the customer of the span that holds an instant.
func livesAt(spans []Span, at core.Micros) core.CustomerID {
	i := len(spans) - 1
	for i > 0 && spans[i].From > at {
		i--
	}
	return spans[i].Customer
}

// noteMove remembers which numbers' events live under which numbers now.
func (x *Session) noteMove(was, now []Span) {
	if len(was) == 0 {
		return
	}
	// A version of its own for each change: a reader may have looked at the last.
	x.g.version++
	for _, w := range was {
		x.moved[w.Customer] = true
		for _, n := range now {
			x.moved[n.Customer] = true
			m := move{x.g.version, w.Customer, n.Customer}
			if w.Customer != n.Customer && !slices.Contains(x.moves, m) {
				x.moves = append(x.moves, m)
				x.g.addMove(m)
			}
		}
	}
}

func (x *Session) noteNumbers(before, after map[core.CustomerID]bool, into map[core.CustomerID]core.CustomerID, cause *Fact) {
	for c := range before {
		if after[c] {
			continue
		}
		x.absorbed[c] = into[c]
		e := LogEntry{Rule: "merged", From: c, Into: into[c]}
		if cause != nil {
			e.EventAt, e.Fact, e.EventID, e.Actors = cause.At, cause.ID, cause.EventID, cause.Actors
		}
		x.addLog(e)
	}
	for c := range after {
		switch {
		case before[c]:
		case x.newCustomers[c]:
			delete(x.absorbed, c) // made, absorbed and back within this session
		default:
			x.absorbed[c] = 0 // lives again
		}
	}
}

func (x *Session) addLog(e LogEntry) {
	e.ID, e.At = x.g.nextLog, x.now
	x.g.nextLog++
	x.log = append(x.log, e)
}

// alias links previousId, looked up as user_id, then as anonymous_id, with
// userId.
func (x *Session) alias(ctx context.Context, m *core.Message, ids []core.Identifier) (core.CustomerID, core.ActorID, error) {
	user, ok := Normalize(core.TypeUserID, m.UserID)
	if !ok || x.g.set.Blocked(user) {
		return 0, 0, ErrNoIdentity
	}
	prev, ok := Normalize(core.TypeUserID, m.PreviousID)
	list := []core.Identifier{{Type: core.TypeUserID, Value: user}}
	if ok && !x.g.set.Blocked(prev) && prev != user {
		typ := core.TypeAnonymousID
		if _, known := x.g.ids[keyOf(x.s.secret, core.Identifier{Type: core.TypeUserID, Value: prev})]; known {
			typ = core.TypeUserID
		}
		list = append(list, core.Identifier{Type: typ, Value: prev})
	}
	actors, err := x.actors(list, m)
	if err != nil {
		return 0, 0, err
	}
	if len(actors) == 1 {
		x.place(actors[0], m.Time)
	} else if err := x.learn(ctx, FactAlias, m.Time, actors, m.ID); err != nil {
		return 0, 0, err
	}
	return x.settle(actors[0], m.Time)
}
