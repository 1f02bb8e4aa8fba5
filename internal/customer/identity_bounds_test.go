package customer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
)

// stated collects identifiers and the facts that hold them.
type stated struct {
	actors map[core.ActorID]*customer.Actor
	byName map[string]core.ActorID
	facts  []customer.Fact
}

// say adds a fact of identifiers written type:value, by priority.
func (s *stated) say(at core.Micros, kind customer.FactKind, names ...string) {
	if s.actors == nil {
		s.actors, s.byName = map[core.ActorID]*customer.Actor{}, map[string]core.ActorID{}
	}
	f := customer.Fact{ID: int64(len(s.facts) + 1), At: at, Kind: kind}
	for _, n := range names {
		id, ok := s.byName[n]
		if !ok {
			id = core.ActorID(len(s.actors) + 1)
			typ, value, _ := strings.Cut(n, ":")
			s.byName[n], s.actors[id] = id, &customer.Actor{ID: id, Type: typ, Value: value, FirstSeen: at}
		}
		f.Actors = append(f.Actors, id)
	}
	s.facts = append(s.facts, f)
}

// TestFullCustomer passes the bounds of 1,000 identifiers and of 100 merges:
// nothing attaches or merges any more, and the customer says so.
func TestFullCustomer(t *testing.T) {
	t.Parallel()
	set := customer.DefaultSettings()
	var many stated
	for i := range 1100 {
		many.say(core.Micros(i)*2*core.Day, customer.FactSeen, "user_id:u", fmt.Sprint("anonymous_id:a", i))
	}
	out := customer.Resolve(many.actors, many.facts, &set)
	if got := largest(out); len(got.Members) != customer.MaxIdentifiers || !got.Full {
		t.Errorf("%d identifiers, full %v", len(got.Members), got.Full)
	}
	if n := len(out.Groups); n != 1+1100+1-customer.MaxIdentifiers {
		t.Errorf("%d customers", n)
	}
	if last := out.Decisions[len(out.Decisions)-1]; last.Rule != "demoted" || !strings.Contains(last.Why, "full") {
		t.Errorf("the last decision is %+v", last)
	}
	// Each pair is a customer of its own before its address joins it to the rest.
	var merging stated
	for i := range 120 {
		at := core.Micros(i) * 4 * core.Day
		merging.say(at, customer.FactSeen, "phone:p", fmt.Sprint("anonymous_id:x", i))
		if i > 0 {
			merging.facts = merging.facts[:len(merging.facts)-1]
			merging.say(at, customer.FactSeen, fmt.Sprint("crm:c", i), fmt.Sprint("anonymous_id:x", i))
			merging.say(at+1, customer.FactSeen, fmt.Sprint("anonymous_id:x", i), "phone:p")
		}
	}
	wide := customer.DefaultSettings()
	wide.Limits = append(wide.Limits, customer.Limit{Type: "crm", Max: 1000, Window: customer.Ever})
	out = customer.Resolve(merging.actors, merging.facts, &wide)
	merges := 0
	for _, d := range out.Decisions {
		if d.Rule == "merged" {
			merges++
		}
	}
	if got := largest(out); merges != customer.MaxMerges || !got.Full {
		t.Errorf("%d merges, full %v, %d identifiers", merges, got.Full, len(got.Members))
	}
}

func largest(out customer.Outcome) *customer.Group {
	return slices.MaxFunc(out.Groups, func(a, b *customer.Group) int { return len(a.Members) - len(b.Members) })
}

// TestWindowsOfLimits lets five devices a week attach, and five more the next.
func TestWindowsOfLimits(t *testing.T) {
	t.Parallel()
	set := customer.DefaultSettings()
	var s stated
	for i := range 14 {
		s.say(core.Micros(i)*core.Day, customer.FactSeen, "user_id:u", fmt.Sprint("anonymous_id:a", i))
	}
	out := customer.Resolve(s.actors, s.facts, &set)
	var outside []string
	for name, id := range s.byName {
		if out.Homes[id][0].Group != out.Homes[s.byName["user_id:u"]][0].Group {
			outside = append(outside, name)
		}
	}
	slices.Sort(outside)
	if got := strings.Join(outside, " "); got != "anonymous_id:a12 anonymous_id:a13 anonymous_id:a5 anonymous_id:a6" {
		t.Errorf("outside are %s", got)
	}
}

// TestResolveIsPure shuffles random facts: the same groups at every instant.
func TestResolveIsPure(t *testing.T) {
	t.Parallel()
	set := customer.DefaultSettings()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var s stated
		for range 25 {
			at := core.Micros(rnd.IntN(12)) * core.Hour // often the same instant
			var names []string
			if rnd.IntN(2) == 0 {
				names = append(names, fmt.Sprint("user_id:u", rnd.IntN(4)))
			}
			if rnd.IntN(3) == 0 {
				names = append(names, fmt.Sprint("email:m", rnd.IntN(4)))
			}
			names = append(names, fmt.Sprint("anonymous_id:a", rnd.IntN(5)))
			kind := customer.FactSeen
			if strings.HasPrefix(names[0], "user_id") && rnd.IntN(2) == 0 {
				kind = customer.FactIdentify
			}
			s.say(at, kind, names...)
		}
		want := s.written(customer.Resolve(s.actors, s.facts, &set))
		for range 4 {
			rnd.Shuffle(len(s.facts), func(i, j int) { s.facts[i], s.facts[j] = s.facts[j], s.facts[i] })
			if got := s.written(customer.Resolve(s.actors, s.facts, &set)); got != want {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
			}
		}
	}
}

// written tells at which instants which identifiers share a customer.
func (s *stated) written(out customer.Outcome) string {
	by := map[*customer.Group][]string{}
	for name, id := range s.byName {
		for i, h := range out.Homes[id] {
			if i > 0 && h.From == out.Homes[id][i-1].From {
				return "two homes at one instant: " + name
			}
			by[h.Group] = append(by[h.Group], fmt.Sprint(name, "@", h.From))
		}
	}
	var groups []string
	for _, g := range by {
		slices.Sort(g)
		groups = append(groups, strings.Join(g, "+"))
	}
	slices.Sort(groups)
	return strings.Join(groups, " | ")
}
