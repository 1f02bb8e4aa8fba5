package query

import "slices"

// anyOrder finds, for each instant with an event of a step, how many distinct
// steps the window from there holds when each event serves one step.
func (w *walk) anyOrder() error {
	from := 0
	for from < len(w.t.times) {
		end, open, since := w.anyPiece(from)
		o := outcome{open: open, since: since}
		if err := w.finish(o); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// anyPiece tries the starts from row from on. It ends behind the first
// conversion when all conversions count, else at the end of the track.
func (w *walk) anyPiece(from int) (end int, open bool, since int64) {
	t := w.t
	rest := w.suffix(from)
	last := int64(-1 << 63)
	for i := from; i < len(t.times); i++ {
		if at := t.times[i]; t.masks[i]&w.stepMask == 0 || at < w.from || at >= w.to || at == last {
			continue
		}
		last = t.times[i]
		b := w.best
		hopeless := b != nil && !b.tainted && distinct(rest[i-from]) <= b.depth
		if hopeless && last+w.window < w.now {
			continue // a later start of equal depth never wins
		}
		a, stop := w.window1(i, distinct(rest[i-from]))
		if !a.tainted && last+w.window >= w.now && !open {
			open, since = true, last
		}
		whole := a.depth == w.steps && !a.tainted
		w.close(a)
		if whole {
			for w.all && stop < len(t.times) && t.times[stop] == t.times[stop-1] {
				stop++
			}
			if w.all {
				return stop, false, 0
			}
			return len(t.times), false, 0
		}
	}
	return len(t.times), open, since
}

// suffix gives the steps that rows from each row on can serve.
func (w *walk) suffix(from int) []uint64 {
	n := len(w.t.times) - from
	out := make([]uint64, n)
	var m uint64
	for k := n - 1; k >= 0; k-- {
		m |= w.t.masks[from+k] & w.stepMask
		out[k] = m
	}
	for k := 1; k < n; k++ { // rows of one instant share a window
		if w.t.times[from+k] == w.t.times[from+k-1] {
			out[k] = out[k-1]
		}
	}
	return out
}

// window1 matches the window that begins at row i; most is what it can reach at
// best. It gives the attempt and the row behind the last one it needed.
func (w *walk) window1(i, most int) (*attempt, int) {
	t, start := w.t, w.t.times[i]
	for i > 0 && t.times[i-1] == start {
		i--
	}
	var a *attempt
	if n := len(w.free); n > 0 {
		a, w.free = w.free[n-1], w.free[:n-1]
	} else {
		a = &attempt{rows: make([]int32, w.steps)}
	}
	a.start, a.depth, a.tainted, a.by, a.broke = start, 0, false, -1, -1
	for s := range a.rows {
		a.rows[s] = -1
	}
	taken := w.match.rowOf // row + 1 by step
	clear(taken)
	k := i
	for ; k < len(t.times) && t.times[k] <= start+w.window && a.depth < most; k++ {
		if t.masks[k]&w.stepMask != 0 && w.place(taken, int32(k)) {
			a.rows[a.depth] = int32(k)
			a.depth++
		}
	}
	end := t.times[a.rows[a.depth-1]]
	for x := i; x < k && t.times[x] < end; x++ {
		if t.times[x] > start && slices.ContainsFunc(w.exclude, func(e span) bool { return t.masks[x]&e.bit != 0 }) {
			a.tainted, a.by = true, int32(x)
		}
	}
	return a, k
}

// place gives row k a step, moving other rows to other steps if need be.
func (w *walk) place(taken []int32, k int32) bool {
	ok, _ := w.placing(taken, k, 0)
	return ok
}

// placing is place; tried holds the steps looked at.
func (w *walk) placing(taken []int32, k int32, tried uint64) (bool, uint64) {
	for s := range w.steps {
		if w.t.masks[k]&(1<<s) == 0 || tried&(1<<s) != 0 {
			continue
		}
		tried |= 1 << s
		ok := taken[s] == 0
		if !ok {
			ok, tried = w.placing(taken, taken[s]-1, tried)
		}
		if ok {
			taken[s] = k + 1
			return true, tried
		}
	}
	return false, tried
}
