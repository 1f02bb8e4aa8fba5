package collect_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

// TestFirstLetters checks the short paths of browser libraries.
func TestFirstLetters(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for letter, want := range map[string]core.Kind{"t": core.KindTrack, "i": core.KindIdentify, "p": core.KindPage, "s": core.KindScreen, "g": core.KindGroup, "a": core.KindAlias} {
		s.call("POST", "/v1/"+letter, []byte(`{"type":"bogus","userId":"u","event":"e","previousId":"p","groupId":"g"}`), append(s.basic(), "Content-Type", "text/plain")...)
		if got := s.drain(); len(got) != 1 || got[0].Kind != want {
			t.Errorf("/v1/%s: got %+v", letter, got)
		}
	}
	if res, _ := s.call("POST", "/track", []byte(track), s.basic()...); res.StatusCode != http.StatusNotFound {
		t.Errorf("/track: %d", res.StatusCode)
	}
}

// TestFirstKeyWins puts the right key into each place in turn, with wrong ones
// behind it, then with a wrong one before it.
func TestFirstKeyWins(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	send := func(keys [4]string) int {
		var headers []string
		if keys[0] != "" {
			headers = append(headers, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(keys[0]+":pass")))
		}
		if keys[1] != "" {
			headers = append(headers, "X-Write-Key", keys[1]+":secret")
		}
		path := "/v1/batch"
		if keys[2] != "" {
			path += "?WriteKEY=" + keys[2]
		}
		res, _ := s.call("POST", path, []byte(`{"batch":[`+track+`],"writeKey":"`+keys[3]+`"}`), headers...)
		return res.StatusCode
	}
	for i := range 4 {
		var keys [4]string
		for j := i + 1; j < 4; j++ {
			keys[j] = "wrong"
		}
		keys[i] = s.key
		if got := send(keys); got != http.StatusOK {
			t.Errorf("place %d: %d", i, got)
		}
		if i > 0 {
			keys[i-1] = "wrong"
			if got := send(keys); got != http.StatusUnauthorized {
				t.Errorf("a wrong key before place %d: %d", i, got)
			}
		}
	}
	if got := send([4]string{s.key, s.key, s.key, s.key}); got != http.StatusOK {
		t.Errorf("four times the same: %d", got)
	}
	s.drain()
	list, err := s.inbox.ListSources(context.Background(), space)
	if err != nil || list[0].Counts[inbox.CountKeyMismatch] != 3 {
		t.Errorf("counts %v, %v: want 3 requests with a second key", list[0].Counts, err)
	}
}

// TestNeverTheseStatuses sends all sorts of requests to all paths and checks
// that no answer makes a client drop or lose events.
func TestNeverTheseStatuses(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	paths := []string{"/v1/track", "/v1/batch/", "//v1/batch", "/v1/./batch", "/beacon/v1/batch", "/api/s/s2s/page", "/v1/m", "/pixel/v1/track", "/sourceConfig/", "/v1/projects/x/settings", "/v1/projects//settings"}
	bodies := []string{"", "{", "[]", "null", `{"batch":[]}`, `{"batch":{}}`, "\x1f\x8b", strings.Repeat("[", 100_000), `{"batch":[` + track + `]}`}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
		for _, path := range paths {
			for i, body := range bodies {
				for _, headers := range [][]string{nil, s.basic(), {"Authorization", "Bearer x"}, {"Authorization", "Basic ???"}} {
					res, _ := s.call(method, path, []byte(body), headers...)
					code := res.StatusCode
					if code >= 300 && code < 400 || code == 403 || code >= 500 {
						t.Errorf("%s %s body %d %v: %d", method, path, i, headers, code)
					}
				}
			}
		}
	}
}

// TestBotsPassTheDoor checks that a program's events are accepted and marked,
// with the caller's network found although the policy removes the address.
func TestBotsPassTheDoor(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for i, x := range []struct {
		agent, ip, context string
		class              string
	}{
		{"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "203.0.113.9", `{}`, ""},
		{"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0", "203.0.113.9", `{}`, "headless"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "66.249.66.3", `{}`, "crawler"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "203.0.113.9", `{"webdriver":true}`, "headless"},
	} {
		body := fmt.Sprintf(`{"batch":[{"type":"page","anonymousId":"a","messageId":"%d","context":%s}]}`, i, x.context)
		res, text := s.call("POST", "/v1/batch", []byte(body), append(s.basic(), "User-Agent", x.agent, "X-Forwarded-For", x.ip, "X-IP-Policy", "remove")...)
		if res.StatusCode != http.StatusOK || !strings.Contains(text, `"accepted":1`) {
			t.Errorf("%+v: %d %s", x, res.StatusCode, text)
		}
		got := s.drain()
		if len(got) != 1 || (got[0].Flags&core.FlagBot != 0) != (x.class != "") || got[0].Context.IP != "" ||
			x.class != "" && !strings.Contains(string(got[0].ContextRest), `"class":"`+x.class+`"`) {
			t.Errorf("%+v: got %+v, rest %s", x, got, got[0].ContextRest)
		}
	}
}
