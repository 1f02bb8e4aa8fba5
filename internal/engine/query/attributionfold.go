package query

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Units of shares of time decay, which depend on more than the path: of counts,
// and of each minor unit of money.
const (
	decayUnits      = 1_000_000_000
	decayMoneyUnits = 1000

	maxMinor = 1_000_000_000_000_000 // a value beyond it is no value
)

// attributionFold holds what all workers share.
type attributionFold struct {
	q        *query
	a        *Attribution
	channels *channels
	direct   int // channel that is ignored, or -1
	lookBack core.Micros
	gap      core.Micros
	halfLife float64
	value    int // columns, or -1
	back     int
	order    int
	currency int

	refunds, touches  uint64 // bits of choices
	lead, opportunity uint64
	not               []string // events that are no visits
	parts             []*attributionPart
}

// attributionPart is one worker's share and scratch.
type attributionPart struct {
	paths     map[string]*pathShare
	untouched int64
	unvalued  int64
	foreign   foreign
	refunded  int64
	customers pathTally
	arrivals  map[arrival]int
	noVisit   []bool // by name

	touch       []touch
	conversions []sale
	byOrder     map[string]int
	takenBack   []takenBack
	marks       [2][]core.Micros // times of leads and opportunities
	last        core.Micros
	came        arrival // what the session at hand says
	begin       int     // first touch that is not used up
	path        []int32 // places of touches
	key         []byte
	ages        []float64
}

// pathShare counts one path. decay and money are sums by touch.
type pathShare struct {
	n, lost, value int64
	decay, money   []int64
}

type touch struct {
	at      core.Micros
	channel int // -1: not known yet
	row     int
	used    bool
}

type sale struct {
	at      core.Micros
	touches int  // made until then
	live    bool // the session of the last touch still ran
	value   int64
	paid    core.Money // the value as it was told
	back    int64      // of it taken back in its own currency
	unrated bool       // its currency has no rate
	full    bool       // all was taken back
	row     int
}

type takenBack struct {
	order string
	paid  core.Money // without a currency in that of the order
	all   bool
}

func (q *query) attribution(ctx context.Context) (*AttributionResult, error) {
	f := q.newAttributionFold()
	if t := q.roster; t != nil && t.cell.Channel != nil {
		if t.series = slices.Index(f.channels.names, *t.cell.Channel); t.series < 0 {
			return nil, bad("cell.channel", "must be one of the channels")
		}
	}
	to := q.to
	if f.refunds != 0 {
		to = q.env.Now // whenever it was given back
	}
	// A day before the look-back tells where its first session began.
	if err := q.scan(ctx, q.from-f.lookBack-f.gap-core.Day, to, false, f.fold); err != nil {
		return nil, err
	}
	return f.result(ctx)
}

func (q *query) newAttributionFold() *attributionFold {
	a := q.spec.Attribution
	f := &attributionFold{q: q, a: a, channels: newChannels(a.Channels, a.Own, q.picker), direct: -1, lookBack: spanOf(a.LookBack, DefaultLookBack), gap: spanOf(a.Gap, DefaultGap),
		halfLife: float64(spanOf(a.HalfLife, DefaultHalfLife)), value: -1, back: -1, order: q.picker.path(a.order()), currency: -1}
	if f.not = a.NotTouches; f.not == nil && a.Touches == nil {
		f.not = defaultNotTouches()
	}
	if a.Direct != DirectCounts {
		f.direct = f.channels.direct()
	}
	if a.Value != "" {
		f.value, f.back, f.currency = q.picker.path(a.Value), q.picker.path(a.refundValue()), q.picker.path("currency")
	}
	bit := uint64(1) << 1 // the first is the conversion
	for range a.refunds() {
		f.refunds |= bit
		bit <<= 1
	}
	if a.Lead != nil {
		f.lead = bit
		bit <<= 1
	}
	if a.Opportunity != nil {
		f.opportunity = bit
		bit <<= 1
	}
	for range a.touches() {
		f.touches |= bit
		bit <<= 1
	}
	for range q.workers {
		f.parts = append(f.parts, &attributionPart{paths: map[string]*pathShare{}, arrivals: map[arrival]int{}, byOrder: map[string]int{}})
	}
	return f
}

