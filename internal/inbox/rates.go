package inbox

import (
	"fmt"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/ciclo/ciclo/internal/core"
)

// Rates above which the sender is taken for a program, in events per minute of
// event time: well above what a person does with one device, and what the
// people of an office do behind one address.
const (
	DefaultPerAnonymousID = 240
	DefaultPerAddress     = 2400
)

// maxRates bounds the counters of one generation: about 5 MB.
const maxRates = 1 << 16

// rateKey is one minute of one sender.
type rateKey struct {
	ws     core.WorkspaceID
	source core.SourceID
	minute int64
	sender uint64
}

// rates counts events by sender and minute of their own time, not of the
// clock, so that the same events in the same order are marked the same. Counts
// change only when a batch is committed. The oldest generation is forgotten
// when the newest is full; a new process begins at zero, which at most lets a
// sender's minute begin anew.
type rates struct {
	mu       sync.Mutex
	now, old map[rateKey]int
}

func (r *rates) count(k rateKey) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now[k] + r.old[k]
}

// add takes the counts of a committed batch.
func (r *rates) add(counts map[rateKey]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || len(r.now) > maxRates {
		r.now, r.old = map[rateKey]int{}, r.now
	}
	for k, n := range counts {
		r.now[k] += n
	}
}

// meter counts the senders of one work.
type meter struct {
	rates  *rates
	ws     core.WorkspaceID
	before map[rateKey]int // committed counts of the keys in here
	counts map[rateKey]int
}

// tick counts one more event of a sender's minute and gives how many there are.
func (t *meter) tick(src core.SourceID, kind byte, sender string, at core.Micros) int {
	minute := at / core.Minute
	k := rateKey{t.ws, src, minute, xxh3.HashStringSeed(sender, uint64(kind))}
	if t.counts == nil {
		t.before, t.counts = map[rateKey]int{}, map[rateKey]int{}
	}
	base, known := t.before[k]
	if !known {
		base = t.rates.count(k)
		t.before[k] = base
	}
	t.counts[k]++
	return base + t.counts[k]
}

// rateOf counts a message and says whether its sender is too fast for a person:
// the evidence, or "". Servers and imports send for many people at once, so
// they are not counted.
func (t *meter) rateOf(m *core.Message, src *Source) string {
	if src.Kind == Server || m.Flags&core.FlagImported != 0 {
		return ""
	}
	evidence := ""
	check := func(kind byte, sender, what string, limit, standard int) {
		if limit == 0 {
			limit = standard
		}
		if sender == "" || limit < 0 {
			return
		}
		if t.tick(m.Source, kind, sender, m.Time) > limit && evidence == "" {
			evidence = fmt.Sprintf("more than %d events a minute from one %s", limit, what)
		}
	}
	check('a', m.AnonymousID, "anonymous id", src.Settings.Bots.PerAnonymousID, DefaultPerAnonymousID)
	check('i', m.Context.IP, "address", src.Settings.Bots.PerAddress, DefaultPerAddress)
	return evidence
}

// markRate marks a message as a bot's by its rate.
func markRate(m *core.Message, evidence string) {
	if evidence == "" {
		return
	}
	m.Flags |= core.FlagBot
	class := "rate"
	if own := find(m.ContextRest, botKey); own != nil {
		if c := textOf(find(own, "class")); c != "" {
			class, evidence = c, textOf(find(own, "evidence"))+"; "+evidence
		}
		m.ContextRest = without(m.ContextRest, botKey)
	}
	rest := m.ContextRest
	if len(rest) == 0 {
		rest = []byte{'{'}
	} else {
		rest = append(append([]byte{}, rest[:len(rest)-1]...), ',')
	}
	m.ContextRest = append(appendBot(append(append(rest, '"'), botKey+`":`...), class, evidence), '}')
}

// botKey is where the reasons for a bot mark stand in an event's context.
const botKey = "bot"

func appendBot(dst []byte, class, evidence string) []byte {
	dst = quote(append(dst, `{"class":`...), class)
	return append(quote(append(dst, `,"evidence":`...), evidence), '}')
}
