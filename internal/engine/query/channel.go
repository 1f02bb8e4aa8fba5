package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Channels that need no rule.
const (
	ChannelDirect = "direct" // a session that says nothing of where it came from
	ChannelNone   = ""       // a conversion without any touch
)

// Bounds of the rules of channels.
const (
	maxChannelRules = 100
	maxChannels     = 60
	maxClickIDs     = 64
	maxArrivals     = 1 << 14 // remembered by a worker
)

// ChannelRule says which arrivals belong to a channel. All members that are set
// must fit, each by one of its patterns; in a pattern * stands for any text, and
// case does not matter. The first rule that fits decides.
type ChannelRule struct {
	Channel  string   `json:"channel"`
	ClickIDs []string `json:"click_ids,omitempty"` // query parameters of the page's address
	Source   []string `json:"source,omitempty"`    // utm_source
	Medium   []string `json:"medium,omitempty"`
	Campaign []string `json:"campaign,omitempty"`
	Referrer []string `json:"referrer,omitempty"` // hosts; those below them fit too
	Events   []string `json:"events,omitempty"`   // names of events that are arrivals themselves
}

// DefaultChannels gives the rules that a query without its own uses.
func DefaultChannels() []ChannelRule {
	social := []string{"facebook*", "fb", "instagram*", "ig", "linkedin*", "twitter*", "x.com", "t.co", "pinterest*", "tiktok*", "youtube*", "reddit*", "snapchat*", "threads*", "vk", "vk.com", "whatsapp*", "telegram*"}
	paid := []string{"cpc", "ppc", "cpv", "cpa", "paid*", "retargeting", "remarketing", "sem", "ads", "ad"}
	return []ChannelRule{
		{Channel: "email", Events: []string{"Email Link Clicked", "Email Clicked"}},
		{Channel: "sms", Events: []string{"SMS Link Clicked"}},
		{Channel: "push", Events: []string{"Push Notification Tapped"}},
		{Channel: "email", Medium: []string{"email", "e-mail", "e_mail", "e mail", "newsletter", "mail"}},
		{Channel: "email", Source: []string{"email", "e-mail", "e_mail", "newsletter"}},
		{Channel: "sms", Medium: []string{"sms"}},
		{Channel: "push", Medium: []string{"push", "*push", "web-push", "mobile-push"}},
		{Channel: "affiliate", Medium: []string{"affiliate*", "partner*"}},
		{Channel: "affiliate", ClickIDs: []string{"awc", "irclickid", "cjevent", "tduid", "sscid", "ranSiteID"}},
		{Channel: "paid_social", Source: social, Medium: append([]string{"cpm"}, paid...)},
		{Channel: "paid_social", Medium: []string{"paid*social", "social*paid"}},
		{Channel: "paid_social", ClickIDs: []string{"ttclid", "li_fat_id", "twclid", "ScCid", "epik", "rdt_cid"}},
		{Channel: "display", Medium: []string{"display", "banner", "cpm", "interstitial", "expandable", "programmatic"}},
		{Channel: "display", ClickIDs: []string{"dclid"}},
		{Channel: "paid_search", ClickIDs: []string{"gclid", "gbraid", "wbraid", "msclkid", "yclid"}},
		{Channel: "paid_search", Medium: paid},
		{Channel: "organic_social", Medium: []string{"social*", "sm", "organic*social"}},
		{Channel: "organic_social", Source: social},
		{Channel: "organic_social", ClickIDs: []string{"fbclid", "igshid"}},
		{Channel: "organic_search", Medium: []string{"organic", "seo"}},
		{Channel: "referral", Medium: []string{"referral", "link", "app"}},
		{Channel: "other", Medium: []string{"*"}},
		{Channel: "other", Source: []string{"*"}},
		{Channel: "other", Campaign: []string{"*"}},
		{Channel: "email", Referrer: []string{"mail.google.com", "mail.yahoo.com", "outlook.live.com", "outlook.office.com", "outlook.office365.com", "mail.proton.me", "com.google.android.gm", "webmail.*", "mail.*"}},
		{Channel: "organic_social", Referrer: []string{"facebook.com", "fb.com", "instagram.com", "linkedin.com", "lnkd.in", "twitter.com", "x.com", "t.co", "pinterest.*", "tiktok.com", "youtube.com", "reddit.com", "threads.net",
			"snapchat.com", "vk.com", "whatsapp.com", "wa.me", "t.me", "telegram.org"}},
		{Channel: "organic_search", Referrer: []string{"google.*", "com.google.android.googlequicksearchbox", "bing.com", "duckduckgo.com", "search.yahoo.com", "yahoo.*", "yandex.*", "ya.ru", "baidu.com", "ecosia.org", "startpage.com",
			"qwant.com", "search.brave.com", "naver.com", "seznam.cz"}},
		{Channel: "referral", Referrer: []string{"*"}},
	}
}

