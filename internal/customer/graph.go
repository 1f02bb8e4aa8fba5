package customer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/zeebo/xxh3"
)

// graph is one workspace's identity map in memory: about 60 bytes an
// identifier. It is rebuilt from SQL at start and after a failed transaction.
type graph struct {
	mu         sync.RWMutex
	set        Settings
	ids        map[idKey]core.ActorID
	home       []uint32 // by actor: customer when there is one span
	comp       []uint32 // by actor: component, 0 = none
	sizes      []uint32 // by component: facts
	spans      map[core.ActorID][]Span
	seen       map[uint64]core.Micros // fact key → earliest time of such a fact
	tombs      map[idKey][]erasedSpan
	written    map[core.CustomerID][]core.CustomerID
	moves      []move // rising by version
	version    int64
	nextActor  core.ActorID
	nextNumber core.CustomerID
	nextFact   int64
	nextComp   int64
	nextLog    int64
}

type idKey [16]byte

type move struct {
	version  int64
	was, now core.CustomerID
}

func newGraph(set Settings) *graph {
	return &graph{
		set: set, ids: map[idKey]core.ActorID{}, home: make([]uint32, 1), comp: make([]uint32, 1),
		spans: map[core.ActorID][]Span{}, seen: map[uint64]core.Micros{}, tombs: map[idKey][]erasedSpan{},
		written: map[core.CustomerID][]core.CustomerID{}, nextActor: 1, nextNumber: 1, nextFact: 1, nextComp: 1, nextLog: 1,
	}
}

// keyOf hashes an identifier with the installation's secret, so that a stored
// tombstone does not give away the identifier.
func keyOf(secret []byte, id core.Identifier) idKey {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id.Type))
	h.Write([]byte{0})
	h.Write([]byte(id.Value))
	var k idKey
	copy(k[:], h.Sum(nil))
	return k
}

// at gives the customer of an actor at an instant.
func (g *graph) at(a core.ActorID, t core.Micros) core.CustomerID {
	if int(a) >= len(g.home) || a <= 0 {
		return 0
	}
	if n := g.home[a]; n != 0 {
		return core.CustomerID(n)
	}
	s := g.spans[a]
	i := sort.Search(len(s), func(i int) bool { return s[i].From > t })
	if i == 0 {
		return 0
	}
	return s[i-1].Customer
}

// homes gives an actor's spans.
func (g *graph) homes(a core.ActorID) []Span {
	if n := g.home[a]; n != 0 {
		return []Span{{Beginning, core.CustomerID(n)}}
	}
	return g.spans[a]
}

func (g *graph) setHomes(a core.ActorID, s []Span) {
	for int(a) >= len(g.home) {
		g.home = append(g.home, 0)
		g.comp = append(g.comp, 0)
	}
	if len(s) == 1 {
		g.home[a] = uint32(s[0].Customer)
		delete(g.spans, a)
		return
	}
	g.home[a] = 0
	if len(s) == 0 { // the map must not grow with identifiers that await their home
		delete(g.spans, a)
		return
	}
	g.spans[a] = s
}

func (g *graph) addMove(m move) {
	g.moves = append(g.moves, m)
	g.version = max(g.version, m.version)
	into := g.written[m.now]
	for _, w := range append([]core.CustomerID{m.was}, g.written[m.was]...) {
		if w != m.now && !slices.Contains(into, w) {
			into = append(into, w)
		}
	}
	g.written[m.now] = into
}

func (g *graph) size(comp uint32) uint32 {
	if int(comp) >= len(g.sizes) {
		return 0
	}
	return g.sizes[comp]
}

func (g *graph) grow(comp, by uint32) {
	for int(comp) >= len(g.sizes) {
		g.sizes = append(g.sizes, 0)
	}
	g.sizes[comp] += by
}

// factKey names a set of identifiers and what kind of fact holds them.
func factKey(kind FactKind, actors []core.ActorID) uint64 {
	buf := make([]byte, 0, 64)
	buf = append(buf, byte(kind))
	for _, a := range actors {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(a))
	}
	return xxh3.Hash(buf)
}

func encodeActors(actors []core.ActorID) string {
	buf := make([]byte, 0, len(actors)*4)
	for i, a := range actors {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = binaryText(buf, int64(a))
	}
	return string(buf)
}

func binaryText(buf []byte, n int64) []byte {
	if n >= 10 {
		buf = binaryText(buf, n/10)
	}
	return append(buf, byte('0'+n%10))
}

func decodeActors(text string) []core.ActorID {
	var out []core.ActorID
	n, any := int64(0), false
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != ',' {
			n, any = n*10+int64(text[i]-'0'), true
			continue
		}
		if any {
			out = append(out, core.ActorID(n))
		}
		n, any = 0, false
	}
	return out
}

// Home gives the current customer of an event tracked by actor at that time;
// it implements the timeline's view of identity.
func (s *Service) Home(ws core.WorkspaceID, actor core.ActorID, at core.Micros) core.CustomerID {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.at(actor, at)
}

// Version rises with every change that moves existing events.
func (s *Service) Version(ws core.WorkspaceID) int64 {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.version
}

// Moved gives the customer numbers whose events, written at or before version
// since, may live elsewhere now; nil when none do.
func (s *Service) Moved(ws core.WorkspaceID, since int64) map[core.CustomerID]struct{} {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	i := sort.Search(len(g.moves), func(i int) bool { return g.moves[i].version > since })
	if i == len(g.moves) {
		return nil
	}
	out := make(map[core.CustomerID]struct{}, len(g.moves)-i)
	for _, m := range g.moves[i:] {
		out[m.was] = struct{}{}
	}
	return out
}

// Written gives all numbers under which events of c may have been written.
func (s *Service) Written(ws core.WorkspaceID, c core.CustomerID) []core.CustomerID {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	return append([]core.CustomerID{c}, g.written[c]...)
}
