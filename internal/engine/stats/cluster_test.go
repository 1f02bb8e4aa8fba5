package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

// blobs makes points around centres, sizes[k] around the k-th, and says which.
func blobs(r *rand.Rand, centres [][]float64, sizes []int, width float64) (features []stats.Feature, truth []int) {
	for k, n := range sizes {
		for range n {
			truth = append(truth, k)
		}
	}
	r.Shuffle(len(truth), func(i, j int) { truth[i], truth[j] = truth[j], truth[i] })
	for d := range centres[0] {
		f := stats.Feature{Name: string(rune('a' + d))}
		for _, k := range truth {
			f.Values = append(f.Values, centres[k][d]+width*r.NormFloat64())
		}
		features = append(features, f)
	}
	return features, truth
}

func TestClustersAreTheBlobs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		centres [][]float64
		sizes   []int
	}{
		"three":      {[][]float64{{0, 0}, {10, 0}, {0, 10}}, []int{300, 200, 100}},
		"two":        {[][]float64{{0, 0, 5}, {8, 8, 5}}, []int{60, 50}},
		"five":       {[][]float64{{0, 0}, {10, 0}, {0, 10}, {10, 10}, {20, 20}}, []int{90, 80, 70, 60, 50}},
		"many":       {[][]float64{{-10, 0}, {10, 0}, {0, 17}}, []int{15_000, 9_000, 6_000}},
		"equal ones": {[][]float64{{10, 9}, {0, 0}}, []int{40, 40}},
	} {
		features, truth := blobs(rand.New(rand.NewPCG(1, 1)), c.centres, c.sizes, 0.5)
		got, err := stats.Cluster(features, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got.K != len(c.sizes) || got.Silhouette < 0.6 || !slices.Equal(got.Sizes, c.sizes) {
			t.Errorf("%s: %d clusters of %v, silhouette %g, tried %v", name, got.K, got.Sizes, got.Silhouette, got.Tried)
			continue
		}
		if name == "equal ones" { // the one with the lower centre comes first
			for i := range truth {
				truth[i] = 1 - truth[i]
			}
		}
		if !slices.Equal(got.Of, truth) {
			t.Errorf("%s: points lie in other clusters than their blobs", name)
		}
		if got.Sampled != (len(truth) > 2000) {
			t.Errorf("%s: sampled %v", name, got.Sampled)
		}
		again, _ := stats.Cluster(features, 1)
		if again.K != got.K || again.Silhouette != got.Silhouette || !slices.Equal(again.Of, got.Of) {
			t.Errorf("%s: a second run differs", name)
		}
		// Stable: another seed begins elsewhere and ends in the same clusters.
		other, _ := stats.Cluster(features, 99)
		if !slices.Equal(other.Of, got.Of) {
			t.Errorf("%s: another seed gives other clusters", name)
		}
	}
}

