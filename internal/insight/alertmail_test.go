package insight_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/channel/mail"
	"github.com/ciclo/ciclo/internal/engine/channel/mail/mailtest"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// mailed is a shop whose alerts write letters. Each call of restart is the
// program begun anew.
type mailed struct {
	*shop
	queue *jobs.Queue
	alert insight.Alert
}

func (m *mailed) restart(server string) {
	m.t.Helper()
	m.queue = jobs.New(m.db, m.clock, slog.New(slog.DiscardHandler), jobs.Options{})
	d := insight.Deps{Notify: &pager{}, Jobs: m.queue, PublicURL: "https://ciclo.example.com/",
		Settings: func(context.Context, core.WorkspaceID) (insight.Settings, time.Weekday, error) {
			return insight.Settings{Currency: "EUR", Zone: rome(m.t), LapseDays: 90}, time.Monday, nil
		}}
	if server != "" {
		s, err := mail.Open("smtp://"+server, mail.Options{From: "Ciclo <ciclo@example.com>", Clock: m.clock, Timeout: 5 * time.Second})
		if err != nil {
			m.t.Fatal(err)
		}
		d.Mail = s
	}
	m.with(d)
}

func rome(t testing.TB) *time.Location {
	z, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func newMailed(t *testing.T, d *db.DB, server string, a insight.Alert) *mailed {
	t.Helper()
	m := &mailed{shop: newShop(t, d)}
	m.restart(server)
	a.Watched, a.Rule = insight.Watched{KPI: "orders", Period: "1d"}, insight.Rule{Kind: "threshold", Op: "above", Value: ptr(1.0)}
	m.alert = m.shop.alert(a)
	return m
}

// fire makes the alert fire.
func (m *mailed) fire() {
	m.t.Helper()
	m.append(m.order(1, 0.1, obj{"order_id": "a"}), m.order(1, 0.05, obj{"order_id": "b"}))
	if a := m.check(m.alert.ID); a.State != "firing" {
		m.t.Fatalf("state %s", text(a))
	}
}

// deliver runs what is due after a while.
func (m *mailed) deliver(after time.Duration) {
	m.t.Helper()
	m.clock.Advance(after)
	for {
		n, err := m.queue.Round(context.Background())
		if err != nil {
			m.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// trouble is what the alert says of its letters.
func (m *mailed) trouble() string {
	m.t.Helper()
	a, err := m.Alert(context.Background(), ws, m.alert.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	p, err := m.LetterProblem(context.Background(), ws, &a)
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

// parts reads the subject, the text and the HTML of a letter.
func parts(t *testing.T, l mailtest.Letter) (subject, plain, html string) {
	t.Helper()
	m := l.Message(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	_, params, kerr := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kerr != nil {
		t.Fatal(err, kerr)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, to := range []*string{&plain, &html} {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*to = strings.ReplaceAll(string(raw), "\r\n", "\n")
	}
	return subject, plain, html
}

// TestLetters: one to each address when it fires, one when it is over, in the
// language of the alert.
func TestLetters(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][4]string{
		"en": {"Alert: Orders <b>&", "Upper limit: 1\n", "Period: 1 day\n", "Out of bounds since: 1 Mar 2026 13:00 (Europe/Rome)\n"},
		"it": {"Allerta: Orders <b>&", "Limite superiore: 1\n", "Periodo: 1 giorno\n", "Fuori dai limiti dal: 01.03.2026 13:00 (Europe/Rome)\n"},
		"ro": {"Alertă: Orders <b>&", "Limita de sus: 1\n", "Perioadă: 1 zi\n", "În afara limitelor din: 01.03.2026 13:00 (Europe/Rome)\n"},
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			srv := mailtest.New(t, mailtest.Options{})
			m := newMailed(t, d, srv.Addr, insight.Alert{Name: "Orders <b>&", Emails: []string{"ann@example.com", " Bob@example.com ", "ANN@example.com"}, Language: lang})
			m.fire()
			m.deliver(0)
			got := srv.Letters()
			if len(got) != 2 || m.trouble() != "" || got[0].Message(t).Header.Get("Message-ID") == got[1].Message(t).Header.Get("Message-ID") {
				t.Fatalf("%s: letters %+v, trouble %q", lang, got, m.trouble())
			}
			subject, plain, html := parts(t, got[0])
			if subject != want[0] || !strings.Contains(html, "Orders &lt;b&gt;&amp;</h1>") || !strings.Contains(plain, "https://ciclo.example.com/alerts\n") || !strings.Contains(html, `href="https://ciclo.example.com/alerts"`) {
				t.Errorf("%s: %q\n%s\n%s", lang, subject, plain, html)
			}
			for _, w := range want[1:] {
				if !strings.Contains(plain, w) {
					t.Errorf("%s: no %q in\n%s", lang, w, plain)
				}
			}
			m.check(m.alert.ID)
			m.clock.Advance(25 * time.Hour)
			if a := m.check(m.alert.ID); a.State != "recovered" {
				t.Fatalf("state %s", text(a))
			}
			m.deliver(0)
			if got = srv.Letters(); len(got) != 4 {
				t.Fatalf("%d letters", len(got))
			}
			if _, plain, _ = parts(t, got[2]); !strings.Contains(plain, want[3]) || !strings.Contains(plain, "14:00 (Europe/Rome)") {
				t.Errorf("%s: the end does not say since when:\n%s", lang, plain)
			}
			if err := m.DeleteAlert(context.Background(), ws, m.alert.ID); err != nil {
				t.Fatal(err)
			}
			if list, err := m.queue.List(context.Background(), ws, insight.LetterJob, m.alert.ID, 0, 10); err != nil || len(list) != 0 {
				t.Errorf("letters of a deleted alert: %v %v", list, err)
			}
		})
	}
}

// TestLetterFaults: what may be tried again is, and arrives once; what is refused
// is given up and told; neither keeps another address waiting.
func TestLetterFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		srv := mailtest.New(t, mailtest.Options{})
		tries := map[string]int{}
		srv.Answer(func(_ int, to string) error {
			tries[to]++
			switch {
			case to == "gone@example.com":
				return mailtest.Refuse(550, "no such user")
			case to == "busy@example.com" && tries[to] < 3:
				return mailtest.Refuse(451, "try later")
			}
			return nil
		})
		m := newMailed(t, d, srv.Addr, insight.Alert{Name: "x", Emails: []string{"gone@example.com", "busy@example.com", "fine@example.com"}})
		m.fire()
		m.deliver(0)
		if got := m.trouble(); len(srv.Letters()) != 1 || got != "busy@example.com: the mail server says: 451 4.1.1 try later; gone@example.com: the mail server says: 550 5.1.1 no such user" {
			t.Errorf("%d letters, trouble %q", len(srv.Letters()), got)
		}
		for _, wait := range []time.Duration{time.Minute, 4 * time.Minute, time.Minute, time.Hour, 24 * time.Hour} {
			m.deliver(wait)
		}
		if got := m.trouble(); len(srv.Letters()) != 2 || tries["busy@example.com"] != 3 || tries["gone@example.com"] != 1 || !strings.HasPrefix(got, "gone@") {
			t.Errorf("%d letters after %v, trouble %q", len(srv.Letters()), tries, got)
		}
		// An address that is taken out is no trouble any more.
		if _, err := m.ChangeAlert(context.Background(), ws, m.alert.ID, insight.AlertChange{Emails: &[]string{"fine@example.com"}}); err != nil {
			t.Fatal(err)
		}
		if got := m.trouble(); got != "" {
			t.Errorf("trouble %q", got)
		}
	})
}

// TestLetterRestart: nobody home, then somebody; killed in between. The letter
// keeps its Message-ID.
func TestLetterRestart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		down := mailtest.New(t, mailtest.Options{})
		down.Close()
		m := newMailed(t, d, "", insight.Alert{Name: "x", Emails: []string{"ann@example.com"}})
		m.fire()
		m.deliver(0)
		if got := m.trouble(); got != "ann@example.com: mail is not set up" {
			t.Errorf("trouble %q", got)
		}
		m.restart(down.Addr)
		m.deliver(time.Minute)
		if got := m.trouble(); got != "ann@example.com: the mail server cannot be reached" {
			t.Errorf("trouble %q", got)
		}
		// The server takes it and nobody learns of it: the program dies meanwhile.
		up := mailtest.New(t, mailtest.Options{At: down.Addr})
		up.Drop(true)
		dead, kill := context.WithCancel(context.Background())
		m.clock.Advance(5 * time.Minute)
		up.Answer(func(int, string) error { kill(); return nil })
		if _, err := m.queue.Round(dead); err != nil {
			t.Fatal(err)
		}
		up.Answer(nil)
		up.Drop(false)
		m.restart(up.Addr)
		m.deliver(time.Minute) // the lease holds
		before := len(up.Letters())
		m.deliver(2 * time.Minute)
		got := up.Letters()
		if len(got) != before+1 || m.trouble() != "" {
			t.Fatalf("%d letters, %d before; trouble %q", len(got), before, m.trouble())
		}
		id := got[0].Message(t).Header.Get("Message-ID")
		for _, l := range got {
			if l.Message(t).Header.Get("Message-ID") != id || !strings.HasPrefix(id, "<alert.") || !strings.HasSuffix(id, "@example.com>") {
				t.Errorf("Message-ID %s, then %s", id, l.Message(t).Header.Get("Message-ID"))
			}
		}
		m.deliver(48 * time.Hour)
		if len(up.Letters()) != len(got) {
			t.Error("it was sent once more")
		}
	})
}

