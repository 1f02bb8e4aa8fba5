package stats

import (
	"math"
	"slices"
)

// TouchPath is a sequence of channels, numbered from 0, and how often it ended
// in a conversion and how often it did not.
type TouchPath struct {
	Channels    []int
	Conversions int64
	Lost        int64
}

// Bounds of a chain.
const (
	maxMarkovStates = 50_000
	denseStates     = 128 // up to which a chain is solved by elimination
	maxSweeps       = 20_000
)

// Chain is a Markov chain of paths: its states are the last Order channels. It
// keeps the shape of the paths, so that it can be solved for other counts of the
// same paths.
type Chain struct {
	channels int
	last     []int   // channel of each state; of the start -1
	to       []int   // state that each edge leads to
	from     []int   // the edges of state s are from[s] to from[s+1]
	steps    []int32 // edges of the paths, one path after the other
	begin    []int   // the steps of path i are begin[i] to begin[i+1]
	ends     []int32 // last state of each path
}

// NewChain makes the chain of paths over channels; ok is false when it would have
// too many states.
func NewChain(paths []TouchPath, channels, order int) (c *Chain, ok bool) {
	b := chainMaker{channels: channels, order: order, ids: map[string]int{}, edges: map[[2]int]int32{}}
	b.state(nil) // the start
	c = &Chain{channels: channels, ends: make([]int32, len(paths)), begin: make([]int, len(paths)+1)}
	for i := range paths {
		at := 0
		p := paths[i].Channels
		for k := range p {
			to := b.state(p[max(0, k+1-order) : k+1])
			if to >= maxMarkovStates {
				return nil, false
			}
			c.steps = append(c.steps, b.edge(at, to))
			at = to
		}
		c.ends[i], c.begin[i+1] = int32(at), len(c.steps)
	}
	c.last = b.last
	c.arrange(b.list)
	return c, true
}

// arrange sorts edges by the state they leave and numbers the steps anew.
func (c *Chain) arrange(edges [][2]int) {
	order := make([]int32, len(edges))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortFunc(order, func(x, y int32) int {
		if a, b := edges[x], edges[y]; a[0] != b[0] {
			return a[0] - b[0]
		}
		return edges[x][1] - edges[y][1]
	})
	place := make([]int32, len(edges))
	c.from = make([]int, len(c.last)+1)
	for k, e := range order {
		place[e] = int32(k)
		c.to = append(c.to, edges[e][1])
		c.from[edges[e][0]+1]++
	}
	for s := range c.last {
		c.from[s+1] += c.from[s]
	}
	for i, e := range c.steps {
		c.steps[i] = place[e]
	}
}

// chainMaker numbers states and edges.
type chainMaker struct {
	channels, order int
	ids             map[string]int
	last            []int
	edges           map[[2]int]int32
	list            [][2]int
	key             []byte
}

func (b *chainMaker) edge(from, to int) int32 {
	k := [2]int{from, to}
	id, ok := b.edges[k]
	if !ok {
		id = int32(len(b.list))
		b.edges[k], b.list = id, append(b.list, k)
	}
	return id
}

func (b *chainMaker) state(recent []int) int {
	b.key = b.key[:0]
	for _, c := range recent {
		b.key = append(b.key, byte(c), byte(c>>8))
	}
	id, ok := b.ids[string(b.key)]
	if !ok {
		id = len(b.last)
		b.ids[string(b.key)] = id
		last := -1
		if len(recent) > 0 {
			last = recent[len(recent)-1]
		}
		b.last = append(b.last, last)
	}
	return id
}

// States gives the number of states, the start included.
func (c *Chain) States() int { return len(c.last) }

// Cost is about the number of multiplications of one Solve.
func (c *Chain) Cost() float64 {
	n := float64(len(c.last))
	solve := n * n * n / 3
	if len(c.last) > denseStates {
		solve = 60 * float64(len(c.to))
	}
	return float64(len(c.steps)) + solve*float64(c.channels+1)
}

// Removal is what a chain says: the probability of conversion, and of each channel
// the share of it that is lost when whoever comes to that channel is lost
// (Anderl et al. 2016). Sum is that of all effects.
type Removal struct {
	P       float64
	Effects []float64
	Sum     float64
}

