package query_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// arrivals are contexts and the channels that the default rules make of them.
func arrivals() []struct {
	channel string
	context core.Context
} {
	type c = core.Context
	return []struct {
		channel string
		context core.Context
	}{
		{"", c{}},
		{"", c{PageURL: "https://www.shop.example/a", Referrer: "https://shop.example/b"}},
		{"", c{PageURL: "https://shop.example/pay", Referrer: "https://checkout.stripe.com/x"}},
		{"paid_search", c{PageURL: "https://shop.example/?a=1&gclid=xyz#top", Referrer: "https://www.google.com/"}},
		{"organic_search", c{PageURL: "https://shop.example/?gclid=", Referrer: "https://www.google.co.uk/search?q=x"}},
		{"email", c{UTMSource: "crm", UTMMedium: "Email", UTMCampaign: "spring"}},
		{"email", c{Referrer: "https://mail.google.com/mail/u/0"}},
		{"organic_social", c{Referrer: "https://l.facebook.com/l.php"}},
		{"paid_social", c{UTMSource: "facebook_ads", UTMMedium: "cpc"}},
		{"display", c{UTMSource: "google", UTMMedium: "cpm"}},
		{"affiliate", c{PageURL: "https://shop.example/?awc=1_2"}},
		{"referral", c{Referrer: "https://blog.example.org:8080/post"}},
		{"other", c{UTMSource: "fair", UTMCampaign: "stand"}},
	}
}

func TestDefaultChannels(t *testing.T) {
	t.Parallel()
	for i, a := range arrivals() {
		e := event(1, day(1), "visit", "")
		e.Context = a.context
		res := ask(t, load(t, []core.Event{e, event(1, day(1)+core.Minute, "Order Completed", `{"total":5}`)}), env(),
			`{"kind":"attribution","range":{"from":"2020-01-01","to":"2020-02-01"},"attribution":{"conversion":{"event":"Order Completed"}}}`).Attribution
		want := a.channel
		if want == "" {
			want = query.ChannelDirect
		}
		if len(res.Channels) != 1 || res.Channels[0].Channel != want || res.Conversions != 1 {
			t.Errorf("%d: %+v is of %+v, want %s", i, a.context, res.Channels, want)
		}
	}
}

// slowSale is a conversion as the reference sees it.
type slowSale struct {
	at        core.Micros
	path      []string
	ages      []float64 // days
	lead, opp int
	value     int64 // minor
}

// slowAttribution is the reference: everything in lists, one customer at a time.
type slowAttribution struct {
	gap, lookBack core.Micros
	from, to      core.Micros
	keep, count   bool // keep_path; direct counts
	channel       map[core.Context]string
}

type slowTouch struct {
	at      core.Micros
	channel string
	used    bool
}

// sessions gives the touches of a customer in the range; refunds and orders told
// again make none.
func (f *slowAttribution) sessions(events []core.Event) (out []slowTouch) {
	last, told := core.Micros(math.MinInt64/2), map[string]bool{}
	for _, e := range events {
		if e.Time >= f.to {
			break
		}
		if e.Name == "Order Completed" {
			id, _ := core.Lookup(e.Props, "order_id")
			if told[id.Text] {
				continue
			}
			told[id.Text] = true
		}
		if e.Name == "Order Refunded" {
			continue
		}
		if e.Time-last >= f.gap {
			out = append(out, slowTouch{at: e.Time})
		}
		last = e.Time
		if s := &out[len(out)-1]; s.channel == "" {
			s.channel = f.channel[e.Context]
		}
	}
	for i := range out {
		if out[i].channel == "" {
			out[i].channel = query.ChannelDirect
		}
	}
	return out
}

