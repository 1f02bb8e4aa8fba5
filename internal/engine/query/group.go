package query

import (
	"cmp"
	"slices"
	"strings"
)

// Names of the two values that are not values. As keys they begin with a zero
// byte, which no property text holds, so that a property which really says
// "(none)" stays apart.
const (
	noValue = "\x00none"
	other   = "\x00other"
)

// Value is one value of a breakdown.
type Value struct {
	Text  string `json:"text"`
	None  bool   `json:"none,omitempty"`  // events without the property
	Other bool   `json:"other,omitempty"` // all values beyond the top N
	All   bool   `json:"all,omitempty"`   // no breakdown: everything
}

func newValue(key string) Value {
	switch key {
	case noValue:
		return Value{Text: "(none)", None: true}
	case other:
		return Value{Text: "(other)", Other: true}
	}
	return Value{Text: key}
}

// key is the inverse of newValue.
func (v *Value) key() string {
	switch {
	case v.None:
		return noValue
	case v.Other:
		return other
	}
	return v.Text
}

// groups keeps one T a breakdown value for one worker. Until the top values are
// known it keeps at most limit of them and weighs every value; once they are
// fixed, all others share the rest.
type groups[T any] struct {
	limit  int
	fixed  bool
	all    map[string]*entry[T]
	kept   int
	over   bool // more than limit values were met
	fresh  func() *T
	memory *budget
	size   int // bytes of one T

	lastKey string
	last    *entry[T]
}

// entry is one value; part is nil when the values are too many.
type entry[T any] struct {
	part   *T
	weight int64
}

// entryBytes is what an entry takes beside its key and part.
const entryBytes = 96

func newGroups[T any](limit int, memory *budget, size int, fresh func() *T) *groups[T] {
	return &groups[T]{limit: limit, all: map[string]*entry[T]{}, fresh: fresh, memory: memory, size: size}
}

// keep fixes the values that have a T of their own.
func (g *groups[T]) keep(keys []string) error {
	g.fixed, g.over, g.last, g.kept = true, false, nil, 0
	g.all = map[string]*entry[T]{}
	for _, k := range append(slices.Clone(keys), other) {
		if err := g.memory.take(g.size); err != nil {
			return err
		}
		g.all[k] = &entry[T]{part: g.fresh()}
	}
	return nil
}

// get gives the T of a value, nil when the values are too many to keep yet.
func (g *groups[T]) get(key string, weight int64) (*T, error) {
	if g.last != nil && g.lastKey == key {
		g.last.weight += weight
		return g.last.part, nil
	}
	e := g.all[key]
	if e == nil && g.fixed {
		e = g.all[other]
	}
	if e == nil {
		var err error
		if e, err = g.meet(key); err != nil {
			return nil, err
		}
	}
	e.weight += weight
	g.lastKey, g.last = key, e
	return e.part, nil
}

// is says whether part is that of key.
func (g *groups[T]) is(key string, part *T) bool {
	e := g.all[key]
	return e != nil && e.part == part
}

// meet makes the entry of a new value.
func (g *groups[T]) meet(key string) (*entry[T], error) {
	if err := g.memory.take(len(key) + entryBytes); err != nil {
		return nil, err
	}
	e := &entry[T]{}
	g.all[strings.Clone(key)] = e
	if !g.over && g.kept == g.limit {
		g.over = true
		for _, o := range g.all {
			o.part = nil
		}
		g.memory.give(g.kept * g.size)
		g.kept = 0
	}
	if g.over {
		return e, nil
	}
	if err := g.memory.take(g.size); err != nil {
		return nil, err
	}
	e.part = g.fresh()
	g.kept++
	return e, nil
}

// ranked adds the weights of all workers and gives the heaviest n values, how
// many there are, and whether a second pass is needed to tell them from the rest.
func ranked[T any](parts []*groups[T], n int) (top []string, values int, again bool) {
	sum := map[string]int64{}
	for _, p := range parts {
		again = again || p.over
		for k, e := range p.all {
			sum[k] = addClamped(sum[k], e.weight)
		}
	}
	for k := range sum {
		top = append(top, k)
	}
	slices.SortFunc(top, func(a, b string) int {
		return cmp.Or(cmp.Compare(sum[b], sum[a]), cmp.Compare(a, b))
	})
	values = len(top)
	if len(top) > n {
		top, again = top[:n], true
	}
	return top, values, again
}

// merged adds the workers' parts value by value.
func merged[T any](parts []*groups[T], into func(a, b *T)) map[string]*T {
	out := map[string]*T{}
	for _, p := range parts {
		for k, e := range p.all {
			if have := out[k]; have != nil {
				into(have, e.part)
			} else {
				out[k] = e.part
			}
		}
	}
	return out
}

// folded runs scan until the values to show are known: once, or twice when there
// are more than n. fixed, when not nil, are the values to show. It gives the
// values in order, the rest last, and what was folded for each.
func folded[T any](q *query, parts []*groups[T], fixed []string, into func(a, b *T), scan func() error) ([]string, map[string]*T, error) {
	if fixed == nil {
		if err := scan(); err != nil {
			return nil, nil, err
		}
		top, values, again := ranked(parts, parts[0].limit)
		q.meta.Values = values
		if !again {
			return top, merged(parts, into), nil
		}
		fixed = top
		if values > len(top) {
			q.meta.Truncated = true
			fixed = append(slices.Clone(top), other)
		}
	}
	keep := slices.DeleteFunc(slices.Clone(fixed), func(k string) bool { return k == other })
	q.memory.used.Store(0) // what a first pass held is dropped here
	for _, p := range parts {
		if err := p.keep(keep); err != nil {
			return nil, nil, err
		}
	}
	if err := scan(); err != nil {
		return nil, nil, err
	}
	return fixed, merged(parts, into), nil
}
