package customer

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// flush writes new actors, components and facts, so that SQL sees them.
func (x *Session) flush(ctx context.Context) error {
	x.flushed = true
	rows := make([][]any, 0, len(x.newActors))
	for _, a := range x.newActors {
		rows = append(rows, []any{x.ws, a.ID, a.Type, a.Value, int64(x.g.comp[a.ID]), int64(a.Birth), a.FirstSeen})
		delete(x.newComp, a.ID)
	}
	err := x.tx.Bulk(ctx, db.Insert{Table: "actors", Rows: rows,
		Columns:  []string{"workspace_id", "id", "type", "value", "component", "birth", "first_seen"},
		Conflict: "ON CONFLICT (workspace_id, id) DO UPDATE SET component = excluded.component, birth = excluded.birth"})
	if err != nil {
		return err
	}
	for _, a := range x.newActors {
		if a.Birth != 0 {
			delete(x.newActors, a.ID)
		}
	}
	for a, c := range x.newComp {
		if _, err := x.tx.Exec(ctx, queries.Get("set_component"), int64(c), x.ws, a); err != nil {
			return fmt.Errorf("write component: %w", err)
		}
		delete(x.newComp, a)
	}
	rows = rows[:0]
	for i := range x.facts {
		f := &x.facts[i]
		rows = append(rows, []any{x.ws, f.ID, int64(x.factComp[i]), f.At, int64(f.Kind), encodeActors(f.Actors), f.EventID, f.UndoneAt})
	}
	x.facts, x.factComp = x.facts[:0], x.factComp[:0]
	return x.tx.Bulk(ctx, db.Insert{Table: "identity_facts", Rows: rows,
		Columns: []string{"workspace_id", "id", "component", "at", "kind", "actors", "event_id", "undone_at"}})
}

// part is a component in memory: what the database has of it and what this
// session adds.
type part struct {
	actors map[core.ActorID]*Actor
	facts  []Fact
	absent []core.ActorID // members whose rows are still to be read
}

// maxParts bounds how many components a session keeps in memory. Dropping one
// costs reading it again.
const maxParts = 4096

// component gives all actors and facts of a component. The session may change
// what it gets; a fact that is taken back is taken back for all.
func (x *Session) component(ctx context.Context, comp uint32) (map[core.ActorID]*Actor, []Fact, error) {
	p := x.parts[comp]
	if p == nil {
		var err error
		if p, err = x.readPart(ctx, comp); err != nil {
			return nil, nil, err
		}
		if x.parts == nil || len(x.parts) >= maxParts {
			x.parts = map[uint32]*part{}
		}
		x.parts[comp] = p
	}
	if len(p.absent) > 0 {
		query := `SELECT id, type, value, birth, first_seen FROM actors WHERE workspace_id = $1 AND id IN (` + db.List(2, len(p.absent)) + `)`
		if err := x.readActors(ctx, p, query, append([]any{x.ws}, db.Anys(p.absent)...)...); err != nil {
			return nil, nil, err
		}
		p.absent = nil
	}
	return p.actors, p.facts, nil
}

// readPart reads a component and adds what the session has not written yet.
func (x *Session) readPart(ctx context.Context, comp uint32) (*part, error) {
	p := &part{actors: map[core.ActorID]*Actor{}}
	// Of one that this session made, the database knows nothing yet.
	if x.flushed || x.firstComp == 0 || comp < x.firstComp {
		if err := x.readActors(ctx, p, queries.Get("component_actors"), x.ws, comp); err != nil {
			return nil, err
		}
		err := x.tx.Query(ctx, queries.Get("component_facts"), func(row db.Row) error {
			var f Fact
			var list string
			if err := row.Scan(&f.ID, &f.At, &f.Kind, &list, &f.EventID, &f.UndoneAt); err != nil {
				return err
			}
			f.Actors = decodeActors(list)
			p.facts = append(p.facts, f)
			return nil
		}, x.ws, comp)
		if err != nil {
			return nil, fmt.Errorf("read component facts: %w", err)
		}
	}
	for _, id := range x.joined[comp] {
		if a := x.newActors[id]; a != nil {
			p.actors[id] = a
		} else if p.actors[id] == nil {
			p.absent = append(p.absent, id)
		}
	}
	for i, c := range x.factComp {
		if c == comp {
			p.facts = append(p.facts, x.facts[i])
		}
	}
	return p, nil
}

