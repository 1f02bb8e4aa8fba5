package insight

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// KPI is one computed KPI in a language. Nil is no value.
type KPI struct {
	Key, Name, Scope, Unit, Direction string
	Stage                             string // "" = of the whole base
	Value, Numerator, Denominator     *float64
	Low, High                         *float64 // 95 % interval
	Previous                          *float64 // in the period of equal length before
	Target, Warn                      *float64
	Status                            string // ok, warn, bad, none
	Formula, Definition, Note         string
	NumeratorText, DenominatorText    string
	Owner                             string // who set the target
	Version                           int
	Computed                          core.Micros
	Incomplete                        bool
	Spark                             []*float64
	Currency                          string // of money
	// Unrated are the currencies that the value leaves out, since rates are missing.
	Unrated []string
}

func ptr(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

// base fills what does not depend on numbers.
func (s *Service) base(r *Report, d *Definition, lang string) KPI {
	k := KPI{Key: d.Key, Name: d.Name.In(lang), Scope: d.Scope, Unit: d.Unit, Direction: d.Direction, Status: "none", Formula: d.FormulaIn(lang),
		Definition: d.Note.In(lang), NumeratorText: d.Numerator.In(lang), DenominatorText: d.Denominator.In(lang), Version: d.Version,
		Computed: r.Computed, Incomplete: r.Incomplete(), Spark: []*float64{}}
	if k.Definition == "" {
		k.Definition = k.Formula
	}
	if d.Unit == "money" {
		k.Currency = r.spec.Settings.Currency
	}
	return k
}

// judge adds target and status.
func (k *KPI) judge(all Targets) {
	t, ok := all[k.Key]
	if !ok {
		return
	}
	k.Target, k.Warn, k.Direction, k.Owner = &t.Value, t.Warn, t.Direction, t.By
	if k.Value != nil {
		k.Status = t.Status(*k.Value)
	}
}

func (k *KPI) set(v *value) {
	k.Value, k.Numerator, k.Denominator = ptr(v.v, v.ok), ptr(v.num, v.hasNum), ptr(v.den, v.hasDen)
	k.Low, k.High = ptr(v.iv.Low, v.hasIv), ptr(v.iv.High, v.hasIv)
}

// kpi computes one definition of the whole base.
func (s *Service) kpi(r *Report, d *Definition, lang string, targets Targets) KPI {
	k := s.base(r, d, lang)
	v := r.of(d, current)
	k.set(&v)
	if before := r.of(d, previous); before.ok {
		k.Previous = &before.v
	}
	k.Spark = make([]*float64, sparkPoints)
	for i := range k.Spark {
		if v := r.of(d, firstSlice+i); v.ok {
			k.Spark[i] = &v.v
		}
	}
	k.Note, k.Unrated = s.notes(r, d, &v, lang)
	k.judge(targets)
	return k
}

// KPIs gives all KPIs of a report: those of the whole base, then for each stage
// those that it names and those that every stage has.
func (s *Service) KPIs(r *Report, lang string, targets Targets) []KPI {
	var all []KPI
	at := map[string]int{}
	for i := range s.catalogue.KPIs {
		if d := &s.catalogue.KPIs[i]; d.Scope == ScopeAll {
			at[d.Key] = len(all)
			all = append(all, s.kpi(r, d, lang, targets))
		}
	}
	if r.stages == nil {
		return all
	}
	named := map[string]bool{}
	var staged []KPI
	for i := range r.stages.Stages {
		st := &r.stages.Stages[i]
		for _, key := range st.KPIs {
			if j, ok := at[key]; ok {
				k := all[j]
				k.Stage = st.Key
				staged = append(staged, k)
				named[key] = true
			}
		}
		for j := range s.catalogue.KPIs {
			if d := &s.catalogue.KPIs[j]; d.Scope == ScopeStage {
				staged = append(staged, s.stageKPI(r, d, i, lang, targets))
			}
		}
	}
	var rest []KPI
	for _, k := range all {
		if !named[k.Key] {
			rest = append(rest, k)
		}
	}
	return append(rest, staged...)
}

// OfStages gives the KPIs that each stage names, in its order.
func (s *Service) OfStages(r *Report, lang string, targets Targets) map[string][]KPI {
	out := map[string][]KPI{}
	if r.stages == nil {
		return out
	}
	done := map[string]KPI{}
	for i := range r.stages.Stages {
		st := &r.stages.Stages[i]
		list := []KPI{}
		for _, key := range st.KPIs {
			d := s.catalogue.byKey[key]
			if d == nil || d.Scope == ScopeCustomer {
				continue
			}
			if d.Scope == ScopeStage {
				list = append(list, s.stageKPI(r, d, i, lang, targets))
				continue
			}
			k, ok := done[key]
			if !ok {
				k = s.kpi(r, d, lang, targets)
				done[key] = k
			}
			k.Stage = st.Key
			list = append(list, k)
		}
		out[st.Key] = list
	}
	return out
}

// notes says what a reader must know about this very value.
func (s *Service) notes(r *Report, d *Definition, v *value, lang string) (text string, unrated []string) {
	n := noting{s: s, lang: lang}
	sum := &r.tally.sums[current]
	n.missing(r, d, v)
	if r.Incomplete() {
		n.add("incomplete")
	}
	if r.spec.IncludeBots {
		n.add("bots")
	}
	switch d.Key {
	case "revenue":
		n.add(map[bool]string{false: "refund_date", true: "order_date"}[r.spec.Settings.ByOrderDate])
		n.money(&r.tally)
	case "aov", "revenue_gross":
		n.money(&r.tally)
	case "orders":
		n.count("guests", sum[cGuestOrders])
		n.money(&r.tally)
	case "gross_margin":
		n.share("covered", sum[cCostRevenue], sum[cOrderNet])
		n.money(&r.tally)
	case "clv_historic":
		n.share("covered_customers", sum[cClvCustomers], sum[cCustomers])
	case "delivery_margin":
		if sum[cFee] == 0 && sum[cFeeCost] > 0 {
			cur := r.spec.Settings.Currency
			n.add("fee_only", "{m}", core.FormatMinor(sum[cFeeCost], core.Exponent(cur))+" "+cur)
		}
	case "ctr":
		if v.num > v.den {
			n.add("above_one")
		}
	case "k_factor":
		if end, ok := ViralEnd(1000, v.v); v.ok && ok {
			n.add("k_end", "{n}", strconv.FormatFloat(math.Round(end), 'f', -1, 64))
		}
		n.days("cycle", r.w.length)
	case "cross_sell_rate":
		n.share("categories", sum[cCategoryBuyers], sum[cBuyers])
	case "mrr", "nrr", "grr":
		n.count("subs_foreign", sum[cSubsForeign])
		if sum[cSubsForeign] > 0 {
			n.missingRates(r.tally.leftSubs)
		}
	case "lead_conversion":
		n.days("window", r.spec.Window)
		n.count("pending", sum[cLeadsPending])
	case "time_between_purchases_km":
		n.count("open", total(r.tally.open[current]))
	case "crr", "churn_rate", "churn_annualised", "active_customers", "dormant_rate", "at_risk_rate", "reactivation_rate":
		n.days("lapse", r.spec.lapse())
	}
	return n.text, n.currencies
}

// missing says why there is no value, and of KPIs of costs what is inside.
func (n *noting) missing(r *Report, d *Definition, v *value) {
	sum := &r.tally.sums[current]
	switch {
	case d.costs():
		n.costNotes(r, d, v)
	case !v.ok && d.Compute == "k" && sum[cInvites] == 0:
		n.add("no_invites")
	case !v.ok && d.Compute == "mrr":
		n.add("no_subs")
	case !v.ok && d.Compute == "inverse" && sum[cCostRevenue] == 0:
		n.add("needs_goods")
	case !v.ok && d.Compute == "inverse":
		n.add("no_margin")
	case !v.ok && (d.Compute == "km" || d.Compute == "median"):
		n.add("not_reached")
	case !v.ok:
		n.add("no_value")
	}
}

// sortedKeys gives the keys of a map in their order.
func sortedKeys(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }

// noting puts notes together.
type noting struct {
	s    *Service
	lang string
	text string
	// currencies are those without a rate that the notes are about.
	currencies []string
}

func (n *noting) add(key string, fill ...string) {
	if n.text != "" {
		n.text += " "
	}
	n.text += n.s.catalogue.note(key, n.lang, fill...)
}

func (n *noting) count(key string, k int64) {
	if k != 0 {
		n.add(key, "{n}", strconv.FormatInt(k, 10))
	}
}

func (n *noting) days(key string, span core.Micros) {
	n.add(key, "{n}", strconv.FormatFloat(float64(span)/float64(core.Day), 'f', -1, 64))
}

func (n *noting) share(key string, part, whole int64) {
	if whole > 0 {
		n.add(key, "{p}", strconv.FormatFloat(float64(part*1000/whole)/10, 'f', -1, 64))
	}
}

// unrated notes a currency without a rate.
func (n *noting) unrated(currency string) {
	if !slices.Contains(n.currencies, currency) {
		n.currencies = append(n.currencies, currency)
	}
}

// missingRates names the currencies without a rate of what was left out.
func (n *noting) missingRates(left codes) {
	if len(left) == 0 {
		return
	}
	list := slices.Sorted(maps.Keys(left))
	for _, currency := range list {
		n.unrated(currency)
	}
	text := strings.Join(list[:min(len(list), shownCurrencies)], ", ")
	if len(list) > shownCurrencies {
		text += " …"
	}
	n.add("no_rate", "{m}", text)
}

// shownCurrencies bounds the list in a note.
const shownCurrencies = 10

func (n *noting) money(t *tally) {
	s := &t.sums[current]
	n.count("foreign", s[cForeign])
	n.missingRates(t.left)
	n.count("unvalued", s[cUnvalued])
	n.count("zero", s[cZero])
}
