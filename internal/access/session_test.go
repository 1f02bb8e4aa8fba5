package access_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		tok, p := r.signIn(" OWNER@ours.test")
		if p.Workspace != r.ws || p.UserID != 1 || p.Role != access.Owner || p.Locale != "ro" || p.Label() != "owner@ours.test" || len(p.CSRF) < 40 || len(tok) < 40 {
			r.t.Errorf("principal %+v", p)
		}
		again, err := r.Session(r.ctx, tok)
		r.ok(err)
		if *again != *p && (again.UserID != p.UserID || again.CSRF != p.CSRF || again.Role != p.Role) {
			r.t.Errorf("session of %+v, signed in %+v", again, p)
		}
		second, q := r.signIn("owner@ours.test")
		if second == tok || q.CSRF == p.CSRF {
			r.t.Error("two sessions share a token")
		}
		// Of a token only its hash is stored.
		for _, h := range r.texts("SELECT hash FROM sessions") {
			if len(h) != 64 || strings.Contains(h, tok) || h == tok {
				r.t.Errorf("session stored as %s", h)
			}
		}
		for _, bad := range []string{"", "x", tok + "x", tok[1:], strings.ToUpper(tok)} {
			_, err := r.Session(r.ctx, bad)
			r.refused("signed_out", err)
		}
		_, _, err = r.SignIn(r.ctx, "owner@ours.test", password+" ", "192.0.2.1")
		r.refused("wrong_credentials", err)
		_, _, unknown := r.SignIn(r.ctx, "nobody@ours.test", password, "192.0.2.1")
		r.refused("wrong_credentials", unknown)
		if unknown.Error() != err.Error() {
			r.t.Error("the refusal tells whether the address is known")
		}
	})
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		tok, _ := r.signIn("owner@ours.test")
		other, _ := r.signIn("owner@ours.test")
		r.ok(r.SignOut(r.ctx, tok))
		_, err := r.Session(r.ctx, tok)
		r.refused("signed_out", err)
		r.clock.Advance(access.SessionTTL - time.Microsecond)
		_, err = r.Session(r.ctx, other)
		r.ok(err)
		r.clock.Advance(time.Microsecond)
		_, err = r.Session(r.ctx, other)
		r.refused("signed_out", err)
		r.signIn("owner@ours.test") // clears what has expired
		if n := len(r.texts("SELECT hash FROM sessions")); n != 1 {
			r.t.Errorf("%d sessions are stored", n)
		}

		id := r.user(r.ws, "two@ours.test", access.Admin)
		tok, _ = r.signIn("two@ours.test")
		r.ok(r.UpdateUser(r.ctx, r.ws, id, ptr(access.Analyst), nil))
		p, err := r.Session(r.ctx, tok)
		r.ok(err)
		if p.Role != access.Analyst {
			r.t.Errorf("a session keeps the role %s", p.Role)
		}
		r.ok(r.UpdateUser(r.ctx, r.ws, id, nil, ptr(true)))
		_, err = r.Session(r.ctx, tok)
		r.refused("signed_out", err)
		_, _, err = r.SignIn(r.ctx, "two@ours.test", password, "192.0.2.1")
		r.refused("wrong_credentials", err)
		r.ok(r.UpdateUser(r.ctx, r.ws, id, nil, ptr(false)))
		_, err = r.Session(r.ctx, tok)
		r.refused("signed_out", err) // enabled again, the old session stays over
	})
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		mine, p := r.signIn("owner@ours.test")
		other, _ := r.signIn("owner@ours.test")
		change := func(current, next string) error {
			return r.ChangePassword(r.ctx, p, current, next, mine, "192.0.2.7")
		}
		r.refused("wrong_password", change("not this one", "another password"))
		r.refused("weak_password", change(password, "short"))
		r.ok(change(password, "another password"))
		_, err := r.Session(r.ctx, mine)
		r.ok(err)
		_, err = r.Session(r.ctx, other)
		r.refused("signed_out", err)
		_, _, err = r.SignIn(r.ctx, "owner@ours.test", password, "192.0.2.1")
		r.refused("wrong_credentials", err)
		_, _, err = r.SignIn(r.ctx, "owner@ours.test", "another password", "192.0.2.1")
		r.ok(err)
		r.ok(r.SetPassword(r.ctx, 1, password, ""))
		_, err = r.Session(r.ctx, mine)
		r.refused("signed_out", err)
		r.refused("unknown_user", r.SetPassword(r.ctx, 99, password, ""))
		// Guessing the current password is slowed as sign-in is.
		for range 5 {
			err = change("not this one", "another password")
		}
		r.refused("too_many_attempts", change(password, "another password"))
		key := &access.Principal{Workspace: r.ws, KeyID: 1, Role: access.Owner}
		r.refused("user_needed", r.ChangePassword(r.ctx, key, password, "another password", "", ""))
		r.refused("user_needed", r.UpdateMe(r.ctx, key, ptr("x"), nil))
	})
}

