package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Bounds and choices of clusters.
const (
	MinClusters = 2
	MaxClusters = 8

	fitPoints        = 10_000 // drawn to fit and choose, of more points
	silhouettePoints = 2_000  // up to which a silhouette is exact
	clusterStarts    = 8
	clusterRounds    = 100
	clipAt           = 4 // standard deviations: no outlier makes a cluster of its own
	heavySkew        = 2 // skewness from which a column that is never negative is taken by logarithm
)

// Feature is one column of numbers, a value a point.
type Feature struct {
	Name   string
	Values []float64
}

// Scaling says how a feature was made comparable: by logarithm or not, less the
// mean, by the standard deviation. A constant feature is left out.
type Scaling struct {
	Log      bool
	Constant bool
	Mean     float64
	SD       float64
}

// TriedK is one number of clusters and how well they are apart.
type TriedK struct {
	K          int
	Silhouette float64
}

// Clustering shares points out among clusters, numbered by falling size.
type Clustering struct {
	K          int
	Of         []int // cluster of each point
	Sizes      []int
	Silhouette float64 // mean, from -1 to 1; 0 when K is 1
	Tried      []TriedK
	Scaling    []Scaling
	Sampled    bool // the centres were fitted to, or K chosen by, a sample
}

// Cluster groups points by k-means (Lloyd 1982, begun as by Arthur and
// Vassilvitskii 2007) on standardised features, and takes the number of clusters
// with the best silhouette (Rousseeuw 1987), of equal ones the smallest. Points
// that are all the same make one cluster. The same values and seed give the same
// clusters.
func Cluster(features []Feature, seed uint64) (*Clustering, error) {
	n, err := checkFeatures(features)
	if err != nil {
		return nil, err
	}
	c := &Clustering{K: 1, Of: make([]int, n), Sizes: []int{n}}
	points := c.scale(features, n)
	sample := spread(n, fitPoints)
	c.Sampled = len(sample) < n
	fit := pickPoints(points, sample)
	distinct := distinctPoints(fit)
	near := pickPoints(fit, spread(len(fit), silhouettePoints))
	c.Sampled = c.Sampled || len(near) < len(fit)
	var best [][]float64
	for k := MinClusters; k <= min(MaxClusters, distinct); k++ {
		centres := kMeans(fit, k, seed)
		s := silhouette(near, assign(near, centres), k)
		c.Tried = append(c.Tried, TriedK{k, s})
		if best == nil || s > c.Silhouette+1e-9 {
			best, c.Silhouette = centres, s
		}
	}
	if best != nil {
		c.K = len(best)
		c.order(points, best)
	}
	return c, nil
}

func checkFeatures(features []Feature) (int, error) {
	if len(features) == 0 {
		return 0, errs.Field("features", "no_features", "are none")
	}
	n := len(features[0].Values)
	if n == 0 {
		return 0, errs.Field(features[0].Name, "no_points", "has no values")
	}
	for _, f := range features {
		if len(f.Values) != n {
			return 0, errs.Field(f.Name, "unequal_length", "has %d values, not %d as the first feature", len(f.Values), n)
		}
		for i, v := range f.Values {
			if math.IsNaN(v) || math.Abs(v) > 1e100 {
				return 0, errs.Field(f.Name, "not_a_number", "has no number up to 1e100 at point %d", i)
			}
		}
	}
	return n, nil
}

// scale makes points of the features that vary.
func (c *Clustering) scale(features []Feature, n int) [][]float64 {
	var cols [][]float64
	for _, f := range features {
		v := slices.Clone(f.Values)
		s := Scaling{}
		mean, sd, skew := moments(v)
		if low, high := slices.Min(v), slices.Max(v); low >= 0 && skew > heavySkew && !binary(v, low, high) {
			s.Log = true
			for i := range v {
				v[i] = math.Log1p(v[i])
			}
			mean, sd, _ = moments(v)
		}
		s.Mean, s.SD = mean, sd
		s.Constant = sd <= 1e-12*max(1, math.Abs(mean))
		c.Scaling = append(c.Scaling, s)
		if s.Constant {
			continue
		}
		for i := range v {
			v[i] = min(max((v[i]-mean)/sd, -clipAt), clipAt)
		}
		cols = append(cols, v)
	}
	flat, points := make([]float64, n*len(cols)), make([][]float64, n)
	for i := range points {
		points[i] = flat[i*len(cols) : (i+1)*len(cols)]
		for k := range cols {
			points[i][k] = cols[k][i]
		}
	}
	return points
}

