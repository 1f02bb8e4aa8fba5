package query

import (
	"cmp"
	"context"
	"math/bits"
	"regexp"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// pathsFold holds what all workers share.
type pathsFold struct {
	q        *query
	p        *Paths
	steps    int
	gap      core.Micros
	items    []int // column by choice, or -1
	patterns []*regexp.Regexp
	node     *pathAt // of the cell asked for
	next     *pathAt
	parts    []*pathsPart
}

// pathAt is a node of a cell.
type pathAt struct {
	position int
	item     string
}

// pathsPart is one worker's share and scratch.
type pathsPart struct {
	raw   map[string]int32 // item as it is written → number
	ids   map[string]int32
	names []string
	// byName are items by the name of events, -1 where they are not known.
	byName []int32
	nodes  map[pathKey]*pathTally
	edges  map[pathKey]*pathTally
	paths  pathTally

	worker  int
	session []int32
	begin   int // row that the session began at
}

// pathKey is a node, or an edge to an item of the next position.
type pathKey struct{ position, item, to int32 }

type pathTally struct {
	n, customers, starts, drops, beyond int64
	stamp                               core.CustomerID
}

func (t *pathTally) add(c core.CustomerID) {
	if t.n++; t.stamp != c {
		t.stamp = c
		t.customers++
	}
}

func (t *pathTally) merge(o *pathTally) {
	t.n, t.customers, t.starts, t.drops, t.beyond = t.n+o.n, t.customers+o.customers, t.starts+o.starts, t.drops+o.drops, t.beyond+o.beyond
}

func (q *query) paths(ctx context.Context) (*PathsResult, error) {
	p := q.spec.Paths
	f := &pathsFold{q: q, p: p, steps: cmp.Or(p.Steps, DefaultSteps), gap: p.gap()}
	var err error
	if f.patterns, err = p.patterns(); err != nil {
		return nil, err
	}
	for _, e := range p.events() {
		path := -1
		if e.Item != "" {
			path = q.picker.path(e.Item)
		}
		f.items = append(f.items, path)
	}
	if t := q.roster; t != nil {
		if f.node, f.next, err = t.cell.path(f.steps); err != nil {
			return nil, err
		}
	}
	for i := range q.workers {
		x := &pathsPart{worker: i, raw: map[string]int32{}, ids: map[string]int32{}, nodes: map[pathKey]*pathTally{}, edges: map[pathKey]*pathTally{}}
		x.named(Ellipsis)
		f.parts = append(f.parts, x)
	}
	if err := q.scan(ctx, q.from, q.to, false, f.fold); err != nil {
		return nil, err
	}
	return f.result(), nil
}

// named gives the number of an item.
func (x *pathsPart) named(name string) int32 {
	id, ok := x.ids[name]
	if !ok {
		id = int32(len(x.names))
		x.names = append(x.names, name)
		x.ids[name] = id
	}
	return id
}

// item gives the number of what row i is called.
func (f *pathsFold) item(x *pathsPart, w *worker, r *timeline.Rows, i int, mask uint64) (int32, error) {
	text := noValue
	if path := f.items[bits.TrailingZeros64(mask)]; path >= 0 {
		text = w.text(r, i, path)
	}
	if text != noValue {
		return f.called(x, text)
	}
	name := int(r.Name[i])
	for name >= len(x.byName) {
		x.byName = append(x.byName, -1)
	}
	if id := x.byName[name]; id >= 0 {
		return id, nil
	}
	if text = r.NameOf(r.Name[i]); text == "" {
		return f.called(x, core.Kind(r.Kind[i]).String())
	}
	id, err := f.called(x, text)
	if err == nil {
		x.byName[name] = id
	}
	return id, err
}

// called gives the number of an item.
func (f *pathsFold) called(x *pathsPart, text string) (int32, error) {
	if id, ok := x.raw[text]; ok {
		return id, nil
	}
	name := tidy(text)
	for k, re := range f.patterns {
		if re.MatchString(name) {
			name = f.p.Groups[k].Name
			break
		}
	}
	if err := f.q.memory.take(2*len(text) + 2*entryBytes); err != nil {
		return 0, err
	}
	id := x.named(strings.Clone(name))
	x.raw[strings.Clone(text)] = id
	return id, nil
}

// fold takes the rows of one customer.
func (f *pathsFold) fold(n int, w *worker, r *timeline.Rows) error {
	x := f.parts[n]
	x.session = x.session[:0]
	last := core.Micros(0)
	for k, i := range w.rows {
		at := r.Time[i]
		if len(x.session) > 0 && at-last >= f.gap {
			if err := f.end(x, w, r); err != nil {
				return err
			}
		}
		last = at
		id, err := f.item(x, w, r, int(i), w.masks[k])
		if err != nil {
			return err
		}
		if len(x.session) == 0 {
			x.begin = int(i)
		}
		if len(x.session) == 0 || x.session[len(x.session)-1] != id {
			x.session = append(x.session, id)
		}
	}
	return f.end(x, w, r)
}

// end counts the session at hand.
func (f *pathsFold) end(x *pathsPart, w *worker, r *timeline.Rows) error {
	path, from, beyond := f.cut(x)
	in, err := f.count(x, w.customer, path, from, beyond)
	if f.q.trace != nil {
		f.q.trace.session(x, evidence(r, x.begin), path, in)
	}
	x.session = x.session[:0]
	if err != nil || !in || f.q.roster == nil {
		return err
	}
	return f.q.roster.add(x.worker, w.customer, 1)
}

// cut gives the part of the session that is shown, the position before it, and
// whether the session goes on behind it.
func (f *pathsFold) cut(x *pathsPart) (path []int32, from int, beyond bool) {
	path = x.session
	find := func(name string) int {
		id, ok := x.ids[name]
		if !ok {
			return -1
		}
		return slices.Index(path, id)
	}
	if f.p.Start != "" {
		at := find(f.p.Start)
		if at < 0 {
			return nil, 0, false
		}
		path = path[at:]
	}
	if f.p.End == "" {
		if len(path) > f.steps {
			return path[:f.steps], 0, true
		}
		return path, 0, false
	}
	at := find(f.p.End)
	if at < 0 {
		return nil, 0, false
	}
	path = path[:at+1]
	switch {
	case f.p.Start != "" && len(path) > f.steps:
		head := f.steps / 2
		short := append(slices.Clone(path[:head]), 0) // the ellipsis
		return append(short, path[len(path)-(f.steps-head-1):]...), 0, false
	case f.p.Start == "":
		path = path[max(len(path)-f.steps, 0):]
		return path, f.steps - len(path), false
	}
	return path, 0, false
}

// count adds a path and says whether it is behind the number asked for.
func (f *pathsFold) count(x *pathsPart, c core.CustomerID, path []int32, from int, beyond bool) (in bool, err error) {
	if len(path) == 0 {
		return false, nil
	}
	x.paths.add(c)
	in = f.q.roster != nil && f.node == nil
	for k, item := range path {
		last := k == len(path)-1
		node, err := f.tally(x.nodes, pathKey{int32(from + k + 1), item, -1})
		if err != nil {
			return false, err
		}
		node.add(c)
		switch {
		case last && beyond:
			node.beyond++
		case last:
			node.drops++
		}
		if k == 0 {
			node.starts++
		}
		if !last {
			edge, err := f.tally(x.edges, pathKey{int32(from + k + 1), item, path[k+1]})
			if err != nil {
				return false, err
			}
			edge.add(c)
		}
		in = in || f.node != nil && f.asked(x, path, from, k, beyond)
	}
	return in, nil
}

// asked says whether item k of a path is the node asked for, and goes on as
// asked.
func (f *pathsFold) asked(x *pathsPart, path []int32, from, k int, beyond bool) bool {
	if f.node.position != from+k+1 || f.node.item != x.names[path[k]] {
		return false
	}
	last := k == len(path)-1
	if f.next != nil {
		return !last && x.names[path[k+1]] == f.next.item
	}
	switch f.q.roster.cell.Outcome {
	case OutcomeDropped:
		return last && !beyond
	case OutcomeContinued:
		return !last || beyond
	}
	return true
}

func (f *pathsFold) tally(in map[pathKey]*pathTally, k pathKey) (*pathTally, error) {
	t := in[k]
	if t == nil {
		if err := f.q.memory.take(entryBytes + 48); err != nil {
			return nil, err
		}
		t = &pathTally{}
		in[k] = t
	}
	return t, nil
}

// result adds the workers' shares and keeps the most common edges.
func (f *pathsFold) result() *PathsResult {
	type edge struct{ from, to pathAt }
	nodes, edges := map[pathAt]*pathTally{}, map[edge]*pathTally{}
	res := &PathsResult{Nodes: []PathNode{}, Edges: []PathEdge{}}
	for _, x := range f.parts {
		res.Paths, res.Customers = res.Paths+x.paths.n, res.Customers+x.paths.customers
		for k, t := range x.nodes {
			mergeInto(nodes, pathAt{int(k.position), x.names[k.item]}, t)
		}
		for k, t := range x.edges {
			mergeInto(edges, edge{pathAt{int(k.position), x.names[k.item]}, pathAt{int(k.position) + 1, x.names[k.to]}}, t)
		}
	}
	for e, t := range edges {
		res.Edges = append(res.Edges, PathEdge{nodeName(e.from.position, e.from.item), nodeName(e.to.position, e.to.item), t.n, t.customers})
	}
	slices.SortFunc(res.Edges, func(a, b PathEdge) int {
		return cmp.Or(cmp.Compare(b.Paths, a.Paths), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	limit := cmp.Or(f.p.Edges, DefaultEdges)
	if len(res.Edges) > limit {
		res.MoreEdges = len(res.Edges) - limit
		res.Edges = res.Edges[:limit]
	}
	for at, t := range nodes {
		res.Nodes = append(res.Nodes, PathNode{nodeName(at.position, at.item), at.position, at.item, t.n, t.customers, t.starts, t.n - t.drops, t.beyond, t.drops})
	}
	res.trim(limit)
	f.q.meta.Truncated = res.MoreNodes+res.MoreEdges > 0
	return res
}

func mergeInto[K comparable](all map[K]*pathTally, k K, t *pathTally) {
	have := all[k]
	if have == nil {
		have = &pathTally{}
		all[k] = have
	}
	have.merge(t)
}

// trim keeps the nodes of shown edges and the most common others.
func (r *PathsResult) trim(limit int) {
	slices.SortFunc(r.Nodes, func(a, b PathNode) int {
		return cmp.Or(cmp.Compare(b.In, a.In), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Item, b.Item))
	})
	needed := map[string]bool{}
	for _, e := range r.Edges {
		needed[e.From], needed[e.To] = true, true
	}
	all := len(r.Nodes)
	rank := 0
	r.Nodes = slices.DeleteFunc(r.Nodes, func(n PathNode) bool {
		rank++
		return rank > limit && !needed[n.Key]
	})
	r.MoreNodes = all - len(r.Nodes)
}
