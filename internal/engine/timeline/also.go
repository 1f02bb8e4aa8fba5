package timeline

import (
	"math"

	"github.com/ciclo/ciclo/internal/core"
)

// Also gives events beside those of the timeline, such as moves between stages,
// which are kept as stays. They come behind what happened at the same instant.
// Many goroutines call it.
type Also interface {
	// Next gives the first customer from c on who may have events.
	Next(c core.CustomerID) (core.CustomerID, bool)
	// Events appends those of a customer, in order of time. Customer, Time, Kind,
	// Name and Props count.
	Events(c core.CustomerID, into []core.Event) []core.Event
}

// alsoSource is an Also as a source of rows.
type alsoSource struct {
	sc     *scanner
	also   Also
	hi     core.CustomerID
	next   core.CustomerID
	events []core.Event
}

func newAlsoSource(sc *scanner, sp span) *alsoSource {
	s := &alsoSource{sc: sc, also: sc.req.Also, hi: sp.hi}
	s.seek(sp.lo)
	return s
}

func (s *alsoSource) seek(from core.CustomerID) {
	for {
		c, ok := s.also.Next(from)
		if !ok || c >= s.hi {
			s.next = noCustomer
			return
		}
		if s.sc.want.customer(c) {
			s.next = c
			return
		}
		from = c + 1
	}
}

func (s *alsoSource) head() core.CustomerID { return s.next }

func (s *alsoSource) pull(end core.CustomerID, w *window) error {
	for s.next < end {
		s.events = s.also.Events(s.next, s.events[:0])
		for i := range s.events {
			v := &s.events[i]
			e := row{customer: s.next, time: v.Time, received: v.Time, seq: math.MaxInt64, kind: v.Kind, name: v.Name, props: v.Props}
			if s.sc.want.row(&e) {
				w.customers = append(w.customers, int64(e.customer))
				w.in.addRow(&e, s.sc.names.id(e.name))
			}
		}
		s.seek(s.next + 1)
	}
	return nil
}

func (s *alsoSource) close() {}
