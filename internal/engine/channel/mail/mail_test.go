package mail_test

import (
	"context"
	"errors"
	"mime"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/engine/channel/mail"
	"github.com/ciclo/ciclo/internal/engine/channel/mail/mailtest"
	"github.com/ciclo/ciclo/internal/kit/clock"
)

const from = "Shop <shop@example.com>"

// to gives a sender to a server. user is "name:password@" or "".
func to(t *testing.T, s *mailtest.Server, scheme, user, query string) *mail.Sender {
	t.Helper()
	out, err := mail.Open(scheme+"://"+user+s.Addr+query, mail.Options{From: from, Clock: clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), Timeout: 5 * time.Second, Roots: s.Roots})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func letter() *mail.Message {
	return &mail.Message{To: []string{"ann@example.com"}, Subject: "Vânzări sub limită", Text: "Bună ziua!\nA line.", HTML: "<p>Bună ziua!</p>", ID: "abc123", Automatic: true}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t, mailtest.Options{})
	if err := to(t, srv, "smtp", "", "").Send(context.Background(), letter()); err != nil {
		t.Fatal(err)
	}
	got := srv.Letters()
	if len(got) != 1 || got[0].From != "shop@example.com" || strings.Join(got[0].To, " ") != "ann@example.com" {
		t.Fatalf("taken %+v", got)
	}
	m := got[0].Message(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Vânzări sub limită" || m.Header.Get("Message-ID") != "<abc123@example.com>" || m.Header.Get("Auto-Submitted") != "auto-generated" ||
		m.Header.Get("From") != `"Shop" <shop@example.com>` || m.Header.Get("To") != "<ann@example.com>" || m.Header.Get("Date") != "Sun, 01 Mar 2026 12:00:00 +0000" {
		t.Errorf("header %v, subject %q, %v", m.Header, subject, err)
	}
	kind, _, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" || !strings.Contains(got[0].Raw, "text/plain; charset=UTF-8") || !strings.Contains(got[0].Raw, "text/html; charset=UTF-8") || strings.Contains(got[0].Raw, "go-mail") {
		t.Errorf("%v\n%s", err, got[0].Raw)
	}
}

// TestSafety: passwords go over TLS, or to this machine.
func TestSafety(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opt                 mailtest.Options
		scheme, user, query string
		tls                 bool
		fault               string
	}{
		"plain, this machine":    {opt: mailtest.Options{User: "u", Password: "p@ss"}, scheme: "smtp", user: "u:p%40ss@"},
		"login":                  {opt: mailtest.Options{User: "u", Password: "p", Mechanisms: []string{"LOGIN"}}, scheme: "smtp", user: "u:p@"},
		"starttls":               {opt: mailtest.Options{User: "u", Password: "p", TLS: true}, scheme: "smtp", user: "u:p@", query: "?tls=required", tls: true},
		"starttls, login":        {opt: mailtest.Options{User: "u", Password: "p", TLS: true, Mechanisms: []string{"LOGIN"}}, scheme: "smtp", user: "u:p@", query: "?tls=required", tls: true},
		"from the start":         {opt: mailtest.Options{User: "u", Password: "p", Implicit: true}, scheme: "smtps", user: "u:p@", tls: true},
		"wanted and not offered": {opt: mailtest.Options{User: "u", Password: "p"}, scheme: "smtp", user: "u:p@", query: "?tls=required", fault: "STARTTLS"},
		"wrong password":         {opt: mailtest.Options{User: "u", Password: "p"}, scheme: "smtp", user: "u:wr0ng@", fault: "535 5.7.8 bad user or password"},
		"nobody signs in":        {opt: mailtest.Options{User: "u", Password: "p"}, scheme: "smtp", fault: "the mail server says: 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t, c.opt)
			err := to(t, srv, c.scheme, c.user, c.query).Send(context.Background(), letter())
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) || mail.Permanent(err) || strings.Contains(err.Error(), "wr0ng") || len(srv.Letters()) != 0 {
					t.Errorf("%v, permanent %v", err, mail.Permanent(err))
				}
				return
			}
			if got := srv.Letters(); err != nil || len(got) != 1 || got[0].TLS != c.tls || got[0].User != "u" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	t.Run("certificate of a stranger", func(t *testing.T) {
		t.Parallel()
		srv := mailtest.New(t, mailtest.Options{TLS: true})
		srv.Roots = nil
		err := to(t, srv, "smtp", "", "?tls=required").Send(context.Background(), letter())
		if err == nil || !strings.Contains(err.Error(), "not trusted") || mail.Permanent(err) {
			t.Errorf("%v", err)
		}
	})
}