// chosen drops direct touches when there are others.
func (f *slowAttribution) chosen(list []slowTouch) []slowTouch {
	var out []slowTouch
	for _, t := range list {
		if f.count || t.channel != query.ChannelDirect {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return list
	}
	return out
}

func (f *slowAttribution) customer(events []core.Event) (sales []slowSale, lost [][]string) {
	// An order that was told long before the range and again in it counts there.
	events = slices.DeleteFunc(slices.Clone(events), func(e core.Event) bool { return e.Time < f.from-f.lookBack-f.gap-core.Day })
	touches := f.sessions(events)
	values, first := map[string]int64{}, map[string]core.Micros{}
	given := map[string]int64{}
	for _, e := range events {
		id, _ := core.Lookup(e.Props, "order_id")
		total, _ := core.Lookup(e.Props, "total")
		minor, _ := core.ParseMoney(total.Text, 2)
		switch {
		case e.Name == "Order Completed" && e.Time < f.to:
			if _, again := first[id.Text]; !again {
				first[id.Text] = e.Time
			}
			values[id.Text] = minor
		case e.Name == "Order Refunded" && total.Text != "":
			given[id.Text] += minor
		}
	}
	for _, e := range events { // a refund without an amount takes all that is left
		if _, has := core.Lookup(e.Props, "total"); e.Name == "Order Refunded" && !has {
			id, _ := core.Lookup(e.Props, "order_id")
			given[id.Text] = values[id.Text]
		}
	}
	floor := core.Micros(math.MinInt64) // of the path: the conversion before
	for _, e := range events {
		id, _ := core.Lookup(e.Props, "order_id")
		if e.Name != "Order Completed" || first[id.Text] != e.Time || e.Time >= f.to {
			continue
		}
		var path []slowTouch
		for i := range touches {
			if t := &touches[i]; t.at <= e.Time && t.at > floor && t.at >= e.Time-f.lookBack {
				path, t.used = append(path, *t), true
			}
		}
		if len(path) == 0 { // the running session
			for i := range touches {
				if touches[i].at <= e.Time {
					path = []slowTouch{touches[i]}
				}
			}
			for i := range touches {
				if touches[i].at == path[0].at {
					touches[i].used = true
				}
			}
		}
		if !f.keep {
			floor = e.Time
		}
		first[id.Text] = math.MaxInt64 // once
		if e.Time < f.from {
			continue
		}
		s := slowSale{at: e.Time, value: values[id.Text] - given[id.Text], lead: -1, opp: -1}
		path = f.chosen(path)
		for _, t := range path {
			s.path, s.ages = append(s.path, t.channel), append(s.ages, float64(e.Time-t.at)/float64(core.Day))
		}
		for name, mark := range map[string]*int{"Lead": &s.lead, "Deal": &s.opp} {
			for _, m := range events {
				if m.Name == name && m.Time >= path[0].at && m.Time <= e.Time && *mark < 0 {
					for k, t := range path {
						if t.at <= m.Time {
							*mark = k
						}
					}
				}
			}
		}
		sales = append(sales, s)
	}
	return sales, f.lost(touches)
}

func (f *slowAttribution) lost(touches []slowTouch) (out [][]string) {
	var run []slowTouch
	end := func() {
		if len(run) == 0 {
			return
		}
		var path []string
		for _, t := range f.chosen(run) {
			path = append(path, t.channel)
		}
		out, run = append(out, path), nil
	}
	for _, t := range touches {
		if t.used || t.at < f.from {
			end()
			continue
		}
		if len(run) > 0 && t.at-run[0].at > f.lookBack {
			end()
		}
		run = append(run, t)
	}
	end()
	return out
}

// bazaar makes customers who arrive, become leads, buy and give back. Times are
// distinct for each customer, so that the order of events is plain.
func bazaar(r *rand.Rand, customers int) []core.Event {
	var out []core.Event
	list := arrivals()
	for c := core.CustomerID(1); c <= core.CustomerID(customers); c++ {
		at, orders := day(1)+r.Int64N(20)*core.Day, 0
		for range r.IntN(25) {
			at += []core.Micros{core.Minute, 29 * core.Minute, 30 * core.Minute, core.Hour, core.Day, 9 * core.Day}[r.IntN(6)]
			switch r.IntN(9) {
			case 0, 1:
				if orders++; r.IntN(8) == 0 && orders > 1 {
					orders-- // the same order told again
				}
				out = append(out, event(c, at, "Order Completed", fmt.Sprintf(`{"order_id":"%d-%d","total":%d.%02d}`, c, orders, r.IntN(90), r.IntN(100))))
			case 2:
				total := ""
				if r.IntN(2) == 0 {
					total = fmt.Sprintf(`,"total":%d.%02d`, r.IntN(5), r.IntN(100))
				}
				out = append(out, event(c, at, "Order Refunded", fmt.Sprintf(`{"order_id":"%d-%d"%s}`, c, orders, total)))
			case 3:
				out = append(out, event(c, at, []string{"Lead", "Deal"}[r.IntN(2)], ""))
			default:
				e := event(c, at, "visit", "")
				e.Context = list[r.IntN(len(list))].context
				out = append(out, e)
			}
		}
	}
	return out
}

func TestAttributionEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(31, 1))
	customers := 500
	if testing.Short() {
		customers = 150
	}
	events := bazaar(r, customers)
	s, people := load(t, events), history(events)
	channel := map[core.Context]string{}
	for _, a := range arrivals() {
		channel[a.context] = a.channel
	}
	for round := range 12 {
		f := &slowAttribution{gap: []core.Micros{30 * core.Minute, core.Hour}[round%2], lookBack: []core.Micros{7, 30, 90}[round%3] * core.Day, from: day(20), to: day(75), keep: round%4 == 1, count: round%5 == 2, channel: channel}
		direct := map[bool]string{true: query.DirectCounts, false: query.DirectIgnored}[f.count]
		spec := fmt.Sprintf(`{"kind":"attribution","range":{"from":"2020-01-20","to":"2020-03-15"},"attribution":{"conversion":{"event":"Order Completed"},"value":"total","gap":"%dm","look_back":"%dd","keep_path":%v,
			"direct":%q,"lead":{"event":"Lead"},"opportunity":{"event":"Deal"},"markov":[1,2,3,4],"resamples":50}}`, f.gap/core.Minute, f.lookBack/core.Day, f.keep, direct)
		var sales []slowSale
		lost := map[string][]core.CustomerID{}
		won := map[string][]core.CustomerID{}
		var all [][]string
		for c := core.CustomerID(1); c <= core.CustomerID(customers); c++ {
			list, gone := f.customer(people[c])
			sales = append(sales, list...)
			for _, x := range list {
				p := slices.Clone(x.path)
				slices.Sort(p)
				for _, ch := range slices.Compact(p) {
					won[ch] = append(won[ch], c)
				}
			}
			for _, g := range gone {
				all = append(all, g)
				p := slices.Clone(g)
				slices.Sort(p)
				for _, ch := range slices.Compact(p) {
					lost[ch] = append(lost[ch], c)
				}
			}
		}
		got := ask(t, s, env(), "%s", spec).Attribution
		var value int64
		for _, x := range sales {
			value += x.value
		}
		if got.Conversions != int64(len(sales)) || *got.Value != value || got.Lost != int64(len(all)) || got.Untouched != 0 {
			t.Fatalf("%s: got %d conversions of %d and %d lost, want %d of %d and %d", spec, got.Conversions, *got.Value, got.Lost, len(sales), value, len(all))
		}
		compareModels(t, spec, got, sales, all)
		for _, c := range got.Channels {
			if c.Converted != int64(len(won[c.Channel])) || c.Lost != int64(len(lost[c.Channel])) {
				t.Errorf("%s: %+v, want %d and %d", spec, c, len(won[c.Channel]), len(lost[c.Channel]))
			}
			for outcome, want := range map[string]int64{query.OutcomeConverted: c.Converted, query.OutcomeFirst: c.First, query.OutcomeLast: c.Last, query.OutcomeLost: c.Lost} {
				who, err := query.People(context.Background(), s, parse(t, "%s", spec), env(), query.Cell{Channel: &c.Channel, Outcome: outcome})
				if err != nil || who.Total != want {
					t.Errorf("%s: %s of %s: %v people, error %v, want %d", spec, outcome, c.Channel, who, err, want)
				}
			}
		}
		one := env()
		one.Workers = 1
		if again := ask(t, s, one, "%s", spec).Attribution; fmt.Sprintf("%+v", flat(again)) != fmt.Sprintf("%+v", flat(got)) {
			t.Errorf("%s: one worker gives another answer", spec)
		}
	}
}

