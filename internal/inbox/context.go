package inbox

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// memo keeps the last text of fields that repeat from event to event, so that
// a batch from one device allocates them once.
type memo struct {
	name    string
	context core.Context
	agent   agent
	ip      string
	ipOut   string
	looked  string // address that origin was looked up for
	origin  networkOrigin
	classed string // user agent that class was computed for
	class   botClass
}

// text reads a raw string, reusing *last when it is the same.
func (memo) text(last *string, raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if in := raw[1 : len(raw)-1]; string(in) != *last || strings.IndexByte(*last, '\\') >= 0 {
		*last = unquote(in)
	}
	return *last
}

// column reads a context field as text; numbers as written.
func (r *reader) column(last *string, raw []byte) string {
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		return string(raw)
	}
	return r.memo.text(last, raw)
}

// fillContext reads the context of an event over that of its envelope into the
// standard columns, and leaves what has none in ContextRest.
func (r *reader) fillContext(f *fields, m *core.Message) {
	x := contextReader{r: r, m: m, c: &m.Context, last: &r.memo.context}
	own := f.context
	if len(r.shared) > 0 {
		has := keysOf(own)
		for _, p := range r.shared {
			if !has(p.key) {
				x.member(p.key, p.val)
			}
		}
	}
	for w := walk(own); w.next(); {
		x.member(w.key, w.val)
	}
	x.integrations(f.integrations)
	if m.GroupID != "" {
		m.Context.Group = m.GroupID
	}
	if m.Kind == core.KindPage {
		x.pageProperties()
	}
	x.utmFromURL()
	x.agent()
	x.address()
	x.bots()
	if len(x.rest) > 0 {
		m.ContextRest = append(x.rest, '}')
	}
}

// pair is one member of an object, raw.
type pair struct{ key, val []byte }

// keysOf tells which keys the checked object raw has.
func keysOf(raw []byte) func(key []byte) bool {
	var few [][]byte
	var many map[string]bool
	for w := walk(raw); w.next(); {
		if few = append(few, w.key); len(few) == 32 {
			many = map[string]bool{}
		}
	}
	if many == nil {
		return func(key []byte) bool {
			return slices.ContainsFunc(few, func(k []byte) bool { return string(k) == string(key) })
		}
	}
	for _, k := range few {
		many[string(k)] = true
	}
	return func(key []byte) bool { return many[string(key)] }
}

// contextReader collects the context of one event.
type contextReader struct {
	r      *reader
	m      *core.Message
	c      *core.Context
	last   *core.Context // texts of the event before
	rest   []byte
	direct bool
	bot    networkOrigin // class and evidence, when a program sent the event
	signs  string        // what only programs' browsers do
	claim  []byte        // what the client itself says under botKey
}

// suspect notes one reason to take the sender for a program. The first one
// gives the class.
func (x *contextReader) suspect(class, evidence string) {
	if x.bot.class == "" {
		x.bot = networkOrigin{class, evidence}
		return
	}
	x.bot.name += "; " + evidence
}

// sign notes something that only browsers run by programs do.
func (x *contextReader) sign(what string) {
	if x.signs != "" {
		x.signs += ", "
	}
	x.signs += what
}

// keep puts a member into the rest.
func (x *contextReader) keep(key, val []byte) {
	if len(x.rest) == 0 {
		x.rest = append(make([]byte, 0, 128), '{')
	} else {
		x.rest = append(x.rest, ',')
	}
	x.rest = append(x.rest, '"')
	x.rest = append(x.rest, key...)
	x.rest = append(x.rest, '"', ':')
	x.rest = append(x.rest, val...)
}

// set fills one column from the event before when it is the same text.
func (x *contextReader) set(to, last *string, val []byte) { *to = x.r.column(last, val) }

func (x *contextReader) member(key, val []byte) {
	c, l := x.c, x.last
	switch string(key) {
	case "page", "campaign", "device", "os", "browser", "library", "app", "location", "network":
		x.object(key, val)
	case "screen":
		if string(find(val, "width")) == "0" && string(find(val, "height")) == "0" {
			x.sign("the screen has no size")
		}
		x.object(key, val)
	case "webdriver":
		if string(val) == "true" {
			x.sign("the browser says that it is automated")
		}
		x.keep(key, val)
	case "languages":
		if len(val) > 0 && val[0] == '[' && isAbsent(val) {
			x.sign("the browser has no languages")
		}
		x.keep(key, val)
	case "test":
		if isTrue(val) {
			x.m.Flags |= core.FlagTest
		}
		x.keep(key, val)
	case botKey:
		x.claim = val
	case "ip":
		x.set(&c.IP, &l.IP, val)
	case "userAgent", "user_agent":
		x.set(&c.UserAgent, &l.UserAgent, val)
	case "locale":
		x.set(&c.Locale, &l.Locale, val)
	case "timezone":
		x.set(&c.Timezone, &l.Timezone, val)
	case "groupId":
		if id, ok := identifier(val); ok {
			c.Group = id
		}
	case "direct":
		x.direct = string(val) == "true"
	case "traits":
		if len(val) > 0 && val[0] == '{' && !isEmptyObject(val) {
			x.m.ContextTraits = val
		}
	case "externalIds":
		x.external(val)
	default:
		if len(val) > 0 && val[0] != 'n' {
			x.keep(key, val)
		}
	}
}

