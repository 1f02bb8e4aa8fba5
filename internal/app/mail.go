package app

import (
	"context"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/engine/channel/mail"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"golang.org/x/time/rate"
)

// openMail reads the settings of the mail server; nil when there are none.
func (a *App) openMail() (*mail.Sender, error) {
	if a.Config.SMTP == "" {
		return nil, nil
	}
	return mail.Open(a.Config.SMTP, mail.Options{From: a.Config.MailFrom, Clock: a.Clock, Timeout: 20 * time.Second})
}

// post lets the API tell whether mail is set up, and try it.
type post struct {
	mail  *mail.Sender // nil: not set up
	clock clock.Clock
	mu    sync.Mutex
	tests map[core.WorkspaceID]*rate.Limiter
}

func newPost(s *mail.Sender, c clock.Clock) *post {
	return &post{mail: s, clock: c, tests: map[core.WorkspaceID]*rate.Limiter{}}
}

// mailer is what rooms send with; nil when mail is not set up.
func (p *post) mailer() insight.Mailer {
	if p.mail == nil {
		return nil
	}
	return p.mail
}

// State tells whom letters come from and who takes them.
func (p *post) State() httpapi.MailState {
	if p.mail == nil {
		return httpapi.MailState{}
	}
	return httpapi.MailState{Ready: true, From: p.mail.From(), Server: p.mail.Server()}
}

// Test sends a letter to the one who asks.
func (p *post) Test(ctx context.Context, who *access.Principal) error {
	switch {
	case p.mail == nil:
		return errs.New(errs.Conflict, "mail_not_set_up", "mail is not set up: start Ciclo with --smtp and --mail-from")
	case who.Email == "":
		return errs.New(errs.Conflict, "no_address", "an API key has no address: sign in to get a test letter")
	case !mail.IsAddress(who.Email):
		return errs.New(errs.Conflict, "bad_address", "no mail server takes your address")
	case !p.allow(who.Workspace):
		return errs.New(errs.Busy, "too_many_tests", "three letters were tried just now: try again in a minute")
	}
	words := map[string][2]string{
		"en": {"Test letter of Ciclo", "Mail is set up: this letter was sent from the settings."},
		"it": {"Messaggio di prova di Ciclo", "La posta è configurata: questo messaggio è stato inviato dalle impostazioni."},
		"ro": {"Mesaj de probă de la Ciclo", "E-mailul este configurat: acest mesaj a fost trimis din setări."},
	}
	say, ok := words[who.Locale]
	if !ok {
		say = words["en"]
	}
	err := p.mail.Send(ctx, &mail.Message{To: []string{who.Email}, Subject: say[0], Text: say[1] + "\n", Automatic: true})
	if err != nil {
		return errs.New(errs.Unprocessable, "mail_failed", "%v", err)
	}
	return nil
}

// allow lets three tests of a workspace through, then one every 20 seconds.
func (p *post) allow(ws core.WorkspaceID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tests[ws] == nil {
		p.tests[ws] = rate.NewLimiter(rate.Every(20*time.Second), 3)
	}
	return p.tests[ws].AllowN(p.clock.Now(), 1)
}