// flat lists the numbers of all credits.
func flat(a *query.AttributionResult) (out []any) {
	for _, m := range a.Models {
		out = append(out, m.Model, m.Order, m.Resamples)
		for _, c := range m.Credits {
			out = append(out, c.Channel, c.Conversions, *c.Value)
			if c.Low != nil {
				out = append(out, *c.Low, *c.High)
			}
		}
	}
	return out
}

func compareModels(t *testing.T, spec string, got *query.AttributionResult, sales []slowSale, lost [][]string) {
	t.Helper()
	rules := map[string]func(s *slowSale, path []int) []float64{
		query.ModelFirst: func(_ *slowSale, p []int) []float64 { return stats.FirstTouch(len(p)) }, query.ModelLast: func(_ *slowSale, p []int) []float64 { return stats.LastTouch(len(p)) },
		query.ModelLinear: func(_ *slowSale, p []int) []float64 { return stats.LinearTouch(len(p)) }, query.ModelPosition: func(_ *slowSale, p []int) []float64 { return stats.PositionTouch(len(p)) },
		query.ModelShapley: func(_ *slowSale, p []int) []float64 { return stats.ShapleyTouch(p) }, query.ModelDecay: func(s *slowSale, _ []int) []float64 { return stats.DecayTouch(s.ages, 7) },
		query.ModelWShaped:       func(s *slowSale, p []int) []float64 { return stats.WShapedTouch(len(p), s.lead, s.opp) },
		query.ModelLastNonDirect: nil,
	}
	var names []string
	for _, c := range got.Channels {
		names = append(names, c.Channel)
	}
	numbers := func(path []string) (out []int) {
		for _, c := range path {
			out = append(out, slices.Index(names, c))
		}
		return out
	}
	rules[query.ModelLastNonDirect] = func(_ *slowSale, p []int) []float64 {
		return stats.LastOther(p, slices.Index(names, query.ChannelDirect))
	}
	var paths []stats.TouchPath
	for _, s := range sales {
		paths = append(paths, stats.TouchPath{Channels: numbers(s.path), Conversions: 1})
	}
	for _, p := range lost {
		paths = append(paths, stats.TouchPath{Channels: numbers(p), Lost: 1})
	}
	for _, m := range got.Models {
		counts, money := make([]float64, len(names)), make([]float64, len(names))
		if m.Model == query.ModelMarkov {
			chain, _ := stats.NewChain(paths, len(names), m.Order)
			for i, share := range chain.Solve(paths).Shares() {
				counts[i], money[i] = share*float64(got.Conversions), share*float64(*got.Value)
			}
		} else {
			for i := range sales {
				path := paths[i].Channels
				for k, w := range rules[m.Model](&sales[i], path) {
					counts[path[k]] += w
					money[path[k]] += w * float64(sales[i].value)
				}
			}
		}
		var sum float64
		var minor int64
		for i, c := range m.Credits {
			sum += c.Conversions
			minor += *c.Value
			if math.Abs(c.Conversions-counts[i]) > 1e-4 || math.Abs(float64(*c.Value)-money[i]) > 1.01 {
				t.Errorf("%s: %s %d gives %s %g and %d, want %g and %g", spec, m.Model, m.Order, c.Channel, c.Conversions, *c.Value, counts[i], money[i])
			}
			if c.Low == nil || *c.Low > c.Conversions+1e-9+0.2*float64(got.Conversions) || *c.High < *c.Low || *c.High > float64(got.Conversions)+1e-9 {
				t.Errorf("%s: %s %d: interval of %+v", spec, m.Model, m.Order, c)
			}
		}
		if math.Abs(sum-float64(got.Conversions)) > 1e-6 || minor != *got.Value || m.Reason != "" || m.Resamples != 50 {
			t.Errorf("%s: %s %d sums to %g of %d and %d of %d, reason %q, %d resamples", spec, m.Model, m.Order, sum, got.Conversions, minor, *got.Value, m.Reason, m.Resamples)
		}
	}
}