func TestSilhouetteByHand(t *testing.T) {
	t.Parallel()
	// 0, 1 | 10, 11 standardised: distances scale alike. Of 0: a 1, b 10.5; of 1: a
	// 1, b 9.5; the others mirror them.
	got, err := stats.Cluster([]stats.Feature{{"x", []float64{0, 1, 10, 11}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "silhouette", got.Tried[0].Silhouette, (9.5/10.5+8.5/9.5)/2, 1e-12)
	if got.K != 2 || got.Of[0] != got.Of[1] || got.Of[2] != got.Of[3] || got.Of[0] == got.Of[3] || len(got.Tried) != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestClusterDegenerate(t *testing.T) {
	t.Parallel()
	ones := slices.Repeat([]float64{1}, 50)
	if c, err := stats.Cluster([]stats.Feature{{"x", ones}, {"y", ones}}, 1); err != nil || c.K != 1 || c.Sizes[0] != 50 || len(c.Tried) != 0 {
		t.Errorf("constant columns: %+v %v", c, err)
	}
	// A constant column changes nothing.
	features, truth := blobs(rand.New(rand.NewPCG(2, 1)), [][]float64{{0}, {9}}, []int{30, 20}, 0.3)
	c, err := stats.Cluster(append(features, stats.Feature{"one", ones}), 1)
	if err != nil || c.K != 2 || !slices.Equal(c.Of, truth) || !c.Scaling[1].Constant {
		t.Errorf("with a constant column: %+v %v", c, err)
	}
	if c, err := stats.Cluster([]stats.Feature{{"x", []float64{3}}}, 1); err != nil || c.K != 1 {
		t.Errorf("one point: %+v %v", c, err)
	}
	if c, err := stats.Cluster([]stats.Feature{{"x", []float64{3, 4}}}, 1); err != nil || c.K != 2 || len(c.Tried) != 1 {
		t.Errorf("two points: %+v %v", c, err)
	}
	// Duplicates: three distinct values are three clusters at most.
	dup := slices.Concat(slices.Repeat([]float64{1}, 30), slices.Repeat([]float64{5}, 20), slices.Repeat([]float64{9}, 10))
	c, err = stats.Cluster([]stats.Feature{{"x", dup}}, 1)
	if err != nil || c.K != 3 || !slices.Equal(c.Sizes, []int{30, 20, 10}) || c.Silhouette != 1 || len(c.Tried) != 2 {
		t.Errorf("duplicates: %+v %v", c, err)
	}
	for what, f := range map[string][]stats.Feature{
		"NaN": {{"x", []float64{1, math.NaN()}}}, "infinity": {{"x", []float64{1, math.Inf(1)}}}, "nothing": nil, "no points": {{"x", nil}}, "lengths": {{"x", ones}, {"y", ones[:3]}},
	} {
		if _, err := stats.Cluster(f, 1); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func TestClusterTakesHeavyTailsByLogarithm(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 1))
	spend, flag := stats.Feature{Name: "spend"}, stats.Feature{Name: "flag"}
	var truth []int
	for i := range 400 {
		k := 0
		if i%4 == 0 {
			k = 1
		}
		truth = append(truth, k)
		spend.Values = append(spend.Values, math.Exp([]float64{3, 8}[k]+0.4*r.NormFloat64()))
		flag.Values = append(flag.Values, float64(r.IntN(30)/29))
	}
	c, err := stats.Cluster([]stats.Feature{spend}, 1)
	if err != nil || c.K != 2 || !slices.Equal(c.Of, truth) || !c.Scaling[0].Log {
		t.Errorf("got %d clusters %v, scaling %+v, %v", c.K, c.Sizes, c.Scaling, err)
	}
	if c, err = stats.Cluster([]stats.Feature{flag}, 1); err != nil || c.Scaling[0].Log {
		t.Errorf("a rare flag: %+v, %v", c.Scaling, err)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	features := []stats.Feature{{"same", []float64{2, 2, 2, 2}}, {"little", []float64{1, 2, 1, 2}}, {"much", []float64{10, 10, 30, 30}}, {"flag", []float64{0, 0, 1, 0}}}
	got, err := stats.Describe(features, []int{0, 0, 1, 1}, 1)
	if err != nil || len(got) != 3 || got[0].Name != "much" || got[1].Name != "flag" || got[2].Name != "little" {
		t.Fatalf("got %+v %v", got, err)
	}
	near(t, "difference", got[0].Difference, 1, 1e-12) // 30 to 20, sd 10
	near(t, "mean", got[0].Mean, 30, 1e-12)
	near(t, "overall", got[0].Overall, 20, 1e-12)
	near(t, "lift", *got[1].Lift, 2, 1e-12)
	near(t, "none", got[2].Difference, 0, 1e-12)
	if got[0].Lift != nil {
		t.Error("a number has a lift")
	}
	if got, err = stats.Describe(features, []int{0, 0, 1, 1}, 7); err != nil || len(got) != 0 {
		t.Errorf("an empty group: %v %v", got, err)
	}
	if _, err = stats.Describe(features, []int{0}, 0); err == nil {
		t.Error("groups of other points were taken")
	}
}