// fold takes the rows of one customer.
func (f *attributionFold) fold(n int, w *worker, r *timeline.Rows) error {
	p := f.parts[n]
	p.touch, p.conversions, p.takenBack, p.begin = p.touch[:0], p.conversions[:0], p.takenBack[:0], 0
	p.marks[0], p.marks[1] = p.marks[0][:0], p.marks[1][:0]
	clear(p.byOrder)
	for k, row := range w.rows {
		i, m := int(row), w.masks[k]
		at := r.Time[i]
		if m&f.refunds != 0 {
			f.takeBack(p, w, r, i)
		}
		if at >= f.q.to {
			continue
		}
		if m&1 != 0 && f.again(p, w, r, i) {
			continue
		}
		if m&f.touches != 0 && m&f.refunds == 0 && !f.silent(p, r, i) {
			f.touch(p, r, i)
		}
		if m&f.lead != 0 {
			p.marks[0] = append(p.marks[0], at)
		}
		if m&f.opportunity != 0 {
			p.marks[1] = append(p.marks[1], at)
		}
		if m&1 != 0 {
			f.convert(p, w, r, i)
		}
	}
	f.settle(p)
	for i := range p.touch {
		if p.touch[i].channel < 0 {
			p.touch[i].channel = f.channels.direct()
		}
	}
	return f.count(n, p, w, r)
}

// silent says whether row i is of an event that is no visit.
func (f *attributionFold) silent(p *attributionPart, r *timeline.Rows, i int) bool {
	name := int(r.Name[i])
	for name >= len(p.noVisit) {
		p.noVisit = append(p.noVisit, slices.Contains(f.not, r.NameOf(uint32(len(p.noVisit)))))
	}
	return p.noVisit[name]
}

// touch follows the sessions of a customer.
func (f *attributionFold) touch(p *attributionPart, r *timeline.Rows, i int) {
	at := r.Time[i]
	fresh := len(p.touch) == 0 || at-p.last >= f.gap || f.a.SplitMidnight && f.midnight(p.last, at)
	last := len(p.touch) - 1
	if !fresh && p.touch[last].channel >= 0 && !f.a.SplitCampaign {
		p.last = at
		return
	}
	came := f.channels.read(r, i)
	channel := f.channel(p, &came)
	if !fresh && f.a.SplitCampaign && p.touch[last].channel >= 0 {
		fresh = came.campaigned() && !came.sameCampaign(&p.came)
	}
	p.last = at
	switch {
	case fresh:
		p.touch, p.came = append(p.touch, touch{at: at, channel: channel, row: i}), came
	case p.touch[last].channel < 0 && channel >= 0:
		p.touch[last].channel, p.came = channel, came
	}
}

// channel remembers what arrivals belong to.
func (f *attributionFold) channel(p *attributionPart, came *arrival) int {
	if *came == (arrival{}) {
		return -1
	}
	channel, met := p.arrivals[*came]
	if !met {
		channel = f.channels.channel(came)
		if len(p.arrivals) < maxArrivals {
			p.arrivals[came.clone()] = channel
		}
	}
	return channel
}

// clone copies the texts, which belong to pages of files.
func (a *arrival) clone() arrival {
	return arrival{strings.Clone(a.source), strings.Clone(a.medium), strings.Clone(a.campaign), strings.Clone(a.host), strings.Clone(a.event), a.clicks}
}

func (a *arrival) sameCampaign(o *arrival) bool {
	return a.source == o.source && a.medium == o.medium && a.campaign == o.campaign && a.clicks == o.clicks
}

// midnight says whether a local midnight lies between two instants.
func (f *attributionFold) midnight(a, b core.Micros) bool {
	return b-a >= core.Day || f.q.cal.floor(Day, a) != f.q.cal.floor(Day, b)
}

