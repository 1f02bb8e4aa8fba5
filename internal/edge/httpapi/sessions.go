package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

type userInfo struct {
	ID     int64       `json:"id"`
	Email  string      `json:"email"`
	Name   string      `json:"name"`
	Role   access.Role `json:"role"`
	Locale string      `json:"locale"`
}

type workspaceInfo struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	TimeZone   string `json:"time_zone"`
	Currency   string `json:"currency"`
	WeekStart  int    `json:"week_start" doc:"1 Monday, 7 Sunday"`
	LapseDays  int    `json:"lapse_days"`
	RefundDate string `json:"refund_date" enum:"refund,order" doc:"On which date refunds count"`
	// BackupRetentionDays is how long the operator keeps backups.
	BackupRetentionDays int `json:"backup_retention_days" doc:"After how many days a backup is to be deleted: receipts of erasures tell the day"`
	// Staff are the workspace's own people.
	Staff []string `json:"staff" doc:"E-mail addresses, or what follows the @ (@shop.it): customers with such an address count in no chart and no KPI"`
}

// SessionInfo says who is signed in.
type SessionInfo struct {
	User      userInfo      `json:"user"`
	Workspace workspaceInfo `json:"workspace"`
	CSRFToken string        `json:"csrf_token"`
}

type sessionOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      SessionInfo
}

func workspaceShape(w access.Workspace) workspaceInfo {
	refund := w.Settings.RefundDate
	if refund == "" {
		refund = "refund"
	}
	return workspaceInfo{int64(w.ID), w.Name, w.TimeZone, w.Currency, w.WeekStart, w.Settings.Lapse(), refund, w.Settings.BackupRetention(), append([]string{}, w.Settings.Staff...)}
}

func (a *API) info(ctx context.Context, p *access.Principal) (SessionInfo, error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return SessionInfo{}, err
	}
	return SessionInfo{userInfo{p.UserID, p.Email, p.Name, p.Role, p.Locale}, workspaceShape(w), p.CSRF}, nil
}

// signIn opens a session and ends the one that the browser had: a token that
// somebody planted there opens nothing afterwards.
func (a *API) signIn(ctx context.Context, email, password, action string) (*sessionOut, error) {
	c := callOf(ctx)
	tok, p, err := a.Access.SignIn(ctx, email, password, c.address)
	if err != nil {
		return nil, err
	}
	if old, err := c.r.Cookie(cookieName); err == nil {
		if err := a.Access.SignOut(ctx, old.Value); err != nil {
			return nil, err
		}
	}
	if err := a.audit(c, p, action); err != nil {
		return nil, err
	}
	out := &sessionOut{SetCookie: *a.sessionCookie(c.r, tok, access.SessionTTL)}
	out.Body, err = a.info(ctx, p)
	return out, err
}

type setupIn struct {
	Body struct {
		Email         string `json:"email" maxLength:"320"`
		Password      string `json:"password" maxLength:"1000"`
		Name          string `json:"name,omitempty" maxLength:"200"`
		WorkspaceName string `json:"workspace_name" maxLength:"200"`
		TimeZone      string `json:"time_zone" maxLength:"64"`
		Currency      string `json:"currency" maxLength:"3"`
		Locale        string `json:"locale,omitempty" maxLength:"5"`
		SourceKind    string `json:"source_kind,omitempty" enum:"browser,server,mobile"`
	}
}

type setupOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		WriteKey string `json:"write_key" doc:"Shown this once"`
		SessionInfo
	}
}

