package query

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// maxPlaces bounds the places of first visits that are told apart.
const maxPlaces = 128

// journeyFold holds what all workers share.
type journeyFold struct {
	q      *query
	j      *Journey
	rules  []Touchpoint
	of     []int      // touchpoint by choice
	paths  []int      // column of its section, or -1
	stage  *dimension // nil: none
	silent core.Micros
	kept   map[sectionOf]bool // nil: all sections
	parts  []*journeyPart
	from   string // keys of the cell
	to     string
}

// sectionOf is a touchpoint, or one part of it.
type sectionOf struct {
	rule    int
	section string // other, when it is not among those kept
}

// placeOf is a touchpoint in a stage.
type placeOf struct {
	stage string
	what  int32
}

// journeyPart is one worker's share and scratch.
type journeyPart struct {
	whats    map[sectionOf]int32
	whole    []int32 // touchpoints without sections, by rule; -1 until met
	names    []sectionOf
	met      []pathTally // customers by touchpoint, for the choice of sections
	places   map[placeOf]int32
	nodes    []*journeyNode
	moves    map[[2]int32]*journeyMoves
	stages   map[string]*pathTally
	all      pathTally
	spare    int
	worker   int
	path     []int32
	customer core.CustomerID
}

type journeyNode struct {
	at                              placeOf
	visits, starts, ended, underWay int64
	customers                       pathTally
	places                          [maxPlaces]int32 // customers by place of the first visit
	times                           durations
}

type journeyMoves struct {
	pathTally
	times durations
}

func (q *query) journey(ctx context.Context) (*JourneyResult, error) {
	f, err := q.newJourneyFold(ctx)
	if err != nil {
		return nil, err
	}
	if t := q.roster; t != nil {
		f.from, f.to, f.kept = t.cell.Node, t.cell.Next, t.sections
	}
	if err := f.scan(ctx); err != nil {
		return nil, err
	}
	if q.roster == nil && f.choose() {
		if err := f.scan(ctx); err != nil {
			return nil, err
		}
	}
	return f.result(), nil
}

// sections gives the sections that the map shows; nil when it shows all.
func (q *query) sections(ctx context.Context) (map[sectionOf]bool, error) {
	f, err := q.newJourneyFold(ctx)
	if err != nil || slices.Max(f.paths) < 0 {
		return nil, err
	}
	if err := f.scan(ctx); err != nil {
		return nil, err
	}
	f.choose()
	return f.kept, nil
}