// again gives an order that was told before its new value.
func (f *attributionFold) again(p *attributionPart, w *worker, r *timeline.Rows, i int) bool {
	if r.PropColumn(f.order).Kind[i] == core.ValueNone {
		return false
	}
	have, again := p.byOrder[w.text(r, i, f.order)]
	if again && f.value >= 0 {
		m, ok := f.amount(w, r, i, f.value, f.q.env.Currency)
		f.tell(&p.conversions[have], m, ok)
	}
	return again
}

// convert notes a conversion.
func (f *attributionFold) convert(p *attributionPart, w *worker, r *timeline.Rows, i int) {
	at := r.Time[i]
	inside := at >= f.q.from
	c := sale{at: at, row: i}
	if f.value >= 0 {
		m, ok := f.amount(w, r, i, f.value, f.q.env.Currency)
		f.tell(&c, m, ok)
		switch {
		case c.unrated && inside:
			p.foreign.add(m.Currency)
		case !ok && inside:
			p.unvalued++
		}
	}
	if r.PropColumn(f.order).Kind[i] != core.ValueNone {
		p.byOrder[w.text(r, i, f.order)] = len(p.conversions)
	}
	c.touches, c.live = len(p.touch), len(p.touch) > 0 && at-p.last < f.gap
	p.conversions = append(p.conversions, c)
}

// takeBack notes a refund. One that names no currency is in that of its order.
func (f *attributionFold) takeBack(p *attributionPart, w *worker, r *timeline.Rows, i int) {
	if r.PropColumn(f.order).Kind[i] == core.ValueNone {
		return // nobody can tell of what
	}
	t, otherwise := takenBack{order: w.text(r, i, f.order)}, f.q.env.Currency
	if at, known := p.byOrder[t.order]; known {
		otherwise = cmp.Or(p.conversions[at].paid.Currency, otherwise)
	}
	m, ok := f.amount(w, r, i, f.back, otherwise)
	m.Minor = max(m.Minor, -m.Minor)
	t.paid, t.all = m, !ok
	p.takenBack = append(p.takenBack, t)
}

// count adds the paths of one customer.
func (f *attributionFold) count(n int, p *attributionPart, w *worker, r *timeline.Rows) error {
	for i := range p.conversions {
		c := &p.conversions[i]
		f.pathOf(p, c)
		if c.at < f.q.from {
			continue
		}
		p.customers.add(w.customer)
		in, err := f.converted(p, c)
		if err == nil && f.q.trace != nil {
			f.q.trace.touched(f, p, evidence(r, c.row), in)
		}
		if err == nil && in && f.q.roster != nil {
			err = f.q.roster.add(n, w.customer, 1)
		}
		if err != nil {
			return err
		}
	}
	return f.lost(n, p, w, r)
}

// pathOf gathers the touches of a conversion and uses them up.
func (f *attributionFold) pathOf(p *attributionPart, c *sale) {
	from := c.touches
	for from > p.begin && p.touch[from-1].at >= c.at-f.lookBack {
		from--
	}
	if from == c.touches && c.live {
		from-- // the session that still ran when the path began anew
	}
	for i := from; i < c.touches; i++ {
		p.touch[i].used = true
	}
	if !f.a.KeepPath {
		p.begin = c.touches
	}
	f.choose(p, from, c.touches)
}

// choose makes the path of touches [from, to), without direct ones unless there
// are no others.
func (f *attributionFold) choose(p *attributionPart, from, to int) {
	p.path = p.path[:0]
	for i := from; i < to; i++ {
		if p.touch[i].channel != f.direct {
			p.path = append(p.path, int32(i))
		}
	}
	if len(p.path) == 0 {
		for i := from; i < to; i++ {
			p.path = append(p.path, int32(i))
		}
	}
}

