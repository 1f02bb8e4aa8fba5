package query_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// slowPaths is the reference: sessions as lists of texts.
type slowPaths struct {
	gap        core.Micros
	steps      int
	start, end string
	group      bool
}

func (f *slowPaths) item(e core.Event) string {
	v, ok := core.Lookup(e.Props, "path")
	if !ok {
		return e.Name
	}
	item := v.Text
	for strings.HasSuffix(item, "/") && item != "/" {
		item = strings.TrimSuffix(item, "/")
	}
	if f.group && strings.HasPrefix(item, "/p/") {
		return "product"
	}
	if f.group && regexp.MustCompile("[0-9]$").MatchString(item) {
		return "number"
	}
	return item
}

// paths gives each path with "." for what is beside it: positions before, and
// whether the session goes on.
func (f *slowPaths) paths(events []core.Event) (out [][]string) {
	var sessions [][]string
	for i, e := range events {
		if i == 0 || e.Time-events[i-1].Time >= f.gap {
			sessions = append(sessions, nil)
		}
		s := &sessions[len(sessions)-1]
		if item := f.item(e); len(*s) == 0 || (*s)[len(*s)-1] != item {
			*s = append(*s, item)
		}
	}
	for _, s := range sessions {
		if f.start != "" {
			at := slices.Index(s, f.start)
			if at < 0 {
				continue
			}
			s = s[at:]
		}
		if f.end == "" {
			if len(s) > f.steps {
				s = append(slices.Clone(s[:f.steps]), "beyond")
			} else {
				s = append(slices.Clone(s), "drop")
			}
			out = append(out, s)
			continue
		}
		at := slices.Index(s, f.end)
		if at < 0 {
			continue
		}
		s = s[:at+1]
		if f.start != "" && len(s) > f.steps {
			head := s[:f.steps/2]
			s = slices.Concat(head, []string{query.Ellipsis}, s[len(s)-(f.steps-1-len(head)):])
		}
		if f.start == "" {
			s = s[max(0, len(s)-f.steps):]
			s = append(slices.Repeat([]string{""}, f.steps-len(s)), s...)
		}
		out = append(out, append(slices.Clone(s), "drop"))
	}
	return out
}

func TestPathsEqualReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(91, 92))
	var events []core.Event
	customers := 1200
	if testing.Short() {
		customers = 200
	}
	for c := 1; c <= customers; c++ {
		for range r.IntN(14) {
			props := ""
			if r.IntN(8) > 0 {
				props = fmt.Sprintf(`{"path":%q}`, []string{"/", "/a", "/a/", "/b//", "/p/1", "/p/2/", "/c3"}[r.IntN(7)])
			}
			e := event(core.CustomerID(c), day(1)+r.Int64N(60)*10*core.Minute, "Home", props)
			e.Kind = core.KindPage
			events = append(events, e)
		}
	}
	s, people := load(t, events), history(events)
	for range 40 {
		f := &slowPaths{gap: []core.Micros{30 * core.Minute, core.Hour}[r.IntN(2)], steps: 3 + r.IntN(4), group: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			f.start = "/a"
		}
		if r.IntN(2) == 0 {
			f.end = []string{"/", "/b", "product"}[r.IntN(3)]
		}
		groups := "[]"
		if f.group {
			groups = `[{"name":"product","pattern":"/p/*"},{"name":"number","regex":"[0-9]$"}]`
		}
		spec := fmt.Sprintf(`{"kind":"paths","range":{"from":"2020-01-01","to":"2020-01-03"},"paths":{"gap":"%dm","steps":%d,"edges":500,"start":%q,"end":%q,"groups":%s}}`,
			f.gap/core.Minute, f.steps, f.start, f.end, groups)
		want, who, total := map[string]int64{}, map[string]map[core.CustomerID]bool{}, int64(0)
		note := func(c core.CustomerID, key string) {
			want[key]++
			if who[key] == nil {
				who[key] = map[core.CustomerID]bool{}
			}
			who[key][c] = true
		}
		for c, list := range people {
			for _, p := range f.paths(list) {
				total++
				for i, item := range p[:len(p)-1] {
					if item == "" {
						continue
					}
					key := fmt.Sprintf("%d_%s", i+1, item)
					note(c, key)
					if i == 0 || p[i-1] == "" {
						note(c, key+" starts")
					}
					if i == len(p)-2 {
						note(c, key+" "+p[i+1])
					} else {
						note(c, fmt.Sprintf("%s > %d_%s", key, i+2, p[i+1]))
					}
				}
			}
		}
		got := ask(t, s, env(), "%s", spec).Paths
		have, users := map[string]int64{}, map[string]int64{}
		for _, n := range got.Nodes {
			have[n.Key], have[n.Key+" starts"], have[n.Key+" drop"], have[n.Key+" beyond"] = n.In, n.Starts, n.DropOff, n.Beyond
			users[n.Key] = n.Customers
			if n.In != n.Out+n.DropOff {
				t.Errorf("%s: node %+v does not add up", spec, n)
			}
			out := n.Beyond
			for _, e := range got.Edges {
				if e.From == n.Key {
					out += e.Paths
				}
			}
			if out != n.Out {
				t.Errorf("%s: node %s: %d go on, edges and beyond are %d", spec, n.Key, n.Out, out)
			}
		}
		for _, e := range got.Edges {
			have[e.From+" > "+e.To], users[e.From+" > "+e.To] = e.Paths, e.Customers
		}
		for k, n := range have {
			if n == 0 {
				delete(have, k)
			}
		}
		if got.Paths != total || len(have) != len(want) || got.MoreEdges != 0 {
			t.Fatalf("%s: got %d paths, %d numbers; want %d, %d", spec, got.Paths, len(have), total, len(want))
		}
		for k, n := range want {
			if have[k] != n {
				t.Errorf("%s: %s: got %d, want %d", spec, k, have[k], n)
			}
		}
		for k, n := range users {
			if n != int64(len(who[k])) {
				t.Errorf("%s: %s: got %d customers, want %d", spec, k, n, len(who[k]))
			}
		}
	}
}

func TestPathsShowTheMostCommon(t *testing.T) {
	t.Parallel()
	var events []core.Event
	for c := 1; c <= 300; c++ {
		for i, item := range []string{"home", fmt.Sprintf("p%d", c%20), fmt.Sprintf("q%d", c%50)} {
			events = append(events, event(core.CustomerID(c), day(1)+int64(i), item, ""))
		}
	}
	p := ask(t, load(t, events), env(), `{"kind":"paths","range":{"from":"2020-01-01","to":"2020-01-02"},"paths":{"edges":10,"events":[{"kind":"any"}]}}`)
	if len(p.Paths.Edges) != 10 || p.Paths.MoreEdges != 20+100-10 || p.Paths.Edges[0].Paths != 15 || p.Paths.Nodes[0].Key != "1_home" || p.Paths.Nodes[0].In != 300 || !p.Meta.Truncated || p.Paths.MoreNodes != 71-len(p.Paths.Nodes) {
		t.Errorf("got %d edges and %d more, %d nodes and %d more, first %+v", len(p.Paths.Edges), p.Paths.MoreEdges, len(p.Paths.Nodes), p.Paths.MoreNodes, p.Paths.Nodes[0])
	}
}