// binary says whether all values are one of two.
func binary(v []float64, low, high float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return x != low && x != high })
}

func moments(v []float64) (mean, sd, skew float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	var m2, m3 float64
	for _, x := range v {
		d := x - mean
		m2 += d * d / n
		m3 += d * d * d / n
	}
	if m2 > 0 {
		skew = m3 / (m2 * math.Sqrt(m2))
	}
	return mean, math.Sqrt(m2), skew
}

// spread gives up to most places among n, evenly spread.
func spread(n, most int) []int {
	out := make([]int, min(n, most))
	for i := range out {
		out[i] = i * n / len(out)
	}
	return out
}

func pickPoints(points [][]float64, at []int) [][]float64 {
	out := make([][]float64, len(at))
	for i, k := range at {
		out[i] = points[k]
	}
	return out
}

// distinctPoints counts points that differ, up to MaxClusters.
func distinctPoints(points [][]float64) int {
	var met [][]float64
	for _, p := range points {
		if !slices.ContainsFunc(met, func(q []float64) bool { return slices.Equal(p, q) }) {
			if met = append(met, p); len(met) == MaxClusters {
				break
			}
		}
	}
	return len(met)
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		d := v - b[i]
		sum += d * d
	}
	return sum
}

// nearest gives the nearest centre and the squared distance to it.
func nearest(p []float64, centres [][]float64) (at int, d float64) {
	d = math.Inf(1)
	for k, c := range centres {
		if x := distance(p, c); x < d {
			at, d = k, x
		}
	}
	return at, d
}

func assign(points, centres [][]float64) []int {
	out := make([]int, len(points))
	for i, p := range points {
		out[i], _ = nearest(p, centres)
	}
	return out
}

// kMeans gives the centres of the best of several starts.
func kMeans(points [][]float64, k int, seed uint64) [][]float64 {
	rnd := rand.New(rand.NewPCG(seed, uint64(k)))
	var best [][]float64
	least := math.Inf(1)
	for range clusterStarts {
		centres := plusPlus(points, k, rnd)
		if loss := lloyd(points, centres); loss < least-1e-12*math.Abs(least) || best == nil {
			best, least = centres, loss
		}
	}
	return best
}

// plusPlus draws centres, each with the square of its distance from those before
// as weight.
func plusPlus(points [][]float64, k int, rnd *rand.Rand) [][]float64 {
	centres := [][]float64{slices.Clone(points[rnd.IntN(len(points))])}
	away := make([]float64, len(points))
	for i := range away {
		away[i] = math.Inf(1)
	}
	for len(centres) < k {
		sum := 0.0
		for i, p := range points {
			away[i] = min(away[i], distance(p, centres[len(centres)-1]))
			sum += away[i]
		}
		at, left := 0, rnd.Float64()*sum
		for i, d := range away {
			if d > 0 {
				at = i
				if left -= d; left < 0 {
					break
				}
			}
		}
		centres = append(centres, slices.Clone(points[at]))
	}
	return centres
}

// lloyd moves centres to the means of their points until nothing changes, and
// gives the sum of squared distances. A centre without points goes to the point
// that lies farthest from its own.
func lloyd(points, centres [][]float64) (loss float64) {
	of := make([]int, len(points))
	n := make([]int, len(centres))
	for round := range clusterRounds {
		changed := round == 0
		loss = 0
		far, farthest := 0, -1.0
		clear(n)
		for i, p := range points {
			k, d := nearest(p, centres)
			changed = changed || k != of[i]
			of[i] = k
			n[k]++
			if loss += d; d > farthest {
				far, farthest = i, d
			}
		}
		if !changed {
			break
		}
		for k := range centres {
			clear(centres[k])
		}
		for i, p := range points {
			c := centres[of[i]]
			for j, v := range p {
				c[j] += v / float64(n[of[i]])
			}
		}
		if k := slices.Index(n, 0); k >= 0 {
			copy(centres[k], points[far])
		}
	}
	return loss
}