// converted counts the path at hand as one that led to c, and says whether it is
// behind the number asked for.
func (f *attributionFold) converted(p *attributionPart, c *sale) (in bool, err error) {
	p.key, p.ages = p.key[:0], p.ages[:0]
	for _, i := range p.path {
		p.key = append(p.key, byte(p.touch[i].channel))
		p.ages = append(p.ages, float64(c.at-p.touch[i].at))
	}
	if len(p.path) == 0 {
		p.untouched++
		p.key, p.ages = append(p.key, byte(f.channels.none())), append(p.ages, 0)
	}
	n := len(p.key)
	in = f.asked(p.key, true)
	if f.lead|f.opportunity != 0 {
		p.key = append(p.key, markByte, f.mark(p, c, 0), f.mark(p, c, 1))
	}
	s, err := f.share(p)
	if err != nil {
		return false, err
	}
	s.n++
	s.value += c.value
	if s.decay == nil {
		if err := f.q.memory.take(16 * n); err != nil {
			return false, err
		}
		s.decay, s.money = make([]int64, n), make([]int64, n)
	}
	weights := stats.DecayTouch(p.ages, f.halfLife)
	money := make([]float64, n)
	for i := range weights {
		money[i] = weights[i] * float64(c.value*decayMoneyUnits)
		weights[i] *= decayUnits
	}
	add(s.decay, stats.Apportion(decayUnits, weights))
	add(s.money, stats.Apportion(c.value*decayMoneyUnits, money))
	return in, nil
}

// markByte begins the marks of a path in its key: no channel has its number. noMark
// stands for a missing one.
const (
	markByte = 255
	noMark   = 255
)

// mark gives the place of the touch that made the first lead or opportunity of the
// path.
func (f *attributionFold) mark(p *attributionPart, c *sale, which int) byte {
	if len(p.path) == 0 {
		return noMark
	}
	for _, at := range p.marks[which] {
		if at > c.at {
			break
		}
		place := -1
		for k, i := range p.path {
			if p.touch[i].at <= at {
				place = k
			}
		}
		if place >= 0 {
			return byte(min(place, noMark-1))
		}
	}
	return noMark
}

func (f *attributionFold) share(p *attributionPart) (*pathShare, error) {
	s := p.paths[string(p.key)]
	if s == nil {
		if err := f.q.memory.take(2*len(p.key) + entryBytes + 96); err != nil {
			return nil, err
		}
		s = &pathShare{}
		p.paths[string(p.key)] = s
	}
	return s, nil
}

// lost counts the touches in the range that led to no conversion. A path of them
// is no longer than the look-back, as those of conversions.
func (f *attributionFold) lost(n int, p *attributionPart, w *worker, r *timeline.Rows) error {
	for i := 0; i < len(p.touch); {
		t := &p.touch[i]
		if t.used || t.at < f.q.from {
			i++
			continue
		}
		end := i + 1
		for end < len(p.touch) && !p.touch[end].used && p.touch[end].at-t.at <= f.lookBack {
			end++
		}
		f.choose(p, i, end)
		i = end
		p.key = p.key[:0]
		for _, k := range p.path {
			p.key = append(p.key, byte(p.touch[k].channel))
		}
		in := f.q.roster != nil && f.asked(p.key, false)
		if f.lead|f.opportunity != 0 {
			p.key = append(p.key, markByte, noMark, noMark)
		}
		s, err := f.share(p)
		if err != nil {
			return err
		}
		s.lost++
		if f.q.trace != nil {
			f.q.trace.touched(f, p, evidence(r, t.row), in)
		}
		if in {
			if err := f.q.roster.add(n, w.customer, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked says whether a path is behind the number of the cell.
func (f *attributionFold) asked(path []byte, converted bool) bool {
	t := f.q.roster
	if t == nil {
		return false
	}
	c := t.cell
	if converted == (c.Outcome == OutcomeLost) {
		return false
	}
	if c.Channel == nil {
		return true
	}
	at := byte(t.series) // of its channel
	switch c.Outcome {
	case OutcomeFirst:
		return path[0] == at
	case OutcomeLast:
		return path[len(path)-1] == at
	}
	return slices.Contains(path, at)
}

// readPath takes a key apart.
func readPath(key string) (path []int, lead, opportunity int) {
	lead, opportunity = -1, -1
	if n := len(key) - 3; n >= 0 && key[n] == markByte {
		if key[n+1] != noMark {
			lead = int(key[n+1])
		}
		if key[n+2] != noMark {
			opportunity = int(key[n+2])
		}
		key = key[:n]
	}
	path = make([]int, len(key))
	for i := range path {
		path[i] = int(key[i])
	}
	return path, lead, opportunity
}