func (x *Session) readActors(ctx context.Context, p *part, query string, args ...any) error {
	err := x.tx.Query(ctx, query, func(row db.Row) error {
		var a Actor
		if err := row.Scan(&a.ID, &a.Type, &a.Value, &a.Birth, &a.FirstSeen); err != nil {
			return err
		}
		p.actors[a.ID] = &a
		return nil
	}, args...)
	if err != nil {
		return fmt.Errorf("read component: %w", err)
	}
	return nil
}

// keep adds a fact of this session to its component, if that is in memory.
func (x *Session) keep(comp uint32, f *Fact) {
	p := x.parts[comp]
	if p == nil {
		return
	}
	p.facts = append(p.facts, *f)
	for _, id := range f.Actors {
		if a := x.newActors[id]; a != nil {
			p.actors[id] = a
		} else if p.actors[id] == nil && !slices.Contains(p.absent, id) {
			p.absent = append(p.absent, id)
		}
	}
}

// Commit writes all that the session changed. The caller's transaction makes it
// durable; if that fails, the caller must call Reload.
func (x *Session) Commit(ctx context.Context) error {
	if err := x.flush(ctx); err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	rows := make([][]any, 0, len(x.newCustomers))
	for c := range x.newCustomers {
		rows = append(rows, []any{x.ws, c, x.users[c] != "", x.users[c]})
		delete(x.users, c)
	}
	err := x.tx.Bulk(ctx, db.Insert{Table: "customers", Columns: []string{"workspace_id", "id", "identified", "user_id"}, Rows: rows})
	if err != nil {
		return fmt.Errorf("write customers: %w", err)
	}
	if err := x.writeHomes(ctx); err != nil {
		return fmt.Errorf("write homes: %w", err)
	}
	for c, into := range x.absorbed {
		if _, err := x.tx.Exec(ctx, queries.Get("absorb"), into, x.ws, c); err != nil {
			return fmt.Errorf("write survivor: %w", err)
		}
	}
	if err := x.leave(ctx); err != nil {
		return err
	}
	for c, user := range x.users {
		if _, err := x.tx.Exec(ctx, queries.Get("identify"), user != "", user, x.ws, c); err != nil {
			return fmt.Errorf("write customer: %w", err)
		}
	}
	for c := range x.full {
		if _, err := x.tx.Exec(ctx, queries.Get("flag"), int64(FlagFull), x.ws, c); err != nil {
			return fmt.Errorf("flag customer: %w", err)
		}
	}
	return x.writeLog(ctx)
}

// leave takes the absorbed out of the crowd; who is back may be in it.
func (x *Session) leave(ctx context.Context) error {
	t, gone := crowdTx{tx: x.tx, ws: x.ws}, map[core.CustomerID]bool{}
	for c, into := range x.absorbed {
		if into != 0 {
			gone[c] = false
		} else if err := t.forget(ctx, blockOf(c)); err != nil {
			return err
		}
	}
	return t.mark(ctx, gone)
}

// Flags of a customer.
const (
	FlagFull   = 1 // identifiers or merges reached their bound
	FlagErased = 2 // the number of somebody who was erased
)

func (x *Session) writeHomes(ctx context.Context) error {
	var rows [][]any
	for a, spans := range x.homes {
		if !x.fresh[a] {
			if _, err := x.tx.Exec(ctx, queries.Get("delete_homes"), x.ws, a); err != nil {
				return err
			}
		}
		for _, s := range spans {
			rows = append(rows, []any{x.ws, a, s.From, s.Customer})
		}
	}
	return x.tx.Bulk(ctx, db.Insert{Table: "actor_homes", Columns: []string{"workspace_id", "actor", "valid_from", "customer"}, Rows: rows})
}

