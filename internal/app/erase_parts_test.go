package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// told is one event of a random history.
type told struct {
	who int
	at  float64 // days from now
	obj obj
}

// histories makes events of a few customers, in random order.
func histories(r *rand.Rand, b *bench) []told {
	var out []told
	for who := range 4 {
		user := fmt.Sprintf("user-%d", who)
		for i := range 5 + r.IntN(25) {
			e := told{who: who, at: -float64(1 + r.IntN(300)), obj: obj{"userId": user, "messageId": fmt.Sprintf("%s-%d", user, i)}}
			switch r.IntN(4) {
			case 0:
				e.obj["type"], e.obj["traits"] = "identify", obj{"plan": fmt.Sprint("p", r.IntN(3)), "city": fmt.Sprint("c", r.IntN(9)), "name": user}
			case 1:
				e.obj["type"] = "page"
			case 2:
				e.obj["type"], e.obj["event"] = "track", "Product Viewed"
				e.obj["properties"] = obj{"plan": "x", "product_id": r.IntN(9)}
			default:
				e.obj["type"], e.obj["event"] = "track", "Order Completed"
				e.obj["properties"] = obj{"order_id": fmt.Sprint(user, i), "revenue": 1 + r.IntN(100), "coupon": "C1"}
			}
			e.obj["timestamp"] = b.at(e.at)
			out = append(out, e)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// tell sends events, a part of which is sealed into files.
func (b *bench) tell(list []told) {
	b.t.Helper()
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Lifecycle.Create(context.Background(), 1, def, "sterne_cutler", "test"); err != nil {
		b.t.Fatal(err)
	}
	b.Lifecycle.Wait()
	for i, e := range list {
		b.send(e.obj)
		if i == len(list)/2 {
			if _, err := b.Timeline.Seal(context.Background(), 1); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// facts are what is known of a customer, whatever its number.
type facts struct {
	Row    customer.Customer
	Stages []string
}

func (b *bench) factsOf(user string) facts {
	b.t.Helper()
	ctx := context.Background()
	var f facts
	p, err := b.Customers.List(ctx, 1, customer.Filter{Query: user})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(p.Customers) == 0 {
		return f // has no events
	}
	f.Row = p.Customers[0]
	m, err := b.Lifecycle.Model(1, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	spells, err := b.Lifecycle.History(ctx, 1, m, f.Row.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range spells {
		f.Stages = append(f.Stages, fmt.Sprint(s.Stage, " ", s.Entered, " ", s.Left))
	}
	f.Row.ID = 0
	return f
}

// partly gives what remains of a history when scope is erased for some.
func partly(list []told, who []int, from, to float64, props []string) []told {
	var out []told
	for _, e := range list {
		if slices.Contains(who, e.who) && props == nil && e.at >= from && e.at < to {
			continue
		}
		if slices.Contains(who, e.who) && props != nil {
			c := obj{}
			for k, v := range e.obj {
				if inner, ok := v.(obj); ok {
					kept := obj{}
					for name, x := range inner {
						if !slices.Contains(props, name) {
							kept[name] = x
						}
					}
					v = kept
				}
				c[k] = v
			}
			e.obj = c
		}
		out = append(out, e)
	}
	return out
}

// TestErasePartly erases ranges and properties of random histories: what is left
// must be what an installation knows that was never told the rest, and equal to
// a fold of the whole timeline.
func TestErasePartly(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		for _, engine := range []string{"sqlite", "postgres"} {
			t.Run(fmt.Sprint(engine, seed), func(t *testing.T) {
				t.Parallel()
				dsn := ""
				if engine == "postgres" {
					dsn = dbtest.PostgresDSN(t)
				}
				r := rand.New(rand.NewPCG(seed, 5))
				a, twin := open(t, dsn), open(t, "")
				list := histories(r, a)
				who := []int{0, 2}
				from, to := -200.0, -float64(r.IntN(100))
				if seed == 2 {
					from = -1000 // leaves some customers with nothing, perhaps
					to = 1
				}
				var props []string
				scope := customer.ErasureScope{Kind: customer.ScopeRange, From: days(a, from), To: days(a, to)}
				if seed%2 == 1 {
					props = []string{"plan", "revenue", "name"}
					scope = customer.ErasureScope{Kind: customer.ScopeProperties, Properties: props}
				}
				a.tell(list)
				twin.tell(partly(list, who, from, to, props))
				e := a.erase(customer.ErasureRequest{Action: customer.Delete, Scope: scope,
					Customers: []core.CustomerID{find(t, a, "user-0").ID}, Identifiers: []core.Identifier{{Type: core.TypeUserID, Value: "user-2"}}})
				if e.Customers != 2 || e.Unknown != 0 {
					t.Fatalf("receipt %+v", e)
				}
				for i := range 4 {
					user := fmt.Sprintf("user-%d", i)
					if got, want := a.factsOf(user), twin.factsOf(user); !reflect.DeepEqual(got, want) {
						t.Errorf("%s after erasing %+v:\n got %+v\nwant %+v", user, scope, got, want)
					}
				}
				if rep, err := a.Verify(context.Background(), 0); err != nil || len(rep.Problems) > 0 {
					t.Errorf("verify: %v %v", rep.Problems, err)
				}
				// What comes again does not come back.
				for _, x := range list {
					x.obj["messageId"] = "again-" + x.obj["messageId"].(string)
				}
				again := slices.DeleteFunc(slices.Clone(list), func(x told) bool {
					return !slices.Contains(who, x.who) || props == nil && (x.at < from || x.at >= to)
				})
				before := a.factsOf("user-0").Row
				for _, x := range again {
					a.send(x.obj)
				}
				after := a.factsOf("user-0").Row
				if props == nil && !reflect.DeepEqual(before, after) {
					t.Errorf("late events changed %+v into %+v", before, after)
				}
				if props != nil && (after.Traits != before.Traits || after.Revenue != before.Revenue) {
					t.Errorf("late events brought properties back: %+v", after)
				}
			})
		}
	}
}

func days(b *bench, day float64) core.Micros {
	return core.FromTime(b.clock.Now()) + core.Micros(day*float64(core.Day))
}
