package inbox

import (
	"encoding/binary"
	"encoding/hex"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// fields are the members of one event that mean something, raw.
type fields struct {
	kind, name, event                     []byte
	messageID                             []byte
	userID, anonymousID, previousID       []byte
	groupID                               []byte
	timestamp, original, sentAt           []byte
	properties, traits                    []byte
	context, integrations                 []byte
	distinctID, uuid, set, setOnce, apply []byte // PostHog
}

func (f *fields) take(key, val []byte) {
	switch string(key) {
	case "type":
		f.kind = val
	case "event":
		f.event = val
	case "name":
		f.name = val
	case "messageId":
		f.messageID = val
	case "userId":
		f.userID = val
	case "anonymousId":
		f.anonymousID = val
	case "previousId":
		f.previousID = val
	case "groupId":
		f.groupID = val
	case "timestamp":
		f.timestamp = val
	case "originalTimestamp":
		f.original = val
	case "sentAt":
		f.sentAt = val
	case "properties":
		f.properties = val
	case "traits":
		f.traits = val
	case "context":
		f.context = val
	case "integrations":
		f.integrations = val
	case "distinct_id":
		f.distinctID = val
	case "uuid":
		f.uuid = val
	case "$set":
		f.set = val
	case "$set_once":
		f.setOnce = val
	}
}

// refusal is why an event cannot go on.
type refusal struct{ code, message string }

func refuse(code, format string, args ...any) *refusal {
	return &refusal{code, errs.Say(format, args...).Error()}
}

// event turns piece i into a message or a reject.
func (r *reader) event(i int, p *piece) {
	raw := r.scan.b[p.start:p.end]
	var f fields
	for _, m := range r.scan.members[p.from:p.to] {
		f.take(r.scan.b[m.ks:m.ke], r.scan.b[m.vs:m.ve])
	}
	if p.dirty && p.depth <= maxDepth && len(raw) <= MaxEventBytes {
		f = fields{}
		cleaned := clean(make([]byte, 0, len(raw)), raw)
		for w := walk(cleaned); w.next(); {
			f.take(w.key, w.val)
		}
	}
	// The message is filled in place: it is large to copy.
	n := len(r.result.Messages)
	r.result.Messages = append(r.result.Messages, core.Message{})
	m := &r.result.Messages[n]
	m.Index, m.Source, m.Received = i, r.req.SourceID, r.req.Received
	bad := r.check(&f, m, p, raw)
	if bad == nil && r.req.Unknown {
		bad = refuse(CodeUnknownKey, "the write key is unknown")
	}
	if bad != nil {
		name := m.Name
		if name == "" {
			name = clip(textOf(f.event), MaxNameRunes)
		}
		r.result.Rejects = append(r.result.Rejects, Reject{
			Index: i, MessageID: clip(m.ID, MaxIDRunes), Name: name, Code: bad.code, Message: bad.message, Raw: raw, print: m.Fingerprint,
		})
		r.result.Messages = r.result.Messages[:n]
		return
	}
	r.result.Raws = append(r.result.Raws, raw)
}

// check fills m from f and says what is wrong with it, if anything.
func (r *reader) check(f *fields, m *core.Message, p *piece, raw []byte) *refusal {
	if raw[0] != '{' {
		return refuse(CodeUnknownType, "an event must be a JSON object")
	}
	if p.depth > maxDepth {
		return refuse(CodeTooDeep, "the event is nested more than 32 levels deep")
	}
	if len(raw) > MaxEventBytes {
		m.ID, _ = identifier(f.messageID)
		return refuse(CodeEventTooLarge, "the event is larger than 32768 bytes")
	}
	if r.crowded {
		return refuse(CodeEventTooLarge, "the context of the batch is too large for its events")
	}
	if r.posthog {
		r.fromPostHog(f)
	}
	if bad := r.names(f, m); bad != nil {
		return bad
	}
	if bad := ids(f, m); bad != nil {
		return bad
	}
	if bad := required(m); bad != nil {
		return bad
	}
	if bad := payload(f, m); bad != nil {
		return bad
	}
	r.clock(f, m)
	r.fillContext(f, m)
	r.flags(m)
	m.Fingerprint = fingerprint(f, m)
	if r.req.Print != 0 {
		m.Fingerprint = r.req.Print
	}
	return nil
}

// names reads kind, event name and message id.
func (r *reader) names(f *fields, m *core.Message) *refusal {
	id, ok := identifier(f.messageID)
	switch {
	case !ok:
		return refuse(CodeBadID, "messageId must be text")
	case id != "" && f.messageID[0] == '"':
		id = unquote(f.messageID[1 : len(f.messageID)-1]) // never rewritten
	case id == "" && r.req.MessageID != "":
		id = r.req.MessageID
	case id == "":
		id = r.madeID(m.Index)
		m.Flags |= core.FlagNoMessageID
	}
	m.ID = id
	if len(id) > MaxIDRunes && utf8.RuneCountInString(id) > MaxIDRunes {
		return refuse(CodeIDTooLong, "messageId is longer than 255 characters")
	}
	m.Kind = r.req.Kind
	if r.req.Shape == ShapeBatch || m.Kind == 0 {
		if m.Kind = kindOf(f.kind); m.Kind == 0 {
			return refuse(CodeUnknownType, "type must be track, identify, page, screen, group or alias")
		}
	}
	switch m.Kind {
	case core.KindTrack:
		m.Name = core.CanonicalEvent(r.memo.text(&r.memo.name, f.event))
		if blank(m.Name) {
			return refuse(CodeNoEventName, "a track call needs an event name")
		}
	case core.KindPage, core.KindScreen:
		m.Name = r.memo.text(&r.memo.name, f.name)
	}
	if len(m.Name) > MaxNameRunes && utf8.RuneCountInString(m.Name) > MaxNameRunes {
		m.Name = clip(m.Name, MaxNameRunes)
		return refuse(CodeNameTooLong, "the name is longer than 255 characters")
	}
	return nil
}

func kindOf(raw []byte) core.Kind {
	switch string(raw) {
	case rawTrack:
		return core.KindTrack
	case rawIdentify:
		return core.KindIdentify
	case rawPage:
		return core.KindPage
	case rawScreen:
		return core.KindScreen
	case rawGroup:
		return core.KindGroup
	case rawAlias:
		return core.KindAlias
	}
	return 0
}

// madeID makes the id of an event that came without one.
func (r *reader) madeID(index int) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(r.req.Seed))
	binary.BigEndian.PutUint64(b[8:], xxh3.HashSeed(b[:8], uint64(index)+1))
	return "ciclo-" + hex.EncodeToString(b[:])
}

