package inbox_test

import (
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

func TestContextColumns(t *testing.T) {
	t.Parallel()
	m := one(t, `{"type":"page","anonymousId":"a","context":{
"page":{"url":"https://s.test/p?x=1","path":"/p","title":"T","referrer":"https://r.test/","search":"?x=1"},
"campaign":{"name":"c","source":"s","medium":"m","term":"t","content":"k"},
"ip":"1.2.3.4","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
"locale":"en-GB","timezone":"Europe/Rome","location":{"country":"IT","city":"Roma"},"app":{"name":"Shop","version":"2"},"library":{"name":"lib","version":"3"},
"groupId":"g","traits":{"email":"a@b.c"},"device":{"id":"dev","token":"tok","model":"X"},
"externalIds":[{"id":"9","type":"crm","collection":"users","encoding":"none"},{"id":{},"type":"bad"},{"id":"x"}],"custom":{"k":[1]}}}`)
	want := core.Context{
		PageURL: "https://s.test/p?x=1", PagePath: "/p", PageTitle: "T", Referrer: "https://r.test/",
		UTMCampaign: "c", UTMSource: "s", UTMMedium: "m", UTMTerm: "t", UTMContent: "k", IP: "1.2.3.4", UserAgent: m.Context.UserAgent,
		Device: "desktop", OS: "Windows", Browser: "Chrome", Locale: "en-GB", Timezone: "Europe/Rome", Country: "IT", App: "Shop", Library: "lib", Group: "g",
	}
	if m.Context != want || m.Context.UserAgent == "" {
		t.Errorf("got  %+v\nwant %+v", m.Context, want)
	}
	const rest = `{"page":{"search":"?x=1"},"location":{"city":"Roma"},"app":{"version":"2"},"library":{"version":"3"},"device":{"model":"X"},"custom":{"k":[1]}}`
	if string(m.ContextRest) != rest {
		t.Errorf("rest %s", m.ContextRest)
	}
	if string(m.ContextTraits) != `{"email":"a@b.c"}` {
		t.Errorf("traits %s", m.ContextTraits)
	}
	ids := []core.Identifier{{Type: "device_id", Value: "dev"}, {Type: "push_token", Value: "tok"}, {Type: "crm", Value: "9"}}
	if len(m.External) != 3 || m.External[0] != ids[0] || m.External[1] != ids[1] || m.External[2] != ids[2] {
		t.Errorf("external %v", m.External)
	}
}

func TestPageAndCampaignFallbacks(t *testing.T) {
	t.Parallel()
	m := one(t, `{"type":"page","userId":"u","properties":{"url":"https://s.test/a?utm_source=news&utm_campaign=May%20sale#x","path":"/a","title":"A"}}`)
	if m.Context.PagePath != "/a" || m.Context.PageTitle != "A" || m.Context.UTMSource != "news" || m.Context.UTMCampaign != "May sale" {
		t.Errorf("got %+v", m.Context)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		kind         inbox.SourceKind
		policy       inbox.IPPolicy
		context, out string
	}{
		{inbox.Browser, "", `{}`, "203.0.113.77"},
		{inbox.Mobile, "", `{}`, "203.0.113.77"},
		{inbox.Server, "", `{}`, ""},
		{inbox.Server, "", `{"direct":true}`, "203.0.113.77"},
		{inbox.Server, "", `{"ip":"198.51.100.9"}`, "198.51.100.9"},
		{inbox.Browser, inbox.IPTruncate, `{}`, "203.0.113.0"},
		{inbox.Browser, inbox.IPTruncate, `{"ip":"2001:db8:1:2:3::4"}`, "2001:db8:1::"},
		{inbox.Browser, inbox.IPTruncate, `{"ip":"nonsense"}`, ""},
		{inbox.Browser, inbox.IPRemove, `{"ip":"198.51.100.9"}`, ""},
	} {
		m := parse(t, inbox.Request{
			Meta: inbox.Meta{Source: x.kind, IPPolicy: x.policy, IP: "203.0.113.77"},
			Body: []byte(`{"batch":[{"type":"track","event":"e","userId":"u","context":` + x.context + `}]}`),
		}).Messages[0]
		if m.Context.IP != x.out {
			t.Errorf("%+v: got %q", x, m.Context.IP)
		}
	}
}

func TestBots(t *testing.T) {
	t.Parallel()
	for agent, bot := range map[string]bool{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": true,
		"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0":                     true,
		"curl/8.5.0": true,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1": false,
		"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0":                                              false,
	} {
		m := one(t, `{"type":"track","event":"e","userId":"u","context":{"userAgent":"`+agent+`"}}`)
		if got := m.Flags&core.FlagBot != 0; got != bot {
			t.Errorf("%s: bot %v", agent, got)
		}
	}
	m := one(t, `{"type":"track","event":"e","userId":"u","context":{"userAgent":"curl/8.5.0"}}`)
	if string(m.ContextRest) != `{"bot":{"class":"script","evidence":"user agent has curl/"}}` {
		t.Errorf("evidence: %s", m.ContextRest)
	}
	// The header of a server's library says nothing about the customer.
	res := parse(t, inbox.Request{Meta: inbox.Meta{Source: inbox.Server, Agent: "Go-http-client/1.1"}, Body: []byte(`{"batch":[{"type":"track","event":"e","userId":"u"}]}`)})
	if res.Messages[0].Flags&core.FlagBot != 0 {
		t.Error("a server library is not a bot")
	}
}

func TestDirtyTextInProperties(t *testing.T) {
	t.Parallel()
	m := one(t, "{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\",\"properties\":{\"a\":\"x\\u0000y\",\"b\\u0000\":[\"\\ud800\",\"\xff\"],\"n\":1e400,\"z\":{\"q\":1,\"q\":2}}}")
	if want := `{"a":"xy","b":["` + "\uFFFD" + `","` + "\uFFFD" + `"],"n":1e400,"z":{"q":2}}`; string(m.Props) != want {
		t.Errorf("got %q, want %q", m.Props, want)
	}
}