// Shares gives each channel its part of the effects; nil when they sum to 0.
func (r Removal) Shares() []float64 {
	if r.Sum <= 0 {
		return nil
	}
	out := make([]float64, len(r.Effects))
	for i, e := range r.Effects {
		out[i] = e / r.Sum
	}
	return out
}

// Solve weighs the transitions by the counts of the paths, which NewChain was
// given in the same order.
func (c *Chain) Solve(paths []TouchPath) Removal {
	weight := make([]float64, len(c.to))
	won, all := make([]float64, len(c.last)), make([]float64, len(c.last))
	seen := make([]bool, c.channels)
	for i := range paths {
		n := float64(paths[i].Conversions + paths[i].Lost)
		if n == 0 {
			continue
		}
		for _, e := range c.steps[c.begin[i]:c.begin[i+1]] {
			weight[e] += n
		}
		won[c.ends[i]] += float64(paths[i].Conversions)
		all[c.ends[i]] += n
		if paths[i].Conversions > 0 {
			for _, ch := range paths[i].Channels {
				seen[ch] = true
			}
		}
	}
	for s := range c.last {
		total := all[s]
		for k := c.from[s]; k < c.from[s+1]; k++ {
			total += weight[k]
		}
		if total == 0 {
			continue
		}
		won[s] /= total
		for k := c.from[s]; k < c.from[s+1]; k++ {
			weight[k] /= total
		}
	}
	r := Removal{P: c.reach(weight, won, -1), Effects: make([]float64, c.channels)}
	if r.P <= 0 {
		r.P = 0
		return r
	}
	for ch := range c.channels {
		if seen[ch] { // others have no effect, and no rounding error either
			r.Effects[ch] = max(0, 1-c.reach(weight, won, ch)/r.P)
			r.Sum += r.Effects[ch]
		}
	}
	return r
}

// reach gives the probability of conversion from the start when the states of
// channel removed are lost.
func (c *Chain) reach(weight, won []float64, removed int) float64 {
	if len(c.last) <= denseStates {
		return c.eliminate(weight, won, removed)
	}
	return c.sweep(weight, won, removed)
}

// eliminate solves x = Qx + won for the start by Gaussian elimination. From every
// state an end is reached, so that I - Q is an M-matrix and needs no pivoting.
// The start, which is state 0, is eliminated last.
func (c *Chain) eliminate(weight, won []float64, removed int) float64 {
	n := len(c.last)
	a := make([]float64, n*(n+1))
	for s := range n {
		row := a[s*(n+1):]
		row[s] = 1
		if s > 0 && c.last[s] == removed {
			continue // x = 0
		}
		for k := c.from[s]; k < c.from[s+1]; k++ {
			row[c.to[k]] -= weight[k]
		}
		row[n] = won[s]
	}
	for s := n - 1; s > 0; s-- {
		p := a[s*(n+1) : (s+1)*(n+1)]
		if p[s] == 0 {
			continue // a state that no path of these counts visits
		}
		for t := range s {
			q := a[t*(n+1) : (t+1)*(n+1)]
			f := q[s] / p[s]
			if f == 0 {
				continue
			}
			for k := range s {
				q[k] -= f * p[k]
			}
			q[n] -= f * p[n]
		}
	}
	if a[0] == 0 {
		return 0
	}
	return a[n] / a[0]
}

// sweep solves the same by Gauss and Seidel.
func (c *Chain) sweep(weight, won []float64, removed int) float64 {
	x := make([]float64, len(c.last))
	for range maxSweeps {
		moved := 0.0
		for s := len(x) - 1; s >= 0; s-- {
			if s > 0 && c.last[s] == removed {
				continue
			}
			sum, self := won[s], 0.0
			for k := c.from[s]; k < c.from[s+1]; k++ {
				if to := c.to[k]; to == s {
					self = weight[k]
				} else {
					sum += weight[k] * x[to]
				}
			}
			if self < 1 {
				sum /= 1 - self
			}
			moved = max(moved, math.Abs(sum-x[s]))
			x[s] = sum
		}
		if moved < 1e-14 {
			break
		}
	}
	return x[0]
}