// object reads a part of the context that is an object. Members without a
// column stay in the rest under their key.
func (x *contextReader) object(key, val []byte) {
	var left []byte
	name := string(key)
	for w := walk(val); w.next(); {
		if x.part(name, w.key, w.val) || w.val[0] == 'n' {
			continue
		}
		if left == nil {
			left = append(make([]byte, 0, len(val)), '{')
		} else {
			left = append(left, ',')
		}
		left = append(left, '"')
		left = append(left, w.key...)
		left = append(left, '"', ':')
		left = append(left, w.val...)
	}
	if left != nil {
		x.keep(key, append(left, '}'))
	}
}

// part reads member key of the context object name; false when it has no
// column.
func (x *contextReader) part(name string, key, val []byte) bool {
	c, l := x.c, x.last
	switch name {
	case "page":
		return x.page(key, val)
	case "campaign":
		return x.campaign(key, val)
	case "device":
		return x.device(key, val)
	case "os":
		return x.named(&c.OS, &l.OS, key, val)
	case "browser":
		return x.named(&c.Browser, &l.Browser, key, val)
	case "library":
		return x.named(&c.Library, &l.Library, key, val)
	case "app":
		return x.named(&c.App, &l.App, key, val)
	case "location":
		if string(key) == "country" {
			x.set(&c.Country, &l.Country, val)
			return true
		}
	}
	return false
}

// named takes the member name of an os, browser, library or app.
func (x *contextReader) named(to, last *string, key, val []byte) bool {
	if string(key) != "name" {
		return false
	}
	x.set(to, last, val)
	return true
}

func (x *contextReader) page(key, val []byte) bool {
	c, l := x.c, x.last
	switch string(key) {
	case "url":
		x.set(&c.PageURL, &l.PageURL, val)
	case "path":
		x.set(&c.PagePath, &l.PagePath, val)
	case "title":
		x.set(&c.PageTitle, &l.PageTitle, val)
	case "referrer":
		x.set(&c.Referrer, &l.Referrer, val)
	default:
		return false
	}
	return true
}

func (x *contextReader) campaign(key, val []byte) bool {
	c, l := x.c, x.last
	switch string(key) {
	case "name":
		x.set(&c.UTMCampaign, &l.UTMCampaign, val)
	case "source":
		x.set(&c.UTMSource, &l.UTMSource, val)
	case "medium":
		x.set(&c.UTMMedium, &l.UTMMedium, val)
	case "term":
		x.set(&c.UTMTerm, &l.UTMTerm, val)
	case "content":
		x.set(&c.UTMContent, &l.UTMContent, val)
	default:
		return false
	}
	return true
}

func (x *contextReader) device(key, val []byte) bool {
	switch string(key) {
	case "id":
		x.identify(core.TypeDeviceID, val)
	case "token":
		x.identify(core.TypePushToken, val)
	default:
		return false
	}
	return true
}

func (x *contextReader) identify(kind string, val []byte) {
	if id, ok := identifier(val); ok && id != "" && len(x.m.External) < 32 {
		x.m.External = append(x.m.External, core.Identifier{Type: kind, Value: id})
	}
}

// external reads [{"id":…,"type":…}].
func (x *contextReader) external(val []byte) {
	for _, e := range elements(val) {
		id, ok := identifier(find(e, "id"))
		kind := tidy(textOf(find(e, "type")))
		if ok && id != "" && kind != "" && len(x.m.External) < 32 {
			x.m.External = append(x.m.External, core.Identifier{Type: clip(kind, 64), Value: id})
		}
	}
}

