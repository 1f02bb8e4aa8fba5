package segment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// behaviour is what personas look at of one buyer.
type behaviour struct {
	buyer
	orders, discounted int
	events             int
	dayparts           [4]int // events by quarter of the local day
	categories, media  mix
}

// mix counts names; there are few of them.
type mix []named

type named struct {
	name string
	n    int32
}

func (m *mix) add(name string) {
	for i := range *m {
		if (*m)[i].name == name {
			(*m)[i].n++
			return
		}
	}
	*m = append(*m, named{name, 1})
}

// share is the part of one name in all.
func (m mix) share(name string) float64 {
	all, own := int32(0), int32(0)
	for i := range m {
		all += m[i].n
		if m[i].name == name {
			own = m[i].n
		}
	}
	return float64(own) / float64(max(all, 1))
}

// behaviours are those of all buyers, by rising number.
type behaviours struct {
	customers []core.CustomerID
	list      []*behaviour
	money     int // place in moneyNames of what most orders have
	sampled   bool
}

// Names of features; those of a category, a medium or a quarter of the day have
// the value behind the colon.
const (
	FeatureRecency   = "recency_days"
	FeatureFrequency = "order_days"
	FeatureMoney     = "money"
	FeatureDiscount  = "discount_share"
	FeatureCategory  = "category:"
	FeatureMedium    = "medium:"
	FeatureHours     = "hours:"
)

// mixOf bounds how many categories and media count on their own.
const mixOf = 6

func daypartNames() [4]string { return [4]string{"night", "morning", "afternoon", "evening"} }

// maxPersonaCustomers bounds how many customers are looked at, and so the memory:
// of more, a random share that stays the same.
const maxPersonaCustomers = 400_000

// behaviours reads the behaviour of all customers with an order.
func (s *Service) behaviours(ctx context.Context, ws core.WorkspaceID, now core.Micros) (*behaviours, error) {
	everybody, err := s.People.Everybody(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	limit := int64(1_000_000)
	if n := int64(len(everybody)); n > maxPersonaCustomers {
		limit = maxPersonaCustomers * 1_000_000 / n
	}
	cal, names := s.of(ws).catalogue.cal, moneyNames()
	zone := cal.Zone
	if zone == nil {
		zone = time.UTC
	}
	var columns []string
	for _, n := range append(names, "category", "coupon", "discount") {
		columns = append(columns, timeline.Prop(n))
	}
	columns = append(columns, timeline.Prop(timeline.ContextPath("utm_medium")), timeline.ColFlags)
	workers := runtime.GOMAXPROCS(0)
	found, met := make([]map[core.CustomerID]*behaviour, workers), make([][4]int64, workers)
	for w := range found {
		found[w] = map[core.CustomerID]*behaviour{}
	}
	err = s.Timeline.Scan(ctx, timeline.Request{Workspace: ws, To: now + 1, Columns: columns, Workers: workers}, func(w int, c core.CustomerID, r *timeline.Rows) error {
		if limit < 1_000_000 && expr.Bucket("personas", c) >= limit {
			return nil
		}
		b := &behaviour{}
		day := int64(-1 << 62)
		for i := range r.Time {
			kind := core.Kind(r.Kind[i])
			if kind == core.KindSignal || r.Flags[i]&uint32(core.FlagBot|core.FlagTest) != 0 {
				continue
			}
			b.events++
			b.dayparts[core.ToTime(r.Time[i]).In(zone).Hour()/6]++
			b.notice(r, i)
			if kind != core.KindTrack || r.NameOf(r.Name[i]) != core.EventOrderCompleted {
				continue
			}
			b.last = r.Time[i]
			if d := cal.Day(r.Time[i]); d != day {
				day = d
				b.days++
			}
			b.order(r, i, names, &met[w])
		}
		if b.orders > 0 {
			found[w][c] = b
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read behaviour: %w", err)
	}
	out := gathered(found, met)
	out.sampled = limit < 1_000_000
	return out, nil
}

func gathered(found []map[core.CustomerID]*behaviour, met [][4]int64) *behaviours {
	all := map[core.CustomerID]*behaviour{}
	for _, part := range found {
		maps.Copy(all, part)
	}
	out := &behaviours{customers: slices.Sorted(maps.Keys(all))}
	for _, c := range out.customers {
		out.list = append(out.list, all[c])
	}
	var sum [4]int64
	for _, m := range met {
		for k := range sum {
			sum[k] += m[k]
		}
	}
	for k := range sum {
		if sum[k] > sum[out.money] {
			out.money = k
		}
	}
	return out
}

// notice counts the category and the medium of an event.
func (b *behaviour) notice(r *timeline.Rows, i int) {
	if v, ok := r.Prop(i, "category"); ok && v.Kind == core.ValueText && v.Text != "" {
		b.categories.add(v.Text)
	}
	if v, ok := r.Prop(i, timeline.ContextPath("utm_medium")); ok && v.Text != "" {
		b.media.add(v.Text)
	}
}

// order counts an order's money and whether it was discounted.
func (b *behaviour) order(r *timeline.Rows, i int, names []string, met *[4]int64) {
	b.orders++
	for k, n := range names {
		if v, ok := r.Prop(i, n); ok {
			if m, ok := core.ParseMoney(v.Display(), 6); ok {
				b.sums[k] += m
				met[k]++
			}
		}
	}
	coupon, has := r.Prop(i, "coupon")
	discount, off := r.Prop(i, "discount")
	if has && coupon.Display() != "" || off && discount.Num > 0 {
		b.discounted++
	}
}

// features are the columns that personas are made of.
func (t *behaviours) features(now core.Micros) []stats.Feature {
	column := func(name string, value func(b *behaviour) float64) stats.Feature {
		f := stats.Feature{Name: name, Values: make([]float64, len(t.list))}
		for i, b := range t.list {
			f.Values[i] = value(b)
		}
		return f
	}
	out := []stats.Feature{
		column(FeatureRecency, func(b *behaviour) float64 { return float64(now-b.last) / float64(core.Day) }),
		column(FeatureFrequency, func(b *behaviour) float64 { return float64(b.days) }),
		column(FeatureMoney, func(b *behaviour) float64 { return max(float64(b.sums[t.money])/1e6, 0) }),
		column(FeatureDiscount, func(b *behaviour) float64 { return float64(b.discounted) / float64(b.orders) }),
	}
	for k, name := range daypartNames() {
		out = append(out, column(FeatureHours+name, func(b *behaviour) float64 { return float64(b.dayparts[k]) / float64(b.events) }))
	}
	share := func(prefix string, of func(b *behaviour) mix) {
		for _, name := range t.common(of) {
			out = append(out, column(prefix+name, func(b *behaviour) float64 { return of(b).share(name) }))
		}
	}
	share(FeatureCategory, func(b *behaviour) mix { return b.categories })
	share(FeatureMedium, func(b *behaviour) mix { return b.media })
	return out
}

// common are the values that most customers have.
func (t *behaviours) common(of func(b *behaviour) mix) []string {
	counts := map[string]int{}
	for _, b := range t.list {
		for _, x := range of(b) {
			counts[x.name]++
		}
	}
	names := slices.Collect(maps.Keys(counts))
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return names[:min(len(names), mixOf)]
}