// silhouette is the mean of (b - a) / max(a, b): a is the mean distance of a point
// to the others of its cluster, b to those of the nearest other cluster. A point
// alone counts 0.
func silhouette(points [][]float64, of []int, k int) float64 {
	n := make([]int, k)
	for _, c := range of {
		n[c]++
	}
	sums := make([]float64, len(points)*k)
	for i := range points {
		for j := range i {
			d := math.Sqrt(distance(points[i], points[j]))
			sums[i*k+of[j]] += d
			sums[j*k+of[i]] += d
		}
	}
	total := 0.0
	for i := range points {
		if n[of[i]] < 2 {
			continue
		}
		a, b := sums[i*k+of[i]]/float64(n[of[i]]-1), math.Inf(1)
		for c := range k {
			if c != of[i] && n[c] > 0 {
				b = min(b, sums[i*k+c]/float64(n[c]))
			}
		}
		if m := max(a, b); m > 0 && !math.IsInf(b, 1) {
			total += (b - a) / m
		}
	}
	return total / float64(len(points))
}

// order shares all points out and numbers the clusters by falling size, equal
// ones by their centres.
func (c *Clustering) order(points, centres [][]float64) {
	c.Of = assign(points, centres)
	size := make([]int, len(centres))
	for _, k := range c.Of {
		size[k]++
	}
	rank := make([]int, len(centres))
	for k := range rank {
		rank[k] = k
	}
	slices.SortFunc(rank, func(a, b int) int {
		return cmp.Or(cmp.Compare(size[b], size[a]), slices.Compare(centres[a], centres[b]))
	})
	to := make([]int, len(centres))
	c.Sizes = c.Sizes[:0]
	for i, k := range rank {
		to[k] = i
		c.Sizes = append(c.Sizes, size[k])
	}
	for i := range c.Of {
		c.Of[i] = to[c.Of[i]]
	}
}

// Contrast tells how a group differs in one feature from everybody.
type Contrast struct {
	Name       string
	Mean       float64  // in the group
	Overall    float64  // mean of everybody
	Difference float64  // of the means, in standard deviations of everybody; of logarithms where the values are heavy-tailed
	Lift       *float64 // Mean by Overall, of features that are 0 or 1; nil without
}

// Describe tells in what the points of one group differ from all, the greatest
// difference first. The features may be others than those of the clusters;
// constant ones are left out.
func Describe(features []Feature, of []int, group int) ([]Contrast, error) {
	n, err := checkFeatures(features)
	if err != nil {
		return nil, err
	}
	if n != len(of) {
		return nil, errs.Field("of", "unequal_length", "has %d groups for %d points", len(of), n)
	}
	size := 0
	for _, k := range of {
		if k == group {
			size++
		}
	}
	var scaled Clustering
	points := scaled.scale(features, n)
	var out []Contrast
	at := 0 // column of points
	for k, f := range features {
		if scaled.Scaling[k].Constant || size == 0 {
			continue
		}
		t := Contrast{Name: f.Name}
		zeroOne := true
		for i, v := range f.Values {
			t.Overall += v / float64(n)
			zeroOne = zeroOne && (v == 0 || v == 1)
			if of[i] == group {
				t.Mean += v / float64(size)
				t.Difference += points[i][at] / float64(size)
			}
		}
		if at++; zeroOne {
			lift := t.Mean / t.Overall
			t.Lift = &lift
		}
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b Contrast) int { return cmp.Compare(math.Abs(b.Difference), math.Abs(a.Difference)) })
	return out, nil
}
