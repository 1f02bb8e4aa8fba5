package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/kit/httpx"
)

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	called := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer srv.Close()
	c := httpx.New(false, time.Second)
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]"} {
		if _, err := c.Post(context.Background(), "http://"+host+port+"/", nil, nil); !errors.Is(err, httpx.ErrPrivate) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if called {
		t.Error("a private address was called")
	}
	for _, bad := range []string{"", "x", "ftp://example.com", "http://", "http://user:pw@example.com", "https://example.com/#x", "file:///etc/passwd", "http://[::1"} {
		if c.CheckURL(bad) == nil {
			t.Errorf("%q passes as an address", bad)
		}
	}
	if err := c.CheckURL("https://example.com/hook?x=1"); err != nil {
		t.Error(err)
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/slow":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte(r.Header.Get("X-A") + string(body) + strings.Repeat("z", 5000)))
		}
	}))
	defer srv.Close()
	c := httpx.New(true, time.Second)
	a, err := c.Post(context.Background(), srv.URL, map[string]string{"X-A": "a"}, []byte("b"))
	if err != nil || a.Status != 200 || !strings.HasPrefix(a.Body, "abz") || len(a.Body) != 1000 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = c.Post(context.Background(), srv.URL+"/away", nil, nil); err != nil || a.Status != 302 {
		t.Errorf("a redirect is not followed: %+v, %v", a, err)
	}
	if a, err = c.Post(context.Background(), srv.URL+"/slow", nil, nil); err != nil || a.Retry != 2*time.Minute {
		t.Errorf("%+v, %v", a, err)
	}
}