func TestUpdateMe(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		tok, p := r.signIn("owner@ours.test")
		r.ok(r.UpdateMe(r.ctx, p, ptr("New Name"), nil))
		r.ok(r.UpdateMe(r.ctx, p, nil, ptr("it")))
		r.refused("unknown_locale", r.UpdateMe(r.ctx, p, nil, ptr("xx")))
		r.refused("bad_name", r.UpdateMe(r.ctx, p, ptr("a\nb"), nil))
		again, err := r.Session(r.ctx, tok)
		r.ok(err)
		if again.Name != "New Name" || again.Locale != "it" || p.Name != "New Name" || p.Locale != "it" {
			r.t.Errorf("stored %+v, given %+v", again, p)
		}
	})
}

// TestGuessing slows down who guesses, and nobody else.
func TestGuessing(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		guess := func(email, address string) error {
			_, _, err := r.SignIn(r.ctx, email, "not the password", address)
			return err
		}
		for range 5 {
			r.refused("wrong_credentials", guess("owner@ours.test", "203.0.113.9"))
		}
		r.refused("too_many_attempts", guess("owner@ours.test", "203.0.113.9"))
		_, _, err := r.SignIn(r.ctx, "owner@ours.test", password, "203.0.113.9")
		r.refused("too_many_attempts", err) // the right password is not looked at
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Busy {
			r.t.Errorf("kind of %v", err)
		}
		// The owner comes in from elsewhere.
		_, _, err = r.SignIn(r.ctx, "owner@ours.test", password, "198.51.100.1")
		r.ok(err)
		// Each further failure doubles the wait.
		r.clock.Advance(time.Second)
		r.refused("wrong_credentials", guess("owner@ours.test", "203.0.113.9"))
		r.clock.Advance(time.Second)
		r.refused("too_many_attempts", guess("owner@ours.test", "203.0.113.9"))
		r.clock.Advance(time.Second)
		_, _, err = r.SignIn(r.ctx, "owner@ours.test", password, "203.0.113.9")
		r.ok(err)
		for range 5 { // forgiven
			r.refused("wrong_credentials", guess("owner@ours.test", "203.0.113.9"))
		}
	})
}

// TestGuessingAtManyAddresses bounds one caller over all e-mail addresses, and
// all addresses of one IPv6 network together.
func TestGuessingAtManyAddresses(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		codes := map[string]int{}
		for i := range 40 {
			_, _, err := r.SignIn(r.ctx, fmt.Sprintf("u%d@ours.test", i), "not the password", fmt.Sprintf("2001:db8:0:1::%x", i+1))
			codes[errs.CodeOf(err)]++
		}
		if codes["wrong_credentials"] != 30 || codes["too_many_attempts"] != 10 {
			r.t.Errorf("answers %v", codes)
		}
		_, _, err := r.SignIn(r.ctx, "u1@ours.test", "not the password", "2001:db8:0:2::1")
		r.refused("wrong_credentials", err)
	})
}

// TestGuessingAtOnce sends guesses together: no more are looked at than one
// after the other.
func TestGuessingAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		codes := map[string]int{}
		for range 30 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, _, err := r.SignIn(r.ctx, "owner@ours.test", "not the password", "203.0.113.9")
				mu.Lock()
				defer mu.Unlock()
				codes[errs.CodeOf(err)]++
			}()
		}
		wg.Wait()
		if codes["wrong_credentials"] != 5 || codes["too_many_attempts"] != 25 {
			r.t.Errorf("answers %v", codes)
		}
	})
}