func ids(f *fields, m *core.Message) *refusal {
	for _, x := range [...]struct {
		name string
		raw  []byte
		to   *string
	}{
		{"userId", f.userID, &m.UserID},
		{"anonymousId", f.anonymousID, &m.AnonymousID},
		{"previousId", f.previousID, &m.PreviousID},
		{"groupId", f.groupID, &m.GroupID},
	} {
		if x.raw == nil {
			continue
		}
		id, ok := identifier(x.raw)
		if !ok {
			return refuse(CodeBadID, "%s must be text or a number", x.name)
		}
		*x.to = id
	}
	return nil
}

func required(m *core.Message) *refusal {
	switch m.Kind {
	case core.KindAlias:
		if m.UserID == "" || m.PreviousID == "" {
			return refuse(CodeNoIdentity, "an alias call needs userId and previousId")
		}
		return nil
	case core.KindGroup:
		if m.GroupID == "" {
			return refuse(CodeNoIdentity, "a group call needs groupId")
		}
	}
	if m.UserID == "" && m.AnonymousID == "" {
		return refuse(CodeNoIdentity, "userId or anonymousId is missing")
	}
	return nil
}

// payload takes properties or traits. An empty array stands for nothing, as
// some languages write an empty map so.
func payload(f *fields, m *core.Message) *refusal {
	raw, name := f.properties, "properties"
	if m.Kind == core.KindIdentify || m.Kind == core.KindGroup {
		raw, name = f.traits, "traits"
	}
	if isAbsent(raw) {
		return nil
	}
	if raw[0] != '{' {
		return refuse(CodeBadProperties, "%s must be a JSON object", name)
	}
	if isEmptyObject(raw) {
		return nil
	}
	m.Props = raw
	return nil
}

func isAbsent(raw []byte) bool {
	return len(raw) == 0 || raw[0] == 'n' || raw[0] == '[' && raw[blanks(raw, 1)] == ']'
}

func isEmptyObject(raw []byte) bool { return raw[blanks(raw, 1)] == '}' }

func (r *reader) clock(f *fields, m *core.Message) {
	raw := f.original
	t, given, ok := readTime(raw)
	if !ok {
		var given2 bool
		raw = f.timestamp
		t, given2, ok = readTime(raw)
		given = given || given2
	}
	if ok {
		m.Original = t
		if t == 0 {
			m.Original = 1 // zero means absent; the epoch itself is a time
		}
	}
	m.Sent = r.sent
	if t, _, ok := readTime(f.sentAt); ok {
		m.Sent = t
	}
	correct(m, given)
}

// flags notes bots, imports and bad money.
func (r *reader) flags(m *core.Message) {
	if r.req.Imported {
		m.Flags |= core.FlagImported
		if !r.req.Live {
			m.Flags |= core.FlagHistoric
		}
	}
	if m.Kind != core.KindTrack {
		return
	}
	switch m.Name {
	case core.EventOrderCompleted, core.EventOrderRefunded, core.EventOrderCancelled, "Order Updated":
		o := core.ReadOrder(m.Props, "XXX")
		if !o.HasValue {
			o.Flags &^= core.FlagNoCurrency
		}
		m.Flags |= o.Flags
		if isTrue(find(m.Props, "test")) {
			m.Flags |= core.FlagTest
		}
	}
}

// fingerprint tells two events with one message id apart. What changes on a
// retry is left out.
func fingerprint(f *fields, m *core.Message) uint64 {
	var stack [512]byte
	h := stack[:0]
	h = append(h, byte(m.Kind))
	for _, part := range [...][]byte{f.event, f.name, f.userID, f.anonymousID, f.previousID, f.groupID, f.original, f.timestamp} {
		h = binary.LittleEndian.AppendUint32(h, uint32(len(part)))
		h = append(h, part...)
	}
	sum := xxh3.Hash(h)
	for _, part := range [...][]byte{f.properties, f.traits} {
		if len(part) > 0 {
			sum = xxh3.HashSeed(part, sum)
		} else {
			sum = sum*0x9E3779B97F4A7C15 + 1
		}
	}
	return sum
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
