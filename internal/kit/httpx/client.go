// Package httpx makes the program's own calls to addresses that users name. By
// default it refuses addresses that are not public, so that nobody reaches the
// operator's inner network through the server.
package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Client makes calls. It is safe for concurrent use.
type Client struct {
	private bool
	http    *http.Client
}

// New makes a Client; private allows addresses that are not public.
func New(private bool, timeout time.Duration) *Client {
	c := &Client{private: private}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: c.admit}
	c.http = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: timeout,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true},
		// A redirect would take a signed body to an address nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// ErrPrivate says that an address is not public.
var ErrPrivate = errors.New("the address is not public")

// admit looks at the address that a name was resolved to, right before the
// connection is made: what DNS says later no longer matters.
func (c *Client) admit(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !c.private && !public(ap.Addr().Unmap()) {
		return ErrPrivate
	}
	return nil
}

// public says whether an address is one of the open internet (RFC 6890 lists
// those that are not).
func public(a netip.Addr) bool {
	if !a.IsValid() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsMulticast() || a.IsUnspecified() || a.IsInterfaceLocalMulticast() {
		return false
	}
	for _, p := range special() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func special() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// CheckURL says what is wrong with an address to call.
func (c *Client) CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errs.Say("must be an address such as https://example.com/hook")
	case u.Scheme != "https" && u.Scheme != "http":
		return errs.Say("must begin with https:// or http://")
	case u.User != nil:
		return errs.Say("must not hold a user name or password: the signature tells who calls")
	case u.Fragment != "":
		return errs.Say("must not hold a fragment")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !c.private && !public(a.Unmap()) {
		return ErrPrivate
	}
	return nil
}

// Answer is what a call brought.
type Answer struct {
	Status int
	Body   string        // its first bytes, for a log
	Retry  time.Duration // what Retry-After asks for; 0 = nothing
}

// maxAnswer is how much of an answer is kept.
const maxAnswer = 1000

// Post sends a body.
func (c *Client) Post(ctx context.Context, address string, headers map[string]string, body []byte) (*Answer, error) {
	if err := c.CheckURL(address); err != nil {
		return nil, fmt.Errorf("call %s: %w", address, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", address, err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call failed: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	head, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer)) // what was read is enough for a log
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	a := &Answer{Status: res.StatusCode, Body: string(head)}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		a.Retry = time.Duration(n) * time.Second
	}
	return a, nil
}