// defaultOwn are hosts that send customers back in the middle of a visit: payment
// and sign-in pages.
func defaultOwn() []string {
	return []string{"paypal.com", "stripe.com", "klarna.com", "adyen.com", "mollie.com", "braintreegateway.com", "satispay.com", "nexi.it", "worldpay.com", "3dsecure.*", "accounts.google.com", "appleid.apple.com", "login.microsoftonline.com"}
}

func (r *ChannelRule) check(field string) error {
	if r.Channel == "" || len(r.Channel) > maxText {
		return bad(field+".channel", "must be a name of 1 to %d bytes", maxText)
	}
	some := false
	for _, m := range []struct {
		name string
		list []string
	}{{"click_ids", r.ClickIDs}, {"source", r.Source}, {"medium", r.Medium}, {"campaign", r.Campaign}, {"referrer", r.Referrer}, {"events", r.Events}} {
		if len(m.list) > 200 {
			return bad(field+"."+m.name, "has more than 200 patterns")
		}
		for _, p := range m.list {
			if p == "" || len(p) > maxText {
				return bad(field+"."+m.name, "must hold texts of 1 to %d bytes", maxText)
			}
		}
		some = some || len(m.list) > 0
	}
	if !some {
		return bad(field, "says nothing that an arrival could fit")
	}
	return nil
}

func checkChannels(field string, rules []ChannelRule) error {
	if len(rules) > maxChannelRules {
		return bad(field, "are more than %d", maxChannelRules)
	}
	clicks, channels := map[string]bool{}, map[string]bool{}
	for i := range rules {
		if err := rules[i].check(fmt.Sprintf("%s[%d]", field, i)); err != nil {
			return err
		}
		channels[rules[i].Channel] = true
		for _, c := range rules[i].ClickIDs {
			clicks[c] = true
		}
	}
	if len(clicks) > maxClickIDs {
		return bad(field, "name more than %d click ids", maxClickIDs)
	}
	if len(channels) > maxChannels {
		return bad(field, "make more than %d channels", maxChannels)
	}
	return nil
}

// arrival is what an event says of where its customer came from.
type arrival struct {
	source, medium, campaign string
	host, event              string
	clicks                   uint64 // by place in channels.clicks
}

// campaigned says whether an arrival is by a campaign, not by a mere link.
func (a *arrival) campaigned() bool {
	return a.source != "" || a.medium != "" || a.campaign != "" || a.clicks != 0
}

// channels tells channels from arrivals, by rules. Many workers share it.
type channels struct {
	rules  []ChannelRule // in lower case, save click ids and events
	of     []int         // channel of each rule
	names  []string      // of channels; the last two are direct and none
	clicks []string
	own    []string
	events map[string]bool // named by some rule
	paths  [5]int          // columns: page_url, referrer, utm_source, utm_medium, utm_campaign
}