func (a *API) sessions() {
	handle(a, route{method: "GET", path: "/setup", summary: "Whether the first-run page is needed", open: true, tag: "session"},
		func(ctx context.Context, _ *access.Principal, _ *None) (*Body[struct {
			Needed bool `json:"needed"`
		}], error) {
			needed, err := a.Access.NeedsSetup(ctx)
			if err != nil {
				return nil, err
			}
			return body(struct {
				Needed bool `json:"needed"`
			}{needed})
		})
	handle(a, route{method: "POST", path: "/setup", summary: "Make the owner, the workspace and the first write key", open: true, tag: "session"}, a.setup)
	handle(a, route{method: "POST", path: "/session", summary: "Sign in", open: true, tag: "session"},
		func(ctx context.Context, _ *access.Principal, in *struct {
			Body struct {
				Email    string `json:"email" maxLength:"320"`
				Password string `json:"password" maxLength:"1000"`
			}
		}) (*sessionOut, error) {
			return a.signIn(ctx, in.Body.Email, in.Body.Password, "session.create")
		})
	handle(a, route{method: "GET", path: "/session", summary: "Who is signed in", tag: "session"},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[SessionInfo], error) {
			i, err := a.info(ctx, p)
			if err != nil {
				return nil, err
			}
			return body(i)
		})
	handle(a, route{method: "DELETE", path: "/session", summary: "Sign out", open: true, audit: "session.delete", status: http.StatusNoContent, tag: "session"},
		func(ctx context.Context, _ *access.Principal, _ *None) (*struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
		}, error) {
			r := callOf(ctx).r
			if c, err := r.Cookie(cookieName); err == nil {
				if err := a.Access.SignOut(ctx, c.Value); err != nil {
					return nil, err
				}
			}
			return &struct {
				SetCookie http.Cookie `header:"Set-Cookie"`
			}{*a.sessionCookie(r, "", 0)}, nil
		})
	handle(a, route{method: "PATCH", path: "/me", summary: "Change one's own name and language", audit: "me.update", tag: "session"},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Name   *string `json:"name,omitempty" maxLength:"200"`
				Locale *string `json:"locale,omitempty" enum:"en,it,ro"`
			}
		}) (*Body[SessionInfo], error) {
			if err := a.Access.UpdateMe(ctx, p, in.Body.Name, in.Body.Locale); err != nil {
				return nil, err
			}
			i, err := a.info(ctx, p)
			if err != nil {
				return nil, err
			}
			return body(i)
		})
	handle(a, route{method: "POST", path: "/me/password", summary: "Change one's own password", status: http.StatusNoContent, audit: "password.change", tag: "session"},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Current string `json:"current" maxLength:"1000"`
				New     string `json:"new" maxLength:"1000"`
			}
		}) (*None, error) {
			keep := ""
			if c, err := callOf(ctx).r.Cookie(cookieName); err == nil {
				keep = c.Value
			}
			return nil, a.Access.ChangePassword(ctx, p, in.Body.Current, in.Body.New, keep, callOf(ctx).address)
		})
}

func (a *API) setup(ctx context.Context, _ *access.Principal, in *setupIn) (*setupOut, error) {
	b := &in.Body
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: b.WorkspaceName, TimeZone: b.TimeZone, Currency: b.Currency},
		access.NewUser{Email: b.Email, Name: b.Name, Password: b.Password, Locale: b.Locale})
	if err != nil {
		return nil, err
	}
	if err := a.Loaded(ctx, ws); err != nil {
		return nil, err
	}
	def, err := lifecycle.FromTemplateIn("sterne_cutler", b.Locale)
	if err != nil {
		return nil, err
	}
	if _, err := a.Lifecycle.Create(ctx, ws, def, "sterne_cutler", b.Email); err != nil {
		return nil, err
	}
	kind := inbox.SourceKind(b.SourceKind)
	if kind == "" {
		kind = inbox.Browser
	}
	_, key, err := a.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "Website", Kind: kind})
	if err != nil {
		return nil, err
	}
	s, err := a.signIn(ctx, b.Email, b.Password, "setup")
	if err != nil {
		return nil, err
	}
	out := &setupOut{SetCookie: s.SetCookie}
	out.Body.WriteKey, out.Body.SessionInfo = key, s.Body
	return out, nil
}

type statusInfo struct {
	Version string `json:"version"`
	Inbox   struct {
		PendingEvents    int64   `json:"pending_events"`
		PendingBatches   int64   `json:"pending_batches"`
		OldestAgeSeconds float64 `json:"oldest_age_seconds"`
	} `json:"inbox"`
	Pipeline struct {
		Processed   int64  `json:"processed"`
		LastEventAt *jtime `json:"last_event_at"`
	} `json:"pipeline"`
	Timeline struct {
		Events   int64 `json:"events"`
		Segments int   `json:"segments"`
		Bytes    int64 `json:"bytes"`
	} `json:"timeline"`
	Work []Work `json:"work"`
}

func (a *API) status() {
	handle(a, route{method: "GET", path: "/status", summary: "What the server is doing", perm: access.ReadData, tag: "operate"},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[statusInfo], error) {
			var s statusInfo
			s.Version = a.Version
			pend, err := a.Inbox.PendingOf(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			s.Inbox.PendingEvents, s.Inbox.PendingBatches = pend.Events, pend.Batches
			if pend.Oldest != 0 {
				s.Inbox.OldestAgeSeconds = a.Clock.Now().Sub(toTime(pend.Oldest)).Seconds()
			}
			s.Pipeline.Processed, s.Pipeline.LastEventAt = a.Pipeline.Processed(), when(a.Pipeline.LastEvent())
			st := a.Timeline.Stats(p.Workspace)
			s.Timeline.Events, s.Timeline.Segments, s.Timeline.Bytes = st.Events, st.Segments, st.Bytes
			s.Work = a.Running(p.Workspace)
			if s.Work == nil {
				s.Work = []Work{}
			}
			return body(s)
		})
}