func TestAttributionChecks(t *testing.T) {
	t.Parallel()
	const head = `{"kind":"attribution","range":{"last":"30d"},"attribution":{"conversion":{"event":"A"}`
	for field, rest := range map[string]string{
		"attribution.look_back": `,"look_back":"91d"`, "attribution.gap": `,"gap":"x"`, "attribution.half_life": `,"half_life":"0d"`, "attribution.direct": `,"direct":"maybe"`,
		"attribution.markov": `,"markov":[5]`, "attribution.resamples": `,"resamples":1001`, "attribution.channels[0].channel": `,"channels":[{"source":["x"]}]`, "attribution.channels[0]": `,"channels":[{"channel":"x"}]`,
		"attribution.refunds": `,"refunds":[{"event":"B"}]`, "attribution.lead.event": `,"lead":{}`, "attribution.touches[0].event": `,"touches":[{}]`, "attribution.channels[0].medium": `,"channels":[{"channel":"x","medium":[""]}]`,
		"attribution.own": `,"own":[""]`,
	} {
		refused(t, field, "%s", head+rest+"}}")
	}
	refused(t, "attribution.conversion.event", "%s", `{"kind":"attribution","range":{"last":"30d"},"attribution":{}}`)
	spec := parse(t, "%s", head+"}}")
	s := load(t, []core.Event{event(1, day(1), "A", "")})
	x := "nowhere"
	for field, cell := range map[string]query.Cell{"cell.channel": {Channel: &x}, "cell.outcome": {Outcome: "dropped"}, "cell.step": {Step: 1}} {
		if _, err := query.People(context.Background(), s, spec, env(), cell); query.FieldOf(err) != field {
			t.Errorf("%+v: error %v, want one of %s", cell, err, field)
		}
	}
}
