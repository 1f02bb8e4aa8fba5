package inbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// received is when the bodies of these tests arrive.
var received = core.FromTime(time.Date(2026, 5, 4, 12, 0, 7, 0, time.UTC))

func parse(t *testing.T, req inbox.Request) inbox.Result {
	t.Helper()
	if req.Shape == 0 {
		req.Shape = inbox.ShapeBatch
	}
	req.Received, req.SourceID, req.Seed = received, 7, 42
	res, err := inbox.Parse(req)
	if err != nil {
		t.Fatalf("parse %.200s: %v", req.Body, err)
	}
	if res.Total != len(res.Messages)+len(res.Rejects) || len(res.Raws) != len(res.Messages) {
		t.Fatalf("%d events, but %d messages and %d rejects", res.Total, len(res.Messages), len(res.Rejects))
	}
	return res
}

// one parses a batch of one event and gives its message.
func one(t *testing.T, event string) core.Message {
	t.Helper()
	res := parse(t, inbox.Request{Body: []byte(`{"batch":[` + event + `]}`)})
	if len(res.Messages) != 1 {
		t.Fatalf("%.200s: rejected: %+v", event, res.Rejects)
	}
	return res.Messages[0]
}

// code parses a batch of one event and gives the code of its reject.
func code(t *testing.T, event string) string {
	t.Helper()
	res := parse(t, inbox.Request{Body: []byte(`{"batch":[` + event + `]}`)})
	if len(res.Rejects) != 1 {
		return ""
	}
	return res.Rejects[0].Code
}

func at(s string) core.Micros {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return core.FromTime(t)
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]core.Message{
		`{"type":"track","event":"A","userId":"u"}`:                                  {Kind: core.KindTrack, Name: "A", UserID: "u"},
		`{"type":"identify","anonymousId":"a","traits":{"x":1}}`:                     {Kind: core.KindIdentify, AnonymousID: "a", Props: []byte(`{"x":1}`)},
		`{"type":"page","name":"Home","anonymousId":"a","properties":{"y":[1,2]}}`:   {Kind: core.KindPage, Name: "Home", AnonymousID: "a", Props: []byte(`{"y":[1,2]}`)},
		`{"type":"screen","name":"S","userId":"u"}`:                                  {Kind: core.KindScreen, Name: "S", UserID: "u"},
		`{"type":"group","groupId":"g","userId":"u","traits":{"n":"x"}}`:             {Kind: core.KindGroup, GroupID: "g", UserID: "u", Props: []byte(`{"n":"x"}`)},
		`{"type":"alias","userId":"u","previousId":"p"}`:                             {Kind: core.KindAlias, UserID: "u", PreviousID: "p"},
		`{"type":"track","event":"Completed Order","userId":"u","properties":{}}`:    {Kind: core.KindTrack, Name: "Order Completed", UserID: "u"},
		`{"type":"track","event":"A","userId":"u","properties":[],"context":[]}`:     {Kind: core.KindTrack, Name: "A", UserID: "u"},
		`{"type":"track","event":"A","userId":"u","properties":null,"traits":null}`:  {Kind: core.KindTrack, Name: "A", UserID: "u"},
		`{"type":"track","event":"old","event":"new","userId":"x","userId":"u"}`:     {Kind: core.KindTrack, Name: "new", UserID: "u"},
		`{"type":"track","event":"a","\u0065vent":"esc","userId":"u"}`:               {Kind: core.KindTrack, Name: "esc", UserID: "u"},
		`{"type":"track","event":"Ünï \"q\" \ud83d\ude00","userId":"u"}`:             {Kind: core.KindTrack, Name: "Ünï \"q\" 😀", UserID: "u"},
		`{"type":"track","event":"A","userId":"u","properties":{"a":1,"b":2,"a":3}}`: {Kind: core.KindTrack, Name: "A", UserID: "u", Props: []byte(`{"b":2,"a":3}`)},
	} {
		m := one(t, body)
		if m.Kind != want.Kind || m.Name != want.Name || m.UserID != want.UserID || m.AnonymousID != want.AnonymousID ||
			m.PreviousID != want.PreviousID || m.GroupID != want.GroupID || string(m.Props) != string(want.Props) {
			t.Errorf("%s: got %+v (props %s)", body, m, m.Props)
		}
		if m.Received != received || m.Time != received || m.Source != 7 {
			t.Errorf("%s: time %d, received %d, source %d", body, m.Time, m.Received, m.Source)
		}
	}
}