// TestFaults: what is worth another try.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    error
		permanent bool
		said      string
	}{
		"later":       {mailtest.Refuse(451, "try later"), false, "the mail server says: 451 4.1.1 try later"},
		"closing":     {mailtest.Refuse(421, "closing"), false, "421"},
		"no such":     {mailtest.Refuse(550, "no such user"), true, "the mail server says: 550 5.1.1 no such user"},
		"sign in":     {mailtest.Refuse(530, "sign in first"), false, "530"},
		"long answer": {mailtest.Refuse(550, strings.Repeat("ä ", 400)), true, "550"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t, mailtest.Options{})
			srv.Answer(func(int, string) error { return c.answer })
			err := to(t, srv, "smtp", "", "").Send(context.Background(), letter())
			var e *mail.Error
			if !errors.As(err, &e) || e.Permanent != c.permanent || !strings.Contains(e.Said, c.said) || len(e.Said) > 600 || e.Code == 0 {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestBroken connections: nothing is known, so it may be tried again.
func TestBroken(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t, mailtest.Options{})
	s := to(t, srv, "smtp", "", "")
	srv.Drop(true)
	if err := s.Send(context.Background(), letter()); err == nil || mail.Permanent(err) || len(srv.Letters()) != 1 {
		t.Errorf("broken off: %v", err)
	}
	srv.Close()
	if err := s.Send(context.Background(), letter()); err == nil || mail.Permanent(err) || err.Error() != "the mail server cannot be reached" {
		t.Errorf("nobody there: %v", err)
	}
	// One that accepts and says nothing.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	mute, err := mail.Open("smtp://"+ln.Addr().String(), mail.Options{From: from, Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := mute.Send(context.Background(), letter()); err == nil || mail.Permanent(err) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("mute: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, stop)
	slow := to(t, &mailtest.Server{Addr: ln.Addr().String()}, "smtp", "", "")
	begun := time.Now()
	if err := slow.Send(ctx, letter()); err == nil || mail.Permanent(err) || time.Since(begun) > 3*time.Second {
		t.Errorf("stopped: %v after %v", err, time.Since(begun))
	}
}

// TestHostile: nothing that somebody types becomes a header, or another letter.
func TestHostile(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t, mailtest.Options{})
	s := to(t, srv, "smtp", "", "")
	evil := "Hello\r\nBcc: eve@evil.test\r\n\r\nbody\r\n.\r\nMAIL FROM:<eve@evil.test>\u2028\x00<b>"
	m := &mail.Message{To: []string{"ann@example.com"}, Subject: evil, Text: "a\r\n.\r\nQUIT\r\n" + evil, ID: "x>\r\nX-Evil: 1\r\n<y@z"}
	if err := s.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	got := srv.Letters()
	if len(got) != 1 || len(got[0].To) != 1 {
		t.Fatalf("taken %+v", got)
	}
	h := got[0].Message(t).Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || h.Get("Bcc") != "" || h.Get("X-Evil") != "" || strings.ContainsAny(subject, "\r\n\x00\u2028") || !strings.HasPrefix(subject, "Hello Bcc: eve@evil.test") {
		t.Errorf("header %v, subject %q, %v", h, subject, err)
	}
	for _, a := range []string{"ann@example.com\r\nRCPT TO:<eve@evil.test>", "Ann <ann@example.com>", "ann@example.com, eve@evil.test", "ann", "@", "ann@", "@example.com", "ann@exa mple.com", "änn@example.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b", 260), "", "ann@example.com>", `"a b"@example.com`} {
		if mail.IsAddress(a) {
			t.Errorf("%q is taken for an address", a)
		}
		if err := s.Send(context.Background(), &mail.Message{To: []string{a}, Text: "x"}); !mail.Permanent(err) {
			t.Errorf("to %q: %v", a, err)
		}
	}
	for _, a := range []string{"ann@example.com", "a.b+c@sub.example.co.uk", "root@localhost", "o'neil@example.com"} {
		if !mail.IsAddress(a) {
			t.Errorf("%q is not taken for an address", a)
		}
	}
	if len(srv.Letters()) != 1 {
		t.Errorf("%d letters", len(srv.Letters()))
	}
	named, err := mail.Open("smtp://"+srv.Addr, mail.Options{From: "\"Shop\\\" Bcc: x\" <shop@example.com>"})
	if err != nil {
		t.Fatal(err)
	}
	if err := named.Send(context.Background(), letter()); err != nil {
		t.Fatal(err)
	}
	last := srv.Letters()[1].Message(t)
	if a, err := netmail.ParseAddress(last.Header.Get("From")); err != nil || a.Address != "shop@example.com" || last.Header.Get("Bcc") != "" {
		t.Errorf("from %v, %v", a, err)
	}
}

// TestSettings that are bad are named, and their password is not.
func TestSettings(t *testing.T) {
	t.Parallel()
	for url, field := range map[string]string{
		"smtp://u:s3cret@host:587": "", "smtps://host": "", "smtp://u:s3cret@[::1]:25": "", "smtp://host?tls=off": "",
		"u:s3cret@host": "smtp", "http://u:s3cret@host": "smtp", "smtp://u:s3cret@:587": "smtp", "smtp://u:s3/cret@host": "smtp", "smtp://u:s3cret@host:99999": "smtp",
		"smtp://u:s3cret@host:x": "smtp", "smtp://u:s3cret%@host": "smtp", "smtp://:s3cret@host": "smtp", "smtp://u:s3cret@host?tls=maybe": "smtp",
		"smtp://u:s3cret@host?starttls=1": "smtp", "smtps://host?tls=off": "smtp", "smtp://u:s3#cret@host": "smtp", "": "smtp",
	} {
		_, err := mail.Open(url, mail.Options{From: from})
		var e *mail.FieldError
		switch {
		case field == "" && err != nil, field != "" && (!errors.As(err, &e) || e.Field != field):
			t.Errorf("%s: %v", url, err)
		case err != nil && (strings.Contains(err.Error(), "cret@") || strings.Contains(err.Error(), "s3c")):
			t.Errorf("%s: the password is told: %v", url, err)
		}
	}
	for _, bad := range []string{"", "shop", "Shop <shop>", "a@b.c, d@e.f"} {
		_, err := mail.Open("smtp://localhost", mail.Options{From: bad})
		var e *mail.FieldError
		if !errors.As(err, &e) || e.Field != "mail-from" {
			t.Errorf("from %q: %v", bad, err)
		}
	}
	s, err := mail.Open("smtp://u:s3cret@mail.example.com", mail.Options{From: from})
	if err != nil || s.Server() != "mail.example.com:587" || s.From() != "shop@example.com" {
		t.Errorf("%v %v", s, err)
	}
}