func newChannels(rules []ChannelRule, own []string, p *picker) *channels {
	c := &channels{events: map[string]bool{}}
	if len(rules) == 0 {
		rules = DefaultChannels()
	}
	if own == nil {
		own = defaultOwn()
	}
	c.own = lower(own)
	for _, r := range rules {
		at := slices.Index(c.names, r.Channel)
		if at < 0 {
			at = len(c.names)
			c.names = append(c.names, r.Channel)
		}
		c.of = append(c.of, at)
		c.rules = append(c.rules, ChannelRule{ClickIDs: r.ClickIDs, Source: lower(r.Source), Medium: lower(r.Medium), Campaign: lower(r.Campaign), Referrer: lower(r.Referrer), Events: r.Events})
		for _, id := range r.ClickIDs {
			if !slices.Contains(c.clicks, id) {
				c.clicks = append(c.clicks, id)
			}
		}
		for _, e := range r.Events {
			c.events[e] = true
		}
	}
	if !slices.Contains(c.names, ChannelDirect) {
		c.names = append(c.names, ChannelDirect)
	}
	c.names = append(c.names, ChannelNone)
	for i, name := range []string{"page_url", "referrer", "utm_source", "utm_medium", "utm_campaign"} {
		c.paths[i] = p.path(timeline.ContextPath(name))
	}
	return c
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// direct and none are the channels without a rule.
func (c *channels) direct() int { return slices.Index(c.names, ChannelDirect) }
func (c *channels) none() int   { return len(c.names) - 1 }

// read gives the arrival that row i tells of.
func (c *channels) read(r *timeline.Rows, i int) (a arrival) {
	text := func(k int) string { return r.PropColumn(c.paths[k]).Text[i] }
	url := text(0)
	a.source, a.medium, a.campaign = text(2), text(3), text(4)
	if at := strings.IndexByte(url, '?'); at >= 0 && len(c.clicks) > 0 {
		a.clicks = c.clicked(url[at+1:])
	}
	if ref := text(1); ref != "" {
		if a.host = hostOf(ref); sameSite(a.host, hostOf(url)) {
			a.host = ""
		}
	}
	if len(c.events) > 0 {
		if name := r.NameOf(r.Name[i]); c.events[name] {
			a.event = name
		}
	}
	return a
}

// clicked gives the click ids among the parameters of an address.
func (c *channels) clicked(query string) (mask uint64) {
	query, _, _ = strings.Cut(query, "#")
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if value == "" {
			continue
		}
		if at := slices.Index(c.clicks, name); at >= 0 {
			mask |= 1 << at
		}
	}
	return mask
}

// sameSite says whether a referring host is the site itself.
func sameSite(host, site string) bool {
	if host == site {
		return true
	}
	a, b := strings.TrimPrefix(host, "www."), strings.TrimPrefix(site, "www.")
	return a == b || a == "" || below(a, b) || below(b, a)
}

// below says whether a is a host below b.
func below(a, b string) bool {
	n := len(a) - len(b)
	return b != "" && n > 1 && a[n-1] == '.' && a[n:] == b
}

// hostOf gives the host of an address, in lower case and without port.
func hostOf(url string) string {
	if at := strings.IndexByte(url, ':'); at >= 0 && strings.HasPrefix(url[at:], "://") {
		url = url[at+3:]
	}
	for i := range len(url) {
		if c := url[i]; c == '/' || c == '?' || c == '#' {
			url = url[:i]
			break
		}
	}
	if at := strings.LastIndexByte(url, '@'); at >= 0 {
		url = url[at+1:]
	}
	if at := strings.LastIndexByte(url, ':'); at >= 0 && !strings.HasSuffix(url, "]") {
		url = url[:at]
	}
	return strings.ToLower(url)
}

// channel decides; an arrival that says nothing gives -1.
func (c *channels) channel(a *arrival) int {
	if hostFits(c.own, a.host) {
		own := *a
		own.host = "" // it only sends customers back
		a = &own
	}
	if *a == (arrival{}) {
		return -1
	}
	source, medium, campaign := strings.ToLower(a.source), strings.ToLower(a.medium), strings.ToLower(a.campaign)
	for i := range c.rules {
		r := &c.rules[i]
		if fits(r.Source, source) && fits(r.Medium, medium) && fits(r.Campaign, campaign) && (len(r.Referrer) == 0 || hostFits(r.Referrer, a.host)) &&
			(len(r.Events) == 0 || slices.Contains(r.Events, a.event)) && (len(r.ClickIDs) == 0 || c.clickFits(r, a.clicks)) {
			return c.of[i]
		}
	}
	return -1
}

func (c *channels) clickFits(r *ChannelRule, clicks uint64) bool {
	return clicks != 0 && slices.ContainsFunc(r.ClickIDs, func(id string) bool { return clicks&(1<<slices.Index(c.clicks, id)) != 0 })
}

// fits says whether text fits one of patterns; none at all fit everything.
func fits(patterns []string, text string) bool {
	return len(patterns) == 0 || text != "" && slices.ContainsFunc(patterns, func(p string) bool { return globbed(p, text) })
}

// hostFits says whether a host or one above it fits a pattern.
func hostFits(patterns []string, host string) bool {
	if host == "" {
		return false
	}
	for _, p := range patterns {
		for h := host; ; {
			if globbed(p, h) {
				return true
			}
			_, above, ok := strings.Cut(h, ".")
			if !ok {
				break
			}
			h = above
		}
	}
	return false
}

// globbed says whether text fits a pattern in which * stands for any text.
func globbed(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	for ok {
		var part string
		if part, rest, star = strings.Cut(rest, "*"); !star {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if ok = at >= 0; ok {
			text = text[at+len(part):]
		}
	}
	return false
}