func (q *query) newJourneyFold(ctx context.Context) (*journeyFold, error) {
	f := &journeyFold{q: q, j: q.spec.Journey, rules: q.spec.Journey.touchpoints(), silent: min(q.to, q.env.Now) - spanOf(q.spec.Journey.Quiet, DefaultQuiet)}
	for i, t := range f.rules {
		path := -1
		if t.Section != "" {
			path = q.picker.path(t.Section)
		}
		f.paths = append(f.paths, path)
		for range t.Events {
			f.of = append(f.of, i)
		}
	}
	if f.j.Stage != "" {
		var err error
		if f.stage, err = q.dimension(ctx, "journey.stage", ByStage, f.j.Stage, false); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// scan folds the range from anew.
func (f *journeyFold) scan(ctx context.Context) error {
	f.q.memory.used.Store(0)
	f.parts = nil
	for i := range f.q.workers {
		f.parts = append(f.parts, &journeyPart{worker: i, whats: map[sectionOf]int32{}, whole: slices.Repeat([]int32{-1}, len(f.rules)), places: map[placeOf]int32{}, moves: map[[2]int32]*journeyMoves{}, stages: map[string]*pathTally{}})
	}
	return f.q.scan(ctx, f.q.from, f.q.to, false, f.fold)
}

// choose keeps the sections that most customers visit; it says whether others were
// counted.
func (f *journeyFold) choose() bool {
	sum := map[sectionOf]int64{}
	for _, p := range f.parts {
		for i, name := range p.names {
			if f.paths[name.rule] >= 0 {
				sum[name] += p.met[i].customers
			}
		}
	}
	most := cmp.Or(f.j.Sections, DefaultSections)
	if len(sum) <= most {
		return false
	}
	var list []sectionOf
	for s := range sum {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b sectionOf) int {
		return cmp.Or(cmp.Compare(sum[b], sum[a]), cmp.Compare(a.rule, b.rule), cmp.Compare(a.section, b.section))
	})
	f.kept = map[sectionOf]bool{}
	for _, s := range list[:most] {
		f.kept[s] = true
	}
	f.q.meta.Truncated, f.q.meta.Values = true, len(sum)
	return true
}

// section gives the first part of a path or an address.
func section(text string) string {
	if at := strings.Index(text, "://"); at >= 0 {
		text = text[at+3:]
		at = strings.IndexByte(text, '/')
		if at < 0 {
			return "/"
		}
		text = text[at:]
	}
	if at := strings.IndexAny(text, "?#"); at >= 0 {
		text = text[:at]
	}
	if len(text) > 1 {
		if at := strings.IndexByte(text[1:], '/'); at >= 0 {
			text = text[:at+1]
		}
	}
	return tidy(text)
}

// what gives the number of the touchpoint of row i.
func (f *journeyFold) what(p *journeyPart, w *worker, r *timeline.Rows, i int, mask uint64) (int32, error) {
	s := sectionOf{rule: f.of[bits.TrailingZeros64(mask)]}
	if id := p.whole[s.rule]; id >= 0 {
		p.met[id].add(w.customer)
		return id, nil
	}
	if path := f.paths[s.rule]; path >= 0 {
		if text := w.text(r, i, path); text != noValue {
			s.section = section(text)
		}
		if f.kept != nil && !f.kept[s] {
			s.section = other
		}
	}
	id, ok := p.whats[s]
	if !ok {
		if err := f.q.memory.take(len(s.section) + 2*entryBytes); err != nil {
			return 0, err
		}
		s.section = strings.Clone(s.section)
		id = int32(len(p.names))
		if f.paths[s.rule] < 0 {
			p.whole[s.rule] = id
		}
		p.whats[s], p.names, p.met = id, append(p.names, s), append(p.met, pathTally{})
	}
	p.met[id].add(w.customer)
	return id, nil
}

// node gives the number of a touchpoint in a stage.
func (f *journeyFold) node(p *journeyPart, at placeOf) (int32, error) {
	if f.stage == nil && int(at.what) < len(p.nodes) {
		return at.what, nil // touchpoints and nodes are numbered alike
	}
	id, ok := p.places[at]
	if !ok {
		if err := f.q.memory.take(len(at.stage) + 2*entryBytes + 4*maxPlaces); err != nil {
			return 0, err
		}
		at.stage = strings.Clone(at.stage)
		id = int32(len(p.nodes))
		p.places[at], p.nodes = id, append(p.nodes, &journeyNode{at: at})
	}
	return id, nil
}

// note keeps a time.
func (f *journeyFold) note(p *journeyPart, list *durations, t core.Micros) error {
	if p.spare -= 8; p.spare < 0 {
		p.spare = 1 << 16
		if err := f.q.memory.take(p.spare); err != nil {
			return err
		}
	}
	list.add(t)
	return nil
}

// fold takes the rows of one customer.
func (f *journeyFold) fold(n int, w *worker, r *timeline.Rows) error {
	p := f.parts[n]
	p.path, p.customer = p.path[:0], w.customer
	last, distinct, hit := core.Micros(0), 0, false
	for k, row := range w.rows {
		i := int(row)
		what, err := f.what(p, w, r, i, w.masks[k])
		if err != nil {
			return err
		}
		at := placeOf{what: what}
		if f.stage != nil {
			at.stage = w.label(r, i, f.stage)
			if err := f.inStage(p, at.stage); err != nil {
				return err
			}
		}
		id, err := f.node(p, at)
		if err != nil {
			return err
		}
		if n := len(p.path); n > 0 && p.path[n-1] == id {
			last = r.Time[i]
			continue
		}
		first, moved, err := f.visit(p, id, r.Time[i]-last, distinct)
		if err != nil {
			return err
		}
		if first {
			distinct++
		}
		hit = hit || moved
		p.path, last = append(p.path, id), r.Time[i]
	}
	return f.end(p, w, r, last, hit)
}

func (f *journeyFold) inStage(p *journeyPart, stage string) error {
	t := p.stages[stage]
	if t == nil {
		if err := f.q.memory.take(len(stage) + entryBytes); err != nil {
			return err
		}
		t = &pathTally{}
		p.stages[strings.Clone(stage)] = t
	}
	t.add(p.customer)
	return nil
}

// visit counts a visit of node id, waited after the one before; it says whether it
// is the customer's first, and whether it ends the move asked for.
func (f *journeyFold) visit(p *journeyPart, id int32, waited core.Micros, distinct int) (first, asked bool, err error) {
	node := p.nodes[id]
	node.visits++
	first = node.customers.stamp != p.customer
	node.customers.add(p.customer)
	if first {
		node.places[min(distinct, maxPlaces-1)]++
	}
	n := len(p.path)
	if n == 0 {
		node.starts++
		return first, false, nil
	}
	if first {
		if err := f.note(p, &node.times, waited); err != nil {
			return false, false, err
		}
	}
	k := [2]int32{p.path[n-1], id}
	m := p.moves[k]
	if m == nil {
		if err := f.q.memory.take(2 * entryBytes); err != nil {
			return false, false, err
		}
		m = &journeyMoves{}
		p.moves[k] = m
	}
	if m.stamp != p.customer {
		if err := f.note(p, &m.times, waited); err != nil {
			return false, false, err
		}
	}
	m.add(p.customer)
	return first, f.to != "" && f.key(p, k[0]) == f.from && f.key(p, id) == f.to, nil
}

// end counts where the journey of a customer ends for now.
func (f *journeyFold) end(p *journeyPart, w *worker, r *timeline.Rows, last core.Micros, moved bool) error {
	p.all.add(p.customer)
	id := p.path[len(p.path)-1]
	gone := last < f.silent
	if gone {
		p.nodes[id].ended++
	} else {
		p.nodes[id].underWay++
	}
	t := f.q.roster
	if t == nil {
		return nil
	}
	in := moved
	if f.to == "" {
		switch t.cell.Outcome {
		case OutcomeDropped:
			in = gone && f.key(p, id) == f.from
		case OutcomePending:
			in = !gone && f.key(p, id) == f.from
		default:
			in = f.from == "" || slices.ContainsFunc(p.path, func(id int32) bool { return f.key(p, id) == f.from })
		}
	}
	if f.q.trace != nil {
		f.q.trace.travelled(f, p, evidence(r, int(w.rows[0])), in)
	}
	if !in {
		return nil
	}
	return t.add(p.worker, p.customer, 1)
}

// key names a node in results and cells.
func (f *journeyFold) key(p *journeyPart, id int32) string {
	n := p.nodes[id]
	return f.keyOf(n.at.stage, p.names[n.at.what])
}

func (f *journeyFold) keyOf(stage string, s sectionOf) string {
	name := f.nameOf(s)
	if f.stage == nil {
		return name
	}
	return newValue(stage).Text + "/" + name
}

func (f *journeyFold) nameOf(s sectionOf) string {
	name := f.rules[s.rule].Name
	if s.section != "" {
		name += " " + newValue(s.section).Text
	}
	return name
}

// result adds the workers' shares.
func (f *journeyFold) result() *JourneyResult {
	type nodeOf struct {
		stage string
		what  sectionOf
	}
	nodes, moves := map[nodeOf]*journeyNode{}, map[[2]nodeOf]*journeyMoves{}
	stages := map[string]int64{}
	res := &JourneyResult{Quiet: spanOf(f.j.Quiet, DefaultQuiet), Stages: []JourneyStage{}, Moves: []JourneyMove{}}
	for _, p := range f.parts {
		res.Customers += p.all.customers
		of := func(id int32) nodeOf { return nodeOf{p.nodes[id].at.stage, p.names[p.nodes[id].at.what]} }
		for id, n := range p.nodes {
			if have := nodes[of(int32(id))]; have != nil {
				have.merge(n)
			} else {
				nodes[of(int32(id))] = n
			}
		}
		for k, m := range p.moves {
			to := [2]nodeOf{of(k[0]), of(k[1])}
			if have := moves[to]; have != nil {
				have.merge(&m.pathTally)
				have.times.merge(&m.times)
			} else {
				moves[to] = m
			}
		}
		for s, t := range p.stages {
			stages[s] += t.customers
		}
	}
	if f.stage == nil {
		stages[""] = res.Customers
	}
	points := map[string][]JourneyPoint{}
	for k, n := range nodes {
		points[k.stage] = append(points[k.stage], f.point(f.keyOf(k.stage, k.what), k.what, n, res.Customers))
	}
	for s, n := range stages {
		if len(points[s]) > 0 {
			res.Stages = append(res.Stages, JourneyStage{newValue(s), n, inOrder(points[s])})
		}
	}
	slices.SortFunc(res.Stages, func(a, b JourneyStage) int {
		return cmp.Or(cmp.Compare(a.place(), b.place()), cmp.Compare(b.Customers, a.Customers), cmp.Compare(a.Stage.Text, b.Stage.Text))
	})
	for k, m := range moves {
		from := nodes[k[0]]
		res.Moves = append(res.Moves, JourneyMove{From: f.keyOf(k[0].stage, k[0].what), To: f.keyOf(k[1].stage, k[1].what), Customers: m.customers, Times: m.n,
			Share: float64(m.customers) / float64(from.customers.customers), times: &m.times})
	}
	f.cut(res)
	for i := range res.Moves {
		m := &res.Moves[i]
		m.Time, m.times = f.time(m.times), nil
	}
	return res
}

// cut keeps the most common moves.
func (f *journeyFold) cut(res *JourneyResult) {
	slices.SortFunc(res.Moves, func(a, b JourneyMove) int {
		return cmp.Or(cmp.Compare(b.Customers, a.Customers), cmp.Compare(b.Times, a.Times), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	if most := cmp.Or(f.j.Moves, defaultMoves); len(res.Moves) > most {
		res.MoreMoves = len(res.Moves) - most
		res.Moves = res.Moves[:most]
		f.q.meta.Truncated = true
	}
}

func (n *journeyNode) merge(o *journeyNode) {
	n.visits, n.starts, n.ended, n.underWay = n.visits+o.visits, n.starts+o.starts, n.ended+o.ended, n.underWay+o.underWay
	n.customers.merge(&o.customers)
	for i, v := range o.places {
		n.places[i] += v
	}
	n.times.merge(&o.times)
}

func (f *journeyFold) point(key string, what sectionOf, n *journeyNode, all int64) JourneyPoint {
	c := n.customers.customers
	return JourneyPoint{Key: key, Name: f.nameOf(what), Channel: f.rules[what.rule].Channel, Position: n.position(), Customers: c, Share: float64(c) / float64(all), Visits: n.visits,
		Starts: n.starts, Ended: n.ended, UnderWay: n.underWay, DropOff: float64(n.ended) / float64(c), Before: f.time(&n.times)}
}

// position is the median place of first visits.
func (n *journeyNode) position() float64 {
	at := func(k int64) float64 {
		for i, c := range n.places {
			if k -= int64(c); k < 0 {
				return float64(i + 1)
			}
		}
		return 0
	}
	c := n.customers.customers
	return (at((c-1)/2) + at(c/2)) / 2
}

// place is the place of a stage: that of its first touchpoint.
func (s *JourneyStage) place() float64 { return s.Points[0].Position }

func inOrder(list []JourneyPoint) []JourneyPoint {
	slices.SortFunc(list, func(a, b JourneyPoint) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(b.Customers, a.Customers), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// time describes times; nil without any.
func (f *journeyFold) time(d *durations) *JourneyTime {
	if d.n == 0 {
		return nil
	}
	times := d.sorted()
	t := &JourneyTime{N: int64(len(times)), Median: core.Micros(between(times, 0.5))}
	for _, p := range f.j.percentiles() {
		t.Percentiles = append(t.Percentiles, NumberShare{p, between(times, p/100)})
	}
	return t
}
