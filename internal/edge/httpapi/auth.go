package httpapi

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

const cookieName = "ciclo_session"

// authenticate finds out who calls: a bearer key, or a session cookie whose
// unsafe requests repeat the CSRF token. No credentials give nil.
func (a *API) authenticate(r *http.Request) (*access.Principal, error) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		scheme, secret, _ := strings.Cut(auth, " ")
		if !strings.EqualFold(scheme, "bearer") {
			return nil, errs.New(errs.Unauthorized, "bad_authorization", "the Authorization header must be: Bearer <API key>")
		}
		return a.Access.Key(r.Context(), strings.TrimSpace(secret))
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil, nil
	}
	p, err := a.Access.Session(r.Context(), c.Value)
	if err != nil {
		if errs.KindOf(err) == errs.Unauthorized {
			return nil, nil
		}
		return nil, err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return p, nil
	}
	if opensSession(r) {
		return p, nil
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-CSRF-Token")), []byte(p.CSRF)) != 1 {
		return nil, errs.New(errs.Forbidden, "csrf_token", "the X-CSRF-Token header is missing or not that of this session")
	}
	return p, nil
}

func opensSession(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == Prefix+"/session" || r.URL.Path == Prefix+"/setup")
}

func allow(c *call, perm access.Permission) error {
	if c == nil || c.principal == nil {
		return errs.New(errs.Unauthorized, "signed_out", "sign in, or send an API key as bearer token")
	}
	if perm != "" && !c.principal.Role.Can(perm) {
		return errs.New(errs.Forbidden, "permission_denied", "the role %s does not have the permission %s", c.principal.Role, perm)
	}
	return nil
}

// address is the caller's address: the nearest one in X-Forwarded-For that is
// not a trusted proxy, provided the peer itself is one.
func (a *API) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	peer = peer.Unmap().WithZone("")
	if !a.trusts(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what lies behind is nobody's word
		}
		if peer = ip.Unmap().WithZone(""); !a.trusts(peer) {
			break
		}
	}
	return peer.String()
}

func (a *API) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func (a *API) sessionCookie(r *http.Request, tok string, ttl time.Duration) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: tok, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(ttl.Seconds()),
		Secure: a.Secure || r.TLS != nil}
	if tok == "" {
		c.MaxAge = -1
	}
	return c
}

// mayGrant keeps an admin from making owners.
func mayGrant(p *access.Principal, role access.Role) error {
	if role == access.Owner && p.Role != access.Owner {
		return errs.New(errs.Forbidden, "permission_denied", "only an owner can make an owner")
	}
	return nil
}

// mayTouch keeps an admin from changing owners.
func (a *API) mayTouch(ctx context.Context, p *access.Principal, user int64) error {
	if p.Role == access.Owner {
		return nil
	}
	list, err := a.Access.Users(ctx, p.Workspace)
	if err != nil {
		return err
	}
	for _, u := range list {
		if u.ID == user && u.Role == access.Owner {
			return errs.New(errs.Forbidden, "permission_denied", "only an owner can change an owner")
		}
	}
	return nil
}