func TestPathGivesTheKind(t *testing.T) {
	t.Parallel()
	res := parse(t, inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeSingle, Kind: core.KindPage}, Body: []byte(` {"type":"track","name":"n","userId":1, "writeKey":"K"} `)})
	if len(res.Messages) != 1 || res.Messages[0].Kind != core.KindPage || res.Messages[0].Name != "n" || res.WriteKey != "K" {
		t.Errorf("got %+v", res)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"plain"`: "plain", `12345678901234567890123`: "12345678901234567890123", `1.50`: "1.50", `true`: "true", `"  a b  "`: "a b",
		`"\u200bz\ufeffw\u0007"`: "zw", `"a\u0000b"`: "ab", `"\ud800x"`: "\uFFFDx", "\"\xff\"": "\uFFFD", `"日本"`: "日本",
	} {
		if got := one(t, `{"type":"track","event":"e","userId":`+raw+`}`).UserID; got != want {
			t.Errorf("userId %s: got %q, want %q", raw, got, want)
		}
	}
	for raw, want := range map[string]string{`null`: "no_identity", `""`: "no_identity", `" "`: "no_identity", `{}`: "bad_id", `[1]`: "bad_id"} {
		if got := code(t, `{"type":"track","event":"e","userId":`+raw+`}`); got != want {
			t.Errorf("userId %s: code %q, want %q", raw, got, want)
		}
	}
}

// deep is an object n levels deep.
func deep(n int) string { return strings.Repeat(`{"a":`, n) + `1` + strings.Repeat(`}`, n) }

func TestRejects(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		`{"type":"track","event":"","userId":"u"}`:   inbox.CodeNoEventName,
		`{"type":"track","event":"  ","userId":"u"}`: inbox.CodeNoEventName,
		`{"type":"track","event":7,"userId":"u"}`:    inbox.CodeNoEventName,
		`{"type":"track","userId":"u"}`:              inbox.CodeNoEventName,
		`{"type":"bogus","userId":"u"}`:              inbox.CodeUnknownType,
		`{"userId":"u"}`:                             inbox.CodeUnknownType,
		`5`:                                          inbox.CodeUnknownType,
		`null`:                                       inbox.CodeUnknownType,
		`[]`:                                         inbox.CodeUnknownType,
		`{"type":"group","userId":"u"}`:              inbox.CodeNoIdentity,
		`{"type":"group","groupId":"g"}`:             inbox.CodeNoIdentity,
		`{"type":"alias","userId":"u"}`:              inbox.CodeNoIdentity,
		`{"type":"alias","previousId":"u"}`:          inbox.CodeNoIdentity,
		`{"type":"identify"}`:                        inbox.CodeNoIdentity,
		`{"type":"track","event":"e","userId":"u","properties":"text"}`:                                      inbox.CodeBadProperties,
		`{"type":"track","event":"e","userId":"u","properties":[1]}`:                                         inbox.CodeBadProperties,
		`{"type":"track","event":"e","userId":"u","messageId":"` + strings.Repeat("é", 256) + `"}`:           inbox.CodeIDTooLong,
		`{"type":"track","event":"e","userId":"u","messageId":{}}`:                                           inbox.CodeBadID,
		`{"type":"track","event":"` + strings.Repeat("n", 256) + `","userId":"u"}`:                           inbox.CodeNameTooLong,
		`{"type":"track","event":"e","userId":"u","properties":` + deep(32) + `}`:                            inbox.CodeTooDeep,
		`{"type":"track","event":"e","userId":"u","properties":` + deep(20_000) + `}`:                        inbox.CodeTooDeep,
		`{"type":"track","event":"e","userId":"u","properties":{"x":"` + strings.Repeat("x", 32_768) + `"}}`: inbox.CodeEventTooLarge,
		`{"type":"track","event":"e","userId":"u","properties":` + deep(31) + `}`:                            "",
		`{"type":"track","event":"e","userId":"u","messageId":"` + strings.Repeat("é", 255) + `"}`:           "",
		`{"type":"track","event":"` + strings.Repeat("é", 255) + `","userId":"u"}`:                           "",
	} {
		if got := code(t, event); got != want {
			t.Errorf("%.120s: code %q, want %q", event, got, want)
		}
	}
}

func TestOneBadEventLeavesTheOthers(t *testing.T) {
	t.Parallel()
	res := parse(t, inbox.Request{Body: []byte(`{"batch":[{"type":"track","event":"a","userId":"u"},{"type":"x","messageId":"m2"},7,{"type":"track","event":"b","userId":"u"}]}`)})
	if len(res.Messages) != 2 || len(res.Rejects) != 2 || res.Messages[1].Index != 3 || res.Rejects[0].Index != 1 || res.Rejects[0].MessageID != "m2" {
		t.Fatalf("got %+v", res)
	}
}

func TestUnreadableBodies(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `null`, `[]`, `"x"`, `{`, `{"batch"`, `{"batch":[`, `{"batch":[{}`, `{"batch":[{}]`, `{"batch":[{}]}x`, `{"batch":[{},]}`, `{"batch":[],}`,
		`{"batch":{}}`, `{}`, `{"batch":[{"a":01}]}`, `{"batch":[{"a":nul}]}`, `{"batch":[{"a":"\x"}]}`, "{\"batch\":[{\"a\":\"\n\"}]}", `{"batch":[{"a" 1}]}`,
		`{"batch":[{a:1}]}`, `{"batch":[{"a":1]}]}`, `{"batch":[{"a":"\u12"}]}`, `{"batch":[{"a":1.}]}`, `{"batch":[{"a":-}]}`, `{"batch":[{"a":1e}]}`, "\x00\x01", "{\"batch\":[\x00]}",
	} {
		_, err := inbox.Parse(inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Body: []byte(body), Received: received})
		if errs.KindOf(err) != errs.Invalid || errs.CodeOf(err) != inbox.CodeInvalidJSON {
			t.Errorf("%q: got %v, want invalid_json", body, err)
		}
	}
}

func TestReadableBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"batch":[]}`: 0, `{"batch":[],"batch":[{}]}`: 1, "\xEF\xBB\xBF{\"batch\":[1]}": 1, `{ "batch" : [ 1 , 2 ] , "sentAt" : null }`: 2,
		`{"b\u0061tch":[1]}`: 1, `{"type":"track","event":"e","userId":"u"}`: 1,
	} {
		if res := parse(t, inbox.Request{Body: []byte(body)}); res.Total != want {
			t.Errorf("%s: %d events, want %d", body, res.Total, want)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{`"m 1 "`: "m 1 ", `12`: "12", `"a/b#c"`: "a/b#c"} {
		if m := one(t, `{"type":"track","event":"e","userId":"u","messageId":`+raw+`}`); m.ID != want || m.Flags&core.FlagNoMessageID != 0 {
			t.Errorf("messageId %s: got %q", raw, m.ID)
		}
	}
	body := []byte(`{"batch":[{"type":"track","event":"e","userId":"u"},{"type":"track","event":"e","userId":"u","messageId":""}]}`)
	a, b := parse(t, inbox.Request{Body: body}).Messages, parse(t, inbox.Request{Body: body}).Messages
	if a[0].ID == "" || a[0].ID == a[1].ID || a[0].ID != b[0].ID || a[1].ID != b[1].ID || a[0].Flags&core.FlagNoMessageID == 0 {
		t.Errorf("made ids: %q %q, again %q %q", a[0].ID, a[1].ID, b[0].ID, b[1].ID)
	}
}

func TestKeyInBody(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"writeKey":"A","batch":[]}`: "A", `{"batch":[{"writeKey":"E"}]}`: "E", `{"batch":[{"writeKey":"E"}],"writeKey":"A"}`: "A",
		`{"api_key":"P","batch":[]}`: "P", `{"batch":[1]}`: "", `{"type":"track","writeKey":"S"}`: "S", `not json`: "",
	} {
		if got := inbox.BodyKey([]byte(body)); got != want {
			t.Errorf("%s: key %q, want %q", body, got, want)
		}
	}
}

func TestEnvelopeMerge(t *testing.T) {
	t.Parallel()
	m := parse(t, inbox.Request{Body: []byte(`{"context":{"locale":"it","library":{"name":"go"},"x":1},"integrations":{"A":true,"B":false},
"batch":[{"type":"track","event":"e","userId":"u","context":{"locale":"ro","y":2},"integrations":{"B":true}}]}`)}).Messages[0]
	if m.Context.Locale != "ro" || m.Context.Library != "go" {
		t.Errorf("context: %+v", m.Context)
	}
	var rest map[string]any
	if err := json.Unmarshal(m.ContextRest, &rest); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(rest) != "map[integrations:map[A:true B:true] x:1 y:2]" {
		t.Errorf("rest: %s", m.ContextRest)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	const base = `{"type":"track","event":"e","userId":"u","properties":{"a":1},"timestamp":"2026-05-04T12:00:00Z","messageId":"m"`
	want := one(t, base+`}`).Fingerprint
	for _, same := range []string{`,"sentAt":"2026-05-04T12:00:01Z"}`, `,"context":{"ip":"1.2.3.4"}}`, `,"integrations":{"All":true}}`} {
		if one(t, base+same).Fingerprint != want {
			t.Errorf("%s changes the fingerprint", same)
		}
	}
	for _, other := range []string{
		strings.Replace(base, `"a":1`, `"a":2`, 1) + `}`, strings.Replace(base, `"e"`, `"f"`, 1) + `}`, strings.Replace(base, `"u"`, `"v"`, 1) + `}`,
		strings.Replace(base, `12:00:00Z`, `12:00:01Z`, 1) + `}`, base + `,"anonymousId":"a"}`, base + `,"traits":{"t":1}}`,
	} {
		if one(t, other).Fingerprint == want {
			t.Errorf("%s has the fingerprint of another event", other)
		}
	}
}

func TestMoneyFlags(t *testing.T) {
	t.Parallel()
	for props, want := range map[string]core.Flags{
		`{"order_id":"1","revenue":12.5,"currency":"EUR"}`:   0,
		`{"order_id":"1","revenue":"12.5","currency":"EUR"}`: 0,
		`{"order_id":"1","revenue":"$25","currency":"EUR"}`:  core.FlagBadMoney,
		`{"order_id":"1","revenue":3}`:                       core.FlagNoCurrency,
		`{"order_id":"1"}`:                                   0,
	} {
		m := one(t, `{"type":"track","event":"Order Completed","userId":"u","properties":`+props+`}`)
		if got := m.Flags & (core.FlagBadMoney | core.FlagNoCurrency); got != want || string(m.Props) != props {
			t.Errorf("%s: flags %b, want %b", props, got, want)
		}
	}
}

func TestPostHog(t *testing.T) {
	t.Parallel()
	res := parse(t, inbox.Request{Body: []byte(`{"api_key":"K","sent_at":"2026-05-04T12:00:07Z","batch":[
{"event":"bought","distinct_id":"u1","uuid":"id-1","timestamp":"2026-05-04T11:59:57Z","properties":{"price":3,"$lib":"posthog-node"}},
{"event":"$identify","distinct_id":"u1","properties":{"$anon_distinct_id":"a1","$set":{"email":"x@y.z"}}},
{"event":"$create_alias","distinct_id":"u1","properties":{"alias":"other"}},
{"event":"$pageview","distinct_id":"u1","properties":{"$current_url":"https://s/p?utm_source=x","$pathname":"/p"}},
{"event":"$screen","distinct_id":"u1","properties":{"$screen_name":"Cart"}},
{"event":"$groupidentify","distinct_id":"u1","properties":{"$group_key":"acme","$group_set":{"n":1}}}]}`)})
	if !res.PostHog || res.WriteKey != "K" || len(res.Messages) != 6 {
		t.Fatalf("got %+v", res)
	}
	m := res.Messages
	if m[0].ID != "id-1" || m[0].Name != "bought" || m[0].UserID != "u1" || m[0].Time != received-10*core.Second || m[0].Context.Library != "posthog-node" {
		t.Errorf("track: %+v", m[0])
	}
	if m[1].Kind != core.KindIdentify || m[1].AnonymousID != "a1" || string(m[1].Props) != `{"email":"x@y.z"}` {
		t.Errorf("identify: %+v", m[1])
	}
	if m[2].Kind != core.KindAlias || m[2].PreviousID != "other" {
		t.Errorf("alias: %+v", m[2])
	}
	if m[3].Kind != core.KindPage || m[3].Context.PagePath != "/p" || m[3].Context.UTMSource != "x" {
		t.Errorf("page: %+v", m[3])
	}
	if m[4].Kind != core.KindScreen || m[4].Name != "Cart" || m[5].Kind != core.KindGroup || m[5].GroupID != "acme" || string(m[5].Props) != `{"n":1}` {
		t.Errorf("screen %+v, group %+v", m[4], m[5])
	}
}

func TestImportedAndUnknown(t *testing.T) {
	t.Parallel()
	body := []byte(`{"batch":[{"type":"track","event":"e","userId":"u"}]}`)
	m := parse(t, inbox.Request{Meta: inbox.Meta{Imported: true, IP: "9.9.9.9", Source: inbox.Browser}, Body: body}).Messages[0]
	if m.Flags&core.FlagImported == 0 || m.Flags&core.FlagHistoric == 0 || m.Context.IP != "" {
		t.Errorf("imported: %+v", m)
	}
	m = parse(t, inbox.Request{Meta: inbox.Meta{Imported: true, Live: true}, Body: body}).Messages[0]
	if m.Flags&core.FlagImported == 0 || m.Flags&core.FlagHistoric != 0 {
		t.Errorf("imported live: flags %b", m.Flags)
	}
	if res := parse(t, inbox.Request{Meta: inbox.Meta{Unknown: true}, Body: body}); len(res.Rejects) != 1 || res.Rejects[0].Code != inbox.CodeUnknownKey {
		t.Errorf("unknown key: %+v", res)
	}
}
