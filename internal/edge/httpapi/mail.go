package httpapi

import (
	"context"

	"github.com/ciclo/ciclo/internal/access"
)

// MailState says whether mail can be sent.
type MailState struct {
	Ready  bool
	From   string
	Server string // without user and password
}

// Mail tells whether mail is set up, and sends a test to the one who asks.
type Mail interface {
	State() MailState
	Test(ctx context.Context, p *access.Principal) error
}

type mailOut struct {
	Ready  bool   `json:"ready" doc:"Whether a mail server is set up (--smtp, --mail-from)"`
	From   string `json:"from,omitempty" doc:"Whom letters come from"`
	Server string `json:"server,omitempty" doc:"Host and port; for those who may change settings"`
}

type mailTested struct {
	To string `json:"to" doc:"One's own address: the server took the letter"`
}

func (a *API) mailRoutes() {
	const tag = "settings"
	handle(a, route{method: "GET", path: "/settings/mail", summary: "Whether mail is set up", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, _ *None) (*Body[mailOut], error) {
			s := a.Mail.State()
			out := mailOut{Ready: s.Ready, From: s.From}
			if p.Role.Can(access.Settings) {
				out.Server = s.Server
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/settings/mail/test", summary: "Send a test letter to oneself; a failure carries the server's answer", perm: access.Settings, audit: "settings.mail.test", tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[mailTested], error) {
			if err := a.Mail.Test(ctx, p); err != nil {
				return nil, err
			}
			return body(mailTested{p.Email})
		})
}
