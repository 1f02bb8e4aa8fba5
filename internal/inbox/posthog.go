package inbox

import "github.com/ciclo/ciclo/internal/core"

// fromPostHog rewrites the fields of a PostHog event as the tracking
// specification has them.
func (r *reader) fromPostHog(f *fields) {
	f.properties = hideAddress(f.properties, r.req.IPPolicy)
	props := f.properties
	if f.messageID == nil {
		f.messageID = f.uuid
	}
	f.userID = f.distinctID
	if f.userID == nil {
		f.userID = find(props, "distinct_id")
	}
	if f.userID == nil {
		f.userID = find(props, "$distinct_id")
	}
	set := f.set
	if set == nil {
		set = find(props, "$set")
	}
	f.kind = []byte(rawTrack)
	switch string(f.event) {
	case `"$identify"`:
		f.kind, f.traits = []byte(rawIdentify), set
		f.anonymousID = find(props, "$anon_distinct_id")
	case `"$set"`:
		f.kind, f.traits = []byte(rawIdentify), set
	case `"$create_alias"`:
		f.kind = []byte(rawAlias)
		f.previousID = find(props, "alias")
	case `"$pageview"`:
		f.kind = []byte(rawPage)
		f.name = find(props, "title")
	case `"$screen"`:
		f.kind = []byte(rawScreen)
		f.name = find(props, "$screen_name")
	case `"$groupidentify"`:
		f.kind = []byte(rawGroup)
		f.groupID = find(props, "$group_key")
		f.traits = find(props, "$group_set")
	}
	if f.context == nil {
		f.context = postHogContext(props, f.kind, set)
	}
}

const (
	rawTrack    = `"track"`
	rawIdentify = `"identify"`
	rawPage     = `"page"`
	rawScreen   = `"screen"`
	rawGroup    = `"group"`
	rawAlias    = `"alias"`
)

// postHogContext builds a context from the properties that PostHog's clients
// put it in.
func postHogContext(props, kind, set []byte) []byte {
	var page, campaign, top []byte
	add := func(dst []byte, key string, val []byte) []byte {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		return append(append(quote(dst, key), ':'), val...)
	}
	for w := walk(props); w.next(); {
		switch key := string(w.key); key {
		case "$current_url":
			page = add(page, "url", w.val)
		case "$pathname":
			page = add(page, "path", w.val)
		case "$referrer":
			page = add(page, "referrer", w.val)
		case "title":
			page = add(page, "title", w.val)
		case "utm_source", "utm_medium", "utm_term", "utm_content":
			campaign = add(campaign, key[4:], w.val)
		case "utm_campaign":
			campaign = add(campaign, "name", w.val)
		case "$ip":
			top = add(top, "ip", w.val)
		case "$raw_user_agent":
			top = add(top, "userAgent", w.val)
		case "$timezone":
			top = add(top, "timezone", w.val)
		case "$lib":
			top = add(top, "library", append(append([]byte(`{"name":`), w.val...), '}'))
		case "$device_id":
			top = add(top, "device", append(append([]byte(`{"id":`), w.val...), '}'))
		}
	}
	wrap := func(in []byte) []byte { return append(append([]byte{'{'}, in...), '}') }
	if len(page) > 0 {
		top = add(top, "page", wrap(page))
	}
	if len(campaign) > 0 {
		top = add(top, "campaign", wrap(campaign))
	}
	if len(set) > 0 && kindOf(kind) != core.KindIdentify {
		top = add(top, "traits", set)
	}
	return wrap(top)
}
