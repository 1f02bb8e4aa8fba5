package expr

// Local says whether what n says may differ between local times: by the days,
// weeks or wall clocks of a zone. What it names elsewhere, before Expand, is not
// looked at.
func Local(n *Node) bool {
	for _, group := range [2][]Node{n.All, n.Any} {
		for i := range group {
			if Local(&group[i]) {
				return true
			}
		}
	}
	switch {
	case n.Not != nil:
		return Local(n.Not)
	case n.Trait != nil:
		return n.Trait.local()
	case n.Did != nil:
		return n.Did.local()
	case n.Compare != nil:
		return n.Compare.A.local() || n.Compare.B.local()
	case n.Lapse != nil:
		return n.Lapse.GapMultiple > 0 || anyLocal(n.Lapse.Where) // gaps are between days
	case n.Sequence != nil:
		for i := range n.Sequence.Steps {
			if anyLocal(n.Sequence.Steps[i].Where) {
				return true
			}
		}
	case n.Keyed != nil:
		return n.Keyed.When != nil && Local(n.Keyed.When)
	case n.Stage != nil:
		return n.Stage.Since != nil && n.Stage.Since.local()
	case n.Message != nil:
		d, err := n.Message.did()
		return err == nil && d.local()
	}
	return false
}

func (d *Did) local() bool {
	if d.Measure == DistinctDays || d.Window != nil && d.Window.Calendar != "" || anyLocal(d.Where) {
		return true
	}
	m := d.Match()
	return d.Picks() && m.local()
}

func anyLocal(list []Match) bool {
	for i := range list {
		if list[i].local() {
			return true
		}
	}
	return false
}

// local: a text without an offset is a local time, so every comparison of times
// may be one of local times; only an instant and a span are the same everywhere.
func (m *Match) local() bool {
	if m.Op == Element {
		return anyLocal(m.Where)
	}
	if m.Name == EventTime {
		switch m.Op {
		case InLast, NotInLast, InNext, MoreThanAgo:
			return false
		}
	}
	return m.comparesTimes()
}