// TestLetterGivenUp after a day; one that is over before it could be sent is not
// sent, since the letter of its end says all.
func TestLetterGivenUp(t *testing.T) {
	t.Parallel()
	s := mailtest.New(t, mailtest.Options{})
	s.Answer(func(int, string) error { return mailtest.Refuse(451, "try later") })
	m := newMailed(t, dbtest.SQLite(t), s.Addr, insight.Alert{Name: "x", Emails: []string{"ann@example.com"}})
	m.fire()
	for range 30 {
		m.deliver(time.Hour)
	}
	list, err := m.queue.List(context.Background(), ws, insight.LetterJob, m.alert.ID, 0, 10)
	if err != nil || len(list) != 1 || list[0].State != jobs.Failed || list[0].Attempts != 9 || m.trouble() == "" {
		t.Errorf("%+v %v, trouble %q", list, err, m.trouble())
	}
	s.Answer(nil)
	if err := m.queue.Again(context.Background(), ws, insight.LetterJob, m.alert.ID, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if a := m.check(m.alert.ID); a.State != "recovered" {
		t.Fatalf("state %s", text(a))
	}
	m.deliver(0)
	got := s.Letters()
	if len(got) != 1 {
		t.Fatalf("%d letters", len(got))
	}
	if subject, _, _ := parts(t, got[0]); subject != "Back to normal: x" {
		t.Errorf("told %q", subject)
	}
}

// TestBadEmails are named; names of alerts become no other header or row.
func TestBadEmails(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t, mailtest.Options{})
	m := newMailed(t, dbtest.SQLite(t), srv.Addr, insight.Alert{Name: "Evil\u2028Value: 0 </h1><script>x</script>", Emails: []string{"ann@example.com"}})
	many := []string{}
	for i := range 11 {
		many = append(many, fmt.Sprintf("a%d@example.com", i))
	}
	for _, bad := range [][]string{{"ann"}, {"ann@example.com", "b@x\r\nBcc: eve@evil.test"}, {"Ann <ann@example.com>"}, {""}, many} {
		_, err := m.ChangeAlert(context.Background(), ws, m.alert.ID, insight.AlertChange{Emails: &bad})
		var e *errs.Error
		if !errors.As(err, &e) || e.Field != "emails" || strings.Contains(e.Message, "evil") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	lang := "de"
	if _, err := m.ChangeAlert(context.Background(), ws, m.alert.ID, insight.AlertChange{Language: &lang}); errs.CodeOf(err) != "bad_language" {
		t.Errorf("language: %v", err)
	}
	m.fire()
	m.deliver(0)
	got := srv.Letters()
	if len(got) != 1 {
		t.Fatalf("%d letters, %s", len(got), m.trouble())
	}
	subject, plain, html := parts(t, got[0])
	if strings.Contains(html, "<script") || strings.Contains(subject, "\u2028") || strings.HasPrefix(plain, "Evil\n") || strings.Count(plain, "\nValue: ") != 1 {
		t.Errorf("%q\n%s\n%s", subject, plain, html)
	}
}
