package customer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws core.WorkspaceID = 1

func newService(t testing.TB, d *db.DB, set customer.Settings) *customer.Service {
	t.Helper()
	s := customer.New(customer.Deps{
		DB: d, Clock: clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), Log: slog.New(slog.DiscardHandler), Secret: []byte("test"),
		Settings: func(context.Context, core.WorkspaceID) (customer.Settings, error) { return set, nil },
	})
	if err := s.Load(context.Background(), ws); err != nil {
		t.Fatal(err)
	}
	return s
}

type msg = core.Message

func feed(t testing.TB, d *db.DB, s *customer.Service, msgs ...msg) {
	t.Helper()
	ctx := context.Background()
	err := d.Write(ctx, func(tx *db.Tx) error {
		x := s.Begin(ws, tx)
		for i := range msgs {
			if _, _, err := x.Resolve(ctx, &msgs[i]); err != nil && !errors.Is(err, customer.ErrNoIdentity) {
				return err
			}
		}
		return x.Commit(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// resolved gives the customer of each message by asking again once all is
// known: what a reader of its event would see.
func resolved(t testing.TB, d *db.DB, s *customer.Service, actors map[string]core.ActorID, msgs []msg) []core.CustomerID {
	t.Helper()
	out := make([]core.CustomerID, len(msgs))
	for i := range msgs {
		out[i] = s.Home(ws, actors[msgs[i].ID], msgs[i].Time)
	}
	return out
}

// feedEach feeds messages one transaction each and gives the actor of each.
func feedEach(t testing.TB, d *db.DB, s *customer.Service, msgs []msg) map[string]core.ActorID {
	t.Helper()
	ctx := context.Background()
	actors := map[string]core.ActorID{}
	for i := range msgs {
		err := d.Write(ctx, func(tx *db.Tx) error {
			x := s.Begin(ws, tx)
			_, a, err := x.Resolve(ctx, &msgs[i])
			if err != nil {
				return err
			}
			actors[msgs[i].ID] = a
			return x.Commit(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return actors
}

// partition writes which messages share a customer, free of numbers.
func partition(msgs []msg, homes []core.CustomerID) string {
	by := map[core.CustomerID][]string{}
	for i, c := range homes {
		by[c] = append(by[c], msgs[i].ID)
	}
	var groups []string
	for _, ids := range by {
		slices.Sort(ids)
		groups = append(groups, strings.Join(ids, "+"))
	}
	sort.Strings(groups)
	return strings.Join(groups, " | ")
}

func ev(id string, minute int, kind core.Kind, user, anon, traits string) msg {
	m := msg{ID: id, Kind: kind, UserID: user, AnonymousID: anon, Time: core.Micros(minute) * core.Minute, Received: core.Day}
	if traits != "" {
		m.Props = []byte(traits)
	}
	return m
}

func TestSituations(t *testing.T) {
	t.Parallel()
	const track, identify, alias = core.KindTrack, core.KindIdentify, core.KindAlias
	al := func(id string, minute int, prev, user string) msg {
		m := ev(id, minute, alias, user, "", "")
		m.PreviousID = prev
		return m
	}
	f := func(name string, msgs []msg, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			permute(msgs, func(order []msg) {
				d := dbtest.SQLite(t)
				s := newService(t, d, customer.DefaultSettings())
				actors := feedEach(t, d, s, order)
				got := partition(msgs, resolved(t, d, s, actors, msgs))
				if got != want {
					t.Errorf("order %v: %s, want %s", ids(order), got, want)
				}
				if err := s.Load(context.Background(), ws); err != nil {
					t.Fatal(err)
				}
				if again := partition(msgs, resolved(t, d, s, actors, msgs)); again != got {
					t.Errorf("order %v: after reload %s, was %s", ids(order), again, got)
				}
			})
		})
	}
	f("identify between", []msg{ev("a", 1, track, "", "x", ""), ev("b", 2, identify, "u", "x", ""), ev("c", 3, track, "", "x", ""), ev("d", 4, track, "u", "", "")}, "a+b+c+d")
	f("shared device splits", []msg{ev("a", 1, track, "", "x", ""), ev("b", 2, identify, "u1", "x", ""), ev("c", 3, track, "", "x", ""), ev("d", 4, identify, "u2", "x", ""), ev("e", 5, track, "", "x", "")}, "a+b+c | d+e")
	f("switch back", []msg{ev("a", 1, identify, "u1", "x", ""), ev("b", 3, identify, "u2", "x", ""), ev("c", 5, identify, "u1", "x", ""), ev("d", 4, track, "", "x", ""), ev("e", 6, track, "", "x", "")}, "a+c+e | b+d")
	f("shared e-mail", []msg{ev("a", 1, identify, "u1", "", `{"email":"A@x.io"}`), ev("b", 2, identify, "u2", "", `{"email":"a@x.io "}`), ev("c", 3, track, "", "y", `{"email":"a@x.io"}`)}, "a+c | b")
	f("track never switches", []msg{ev("a", 1, identify, "u1", "x", ""), ev("b", 2, track, "u2", "x", ""), ev("c", 3, track, "", "x", "")}, "a+c | b")
	f("alias first", []msg{al("a", 5, "x", "u"), ev("b", 1, track, "", "x", ""), ev("c", 2, track, "u", "", "")}, "a+b+c")
	f("cycle", []msg{al("a", 1, "p", "q"), al("b", 2, "q", "r"), ev("c", 3, track, "", "p", "")}, "a+c | b")
	f("transitive by e-mail", []msg{ev("a", 1, track, "", "x", `{"email":"m@x.io"}`), ev("b", 2, track, "", "y", `{"email":"m@x.io"}`), ev("c", 3, identify, "u", "y", "")}, "a+b+c")
	f("self alias", []msg{al("a", 1, "u", "u"), ev("b", 2, track, "u", "", "")}, "a+b")
}

func ids(msgs []msg) []string {
	out := make([]string, len(msgs))
	for i := range msgs {
		out[i] = msgs[i].ID
	}
	return out
}

// permute calls fn with every order of msgs when there are few, else with 120
// seeded ones.
func permute(msgs []msg, fn func([]msg)) {
	if len(msgs) <= 4 {
		var rec func(done, rest []msg)
		rec = func(done, rest []msg) {
			if len(rest) == 0 {
				fn(slices.Clone(done))
				return
			}
			for i := range rest {
				next := append(slices.Clone(rest[:i]), rest[i+1:]...)
				rec(append(slices.Clone(done), rest[i]), next)
			}
		}
		rec(nil, msgs)
		return
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 25 {
		order := slices.Clone(msgs)
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		fn(order)
	}
}

func TestRandomOrders(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		var msgs []msg
		for i := range 14 {
			kind := []core.Kind{core.KindTrack, core.KindIdentify, core.KindTrack}[rnd.IntN(3)]
			user, anon, traits := "", fmt.Sprint("anon", rnd.IntN(4)), ""
			if rnd.IntN(2) == 0 {
				user = fmt.Sprint("user", rnd.IntN(3))
			}
			if rnd.IntN(4) == 0 {
				traits = fmt.Sprintf(`{"email":"m%d@x.io"}`, rnd.IntN(3))
			}
			msgs = append(msgs, ev(fmt.Sprint("e", i), i*2, kind, user, anon, traits))
		}
		want := ""
		for try := range 8 {
			order := slices.Clone(msgs)
			if try > 0 {
				rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
			d := dbtest.SQLite(t)
			s := newService(t, d, customer.DefaultSettings())
			got := partition(msgs, resolved(t, d, s, feedEach(t, d, s, order), msgs))
			if want == "" {
				want = got
			} else if got != want {
				t.Fatalf("seed %d order %v:\n got %s\nwant %s", seed, ids(order), got, want)
			}
		}
	}
}