func (x *Session) writeLog(ctx context.Context) error {
	rows := make([][]any, 0, len(x.log))
	for i := range x.log {
		e := &x.log[i]
		rows = append(rows, []any{x.ws, e.ID, e.At, e.EventAt, e.Rule, e.From, e.Into, encodeActors(e.Actors), e.Fact, e.EventID, e.ByUser, e.Reason, e.UndoneAt})
	}
	err := x.tx.Bulk(ctx, db.Insert{Table: "identity_log", Rows: rows, Columns: []string{"workspace_id", "id", "at", "event_at", "rule",
		"from_customer", "into_customer", "actors", "fact", "event_id", "by_user", "reason", "undone_at"}})
	if err != nil {
		return fmt.Errorf("write identity log: %w", err)
	}
	rows = rows[:0]
	for _, m := range x.moves {
		rows = append(rows, []any{x.ws, m.version, m.was, m.now})
	}
	err = x.tx.Bulk(ctx, db.Insert{Table: "identity_moves", Rows: rows, Columns: []string{"workspace_id", "version", "was", "now"},
		Conflict: "ON CONFLICT (workspace_id, version, was, now) DO NOTHING"})
	if err != nil {
		return fmt.Errorf("write identity moves: %w", err)
	}
	return nil
}

// load reads a workspace's graph from SQL.
func (s *Service) load(ctx context.Context, ws core.WorkspaceID, set Settings) (*graph, error) {
	g := newGraph(set)
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		for _, step := range []func(context.Context, *db.Tx, core.WorkspaceID, *graph) error{s.loadActors, loadHomes, loadFacts, loadMoves, loadTombs, loadNumbers} {
			if err := step(ctx, tx, ws, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load identity of workspace %d: %w", ws, err)
	}
	return g, nil
}

func (s *Service) loadActors(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	return tx.Query(ctx, queries.Get("load_actors"), func(row db.Row) error {
		var a core.ActorID
		var id core.Identifier
		var comp int64
		if err := row.Scan(&a, &id.Type, &id.Value, &comp); err != nil {
			return err
		}
		g.ids[keyOf(s.secret, id)] = a
		g.setHomes(a, nil)
		g.comp[a] = uint32(comp)
		g.nextActor = max(g.nextActor, a+1)
		g.nextComp = max(g.nextComp, comp+1)
		return nil
	}, ws)
}

func loadHomes(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	var last core.ActorID
	var spans []Span
	done := func() {
		if last != 0 {
			g.setHomes(last, slices.Clone(spans))
		}
		spans = spans[:0]
	}
	err := tx.Query(ctx, queries.Get("load_homes"), func(row db.Row) error {
		var a core.ActorID
		var sp Span
		if err := row.Scan(&a, &sp.From, &sp.Customer); err != nil {
			return err
		}
		if a != last {
			done()
			last = a
		}
		spans = append(spans, sp)
		return nil
	}, ws)
	done()
	return err
}

func loadFacts(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	return tx.Query(ctx, queries.Get("load_facts"), func(row db.Row) error {
		var id, comp int64
		var at, undone core.Micros
		var kind FactKind
		var list string
		if err := row.Scan(&id, &comp, &at, &kind, &list, &undone); err != nil {
			return err
		}
		g.nextFact = max(g.nextFact, id+1)
		g.nextComp = max(g.nextComp, comp+1)
		g.grow(uint32(comp), 1)
		if undone == 0 {
			key := factKey(kind, decodeActors(list))
			if first, ok := g.seen[key]; !ok || at < first {
				g.seen[key] = at
			}
		}
		return nil
	}, ws)
}

func loadMoves(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	return tx.Query(ctx, queries.Get("load_moves"), func(row db.Row) error {
		var m move
		if err := row.Scan(&m.version, &m.was, &m.now); err != nil {
			return err
		}
		g.addMove(m)
		return nil
	}, ws)
}

func loadNumbers(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	var last core.CustomerID
	if err := tx.QueryRow(ctx, queries.Get("last_customer"), []any{ws}, &last); err != nil {
		return err
	}
	g.nextNumber = last + 1
	var log int64
	if err := tx.QueryRow(ctx, queries.Get("last_log"), []any{ws}, &log); err != nil {
		return err
	}
	g.nextLog = log + 1
	return nil
}
