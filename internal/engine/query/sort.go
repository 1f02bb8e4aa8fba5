package query

import "slices"

// digit is how many bits of a number are sorted at once.
const digit = 11

// sortNumbers sorts as slices.Sort does: long lists digit by digit, which takes a
// third of the time.
func sortNumbers(v []int64) {
	if len(v) < 1<<digit {
		slices.Sort(v)
		return
	}
	low, high := v[0], v[0]
	sorted := true
	for i, x := range v {
		low, high = min(low, x), max(high, x)
		sorted = sorted && (i == 0 || v[i-1] <= x)
	}
	if sorted {
		return
	}
	from, to := v, make([]int64, len(v))
	// Less the lowest, all are whole numbers from 0: a difference beyond int64 is right
	// as an unsigned number.
	for shift := uint(0); shift < 64 && uint64(high-low)>>shift > 0; shift += digit {
		var starts [1 << digit]int
		for _, x := range from {
			starts[uint64(x-low)>>shift&(1<<digit-1)]++
		}
		at := 0
		for k, n := range starts {
			starts[k] = at
			at += n
		}
		for _, x := range from {
			k := uint64(x-low) >> shift & (1<<digit - 1)
			to[starts[k]] = x
			starts[k]++
		}
		from, to = to, from
	}
	if &from[0] != &v[0] {
		copy(v, from)
	}
}