// integrations keeps which destinations the event was meant for, the event's
// own word over the envelope's.
func (x *contextReader) integrations(own []byte) {
	if len(own) == 0 || own[0] != '{' {
		own = nil
	}
	env := x.r.integrations
	if len(env) == 0 || env[0] != '{' {
		env = nil
	}
	var out []byte
	add := func(key, val []byte) {
		sep := byte(',')
		if out == nil {
			sep = '{'
		}
		out = append(append(out, sep, '"'), key...)
		out = append(append(out, '"', ':'), val...)
	}
	has := keysOf(own)
	for w := walk(env); w.next(); {
		if !has(w.key) {
			add(w.key, w.val)
		}
	}
	for w := walk(own); w.next(); {
		add(w.key, w.val)
	}
	if out != nil {
		x.keep([]byte("integrations"), append(out, '}'))
	}
}

// pageProperties fills page columns from the properties of a page call, where
// servers put them.
func (x *contextReader) pageProperties() {
	c := x.c
	if c.PageURL != "" && c.PagePath != "" || x.m.Props == nil {
		return
	}
	for w := walk(x.m.Props); w.next(); {
		var to *string
		switch string(w.key) {
		case "url":
			to = &c.PageURL
		case "path":
			to = &c.PagePath
		case "title":
			to = &c.PageTitle
		case "referrer":
			to = &c.Referrer
		}
		if to != nil && *to == "" {
			*to = textOf(w.val)
		}
	}
}

// utmFromURL reads the campaign from the page's address when the context names
// none, and the path when it is missing.
func (x *contextReader) utmFromURL() {
	c := x.c
	_, query, ok := strings.Cut(c.PageURL, "?")
	if !ok || c.UTMSource != "" || c.UTMCampaign != "" || !strings.Contains(query, "utm_") {
		return
	}
	query, _, _ = strings.Cut(query, "#")
	for pair := range strings.SplitSeq(query, "&") {
		key, val, _ := strings.Cut(pair, "=")
		var to *string
		switch key {
		case "utm_source":
			to = &c.UTMSource
		case "utm_medium":
			to = &c.UTMMedium
		case "utm_campaign":
			to = &c.UTMCampaign
		case "utm_term":
			to = &c.UTMTerm
		case "utm_content":
			to = &c.UTMContent
		default:
			continue
		}
		if v, err := url.QueryUnescape(val); err == nil {
			*to = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "\uFFFD")
		}
	}
}

// address fills the caller's address where the specification says so, and
// applies the policy to whatever address there is.
func (x *contextReader) address() {
	q := &x.r.req
	fill := !q.Imported && (q.Source == Browser || q.Source == Mobile || x.direct)
	switch {
	case x.c.IP != "":
		if x.c.IP != x.r.memo.looked {
			x.r.memo.looked, x.r.memo.origin = x.c.IP, q.Networks.find(x.c.IP)
		}
		x.network(x.r.memo.origin)
	case fill:
		x.c.IP = q.IP
		x.network(originOf(q.Network))
	}
	if x.c.IP == "" {
		return
	}
	if x.c.IP != x.r.memo.ip {
		x.r.memo.ip, x.r.memo.ipOut = x.c.IP, ApplyIPPolicy(x.c.IP, q.IPPolicy)
	}
	x.c.IP = x.r.memo.ipOut
}

// network notes that the address belongs to programs.
func (x *contextReader) network(o networkOrigin) {
	if o.class != "" {
		x.suspect(o.class, "address lies in the network of "+o.name)
	}
}

// agent fills device, system and browser from the user agent and marks bots.
func (x *contextReader) agent() {
	q, c, memo := &x.r.req, x.c, &x.r.memo
	if c.UserAgent == "" && !q.Imported && (q.Source == Browser || x.direct) {
		c.UserAgent = q.Agent
	}
	if c.UserAgent == "" {
		return
	}
	if c.UserAgent != memo.classed {
		memo.classed = c.UserAgent
		memo.agent = readAgent(c.UserAgent)
		memo.class = classify(c.UserAgent)
	}
	if c.OS == "" {
		c.OS = memo.agent.os
	}
	if c.Browser == "" {
		c.Browser = memo.agent.browser
	}
	if c.Device == "" {
		c.Device = memo.agent.device
	}
	if memo.class.class != "" {
		x.suspect(memo.class.class, memo.class.evidence)
	}
}

// bots marks the event when there was a reason to, and writes the reasons down.
func (x *contextReader) bots() {
	if x.signs != "" && (x.r.req.Source != Server || x.direct) {
		x.suspect("headless", x.signs)
	}
	if x.bot.class == "" {
		if len(x.claim) > 0 && x.claim[0] != 'n' {
			x.keep([]byte(botKey), x.claim)
		}
		return
	}
	x.m.Flags |= core.FlagBot
	x.keep([]byte(botKey), appendBot(nil, x.bot.class, x.bot.name))
}

// isTrue says whether a raw value means yes; pixels write all values as text.
func isTrue(raw []byte) bool { return string(raw) == "true" || string(raw) == `"true"` }
