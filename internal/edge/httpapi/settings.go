package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
)

type userShape struct {
	ID        int64       `json:"id"`
	Email     string      `json:"email"`
	Name      string      `json:"name"`
	Locale    string      `json:"locale"`
	Role      access.Role `json:"role"`
	Disabled  bool        `json:"disabled"`
	LastSeen  *jtime      `json:"last_seen"`
	CreatedAt *jtime      `json:"created_at"`
}

type keyShape struct {
	ID        int64       `json:"id"`
	Name      string      `json:"name"`
	Role      access.Role `json:"role"`
	Prefix    string      `json:"prefix"`
	CreatedAt *jtime      `json:"created_at"`
	CreatedBy string      `json:"created_by"`
	LastUsed  *jtime      `json:"last_used"`
	Secret    string      `json:"secret,omitempty" doc:"Shown this once"`
}

func keyOut(k access.APIKey, secret string) keyShape {
	return keyShape{k.ID, k.Name, k.Role, k.Prefix, when(k.CreatedAt), k.CreatedBy, when(k.LastUsed), secret}
}

func (a *API) settings() {
	a.workspaceRoutes()
	a.userRoutes()
	a.keyRoutes()
	a.auditRoutes()
	a.mailRoutes()
}

func (a *API) workspaceRoutes() {
	const tag = "settings"
	handle(a, route{method: "GET", path: "/workspace", summary: "Read the workspace", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[workspaceInfo], error) {
			w, err := a.Access.Workspace(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			return body(workspaceShape(w))
		})
	handle(a, route{method: "PATCH", path: "/workspace", summary: "Change the workspace's settings", perm: access.Settings, audit: "workspace.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Name       *string   `json:"name,omitempty" maxLength:"200"`
				TimeZone   *string   `json:"time_zone,omitempty" maxLength:"64"`
				Currency   *string   `json:"currency,omitempty" maxLength:"3"`
				WeekStart  *int      `json:"week_start,omitempty" enum:"1,7"`
				LapseDays  *int      `json:"lapse_days,omitempty" minimum:"1" maximum:"3660"`
				RefundDate *string   `json:"refund_date,omitempty" enum:"refund,order"`
				BackupDays *int      `json:"backup_retention_days,omitempty" minimum:"1" maximum:"3650"`
				Staff      *[]string `json:"staff,omitempty" maxItems:"200" doc:"Own people, who count in no number: e-mail addresses, or what follows the @ (@shop.it)"`
			}
		}) (*Body[workspaceInfo], error) {
			b := in.Body
			w, err := a.Access.UpdateWorkspace(ctx, p.Workspace, access.WorkspaceUpdate{Name: b.Name, TimeZone: b.TimeZone, Currency: b.Currency,
				WeekStart: b.WeekStart, LapseDays: b.LapseDays, RefundDate: b.RefundDate, BackupDays: b.BackupDays, Staff: b.Staff})
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "name", b.Name, "time_zone", b.TimeZone, "currency", b.Currency, "week_start", b.WeekStart, "lapse_days", b.LapseDays, "refund_date", b.RefundDate, "staff", b.Staff)
			if err := a.Loaded(ctx, p.Workspace); err != nil {
				return nil, err
			}
			if b.TimeZone != nil || b.WeekStart != nil {
				a.Lifecycle.Refresh(ctx, p.Workspace)
				a.Segments.Refresh(ctx, p.Workspace)
			}
			return body(workspaceShape(w))
		})
}

type usersOut struct {
	Users []userShape `json:"users"`
}

func (a *API) userRoutes() {
	const tag = "settings"
	handle(a, route{method: "GET", path: "/users", summary: "List users", perm: access.Users, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[usersOut], error) {
			list, err := a.Access.Users(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			out := usersOut{Users: make([]userShape, len(list))}
			for i, u := range list {
				out.Users[i] = userShape{u.ID, u.Email, u.Name, u.Locale, u.Role, u.Disabled, when(u.LastSeen), when(u.CreatedAt)}
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/users", summary: "Add a user", perm: access.Users, audit: "user.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Email    string      `json:"email" maxLength:"320"`
				Name     string      `json:"name,omitempty" maxLength:"200"`
				Password string      `json:"password" maxLength:"1000"`
				Role     access.Role `json:"role" enum:"owner,admin,marketer,analyst,support,developer"`
				Locale   string      `json:"locale,omitempty" enum:"en,it,ro"`
			}
		}) (*Body[userShape], error) {
			b := in.Body
			if err := mayGrant(p, b.Role); err != nil {
				return nil, err
			}
			id, err := a.Access.CreateUser(ctx, p.Workspace, access.NewUser{Email: b.Email, Name: b.Name, Password: b.Password, Role: b.Role, Locale: b.Locale})
			if err != nil {
				return nil, err
			}
			note(ctx, id, "email", &b.Email, "role", &b.Role)
			return body(userShape{ID: id, Email: b.Email, Name: b.Name, Role: b.Role, Locale: b.Locale})
		})
	handle(a, route{method: "PATCH", path: "/users/{id}", summary: "Change a user's role, or disable the user", perm: access.Users, audit: "user.update", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			ID   int64 `path:"id" minimum:"1"`
			Body struct {
				Role     *access.Role `json:"role,omitempty" enum:"owner,admin,marketer,analyst,support,developer"`
				Disabled *bool        `json:"disabled,omitempty"`
			}
		}) (*None, error) {
			if in.Body.Role != nil {
				if err := mayGrant(p, *in.Body.Role); err != nil {
					return nil, err
				}
			}
			if err := a.mayTouch(ctx, p, in.ID); err != nil {
				return nil, err
			}
			note(ctx, 0, "role", in.Body.Role, "disabled", in.Body.Disabled)
			return nil, a.Access.UpdateUser(ctx, p.Workspace, in.ID, in.Body.Role, in.Body.Disabled)
		})
}

type keysOut struct {
	Keys []keyShape `json:"api_keys"`
}

func (a *API) keyRoutes() {
	const tag = "settings"
	handle(a, route{method: "GET", path: "/api-keys", summary: "List API keys", perm: access.Users, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[keysOut], error) {
			list, err := a.Access.Keys(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			out := keysOut{Keys: make([]keyShape, len(list))}
			for i, k := range list {
				out.Keys[i] = keyOut(k, "")
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/api-keys", summary: "Make an API key", perm: access.Users, audit: "api_key.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Name string      `json:"name" minLength:"1" maxLength:"200"`
				Role access.Role `json:"role" enum:"owner,admin,marketer,analyst,support,developer"`
			}
		}) (*Body[keyShape], error) {
			if err := mayGrant(p, in.Body.Role); err != nil {
				return nil, err
			}
			k, secret, err := a.Access.CreateKey(ctx, p.Workspace, in.Body.Name, in.Body.Role, p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, k.ID, "name", &k.Name, "role", &k.Role)
			return body(keyOut(k, secret))
		})
	handle(a, route{method: "DELETE", path: "/api-keys/{id}", summary: "Revoke an API key", perm: access.Users, audit: "api_key.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			ID int64 `path:"id" minimum:"1"`
		}) (*None, error) {
			return nil, a.Access.DeleteKey(ctx, p.Workspace, in.ID)
		})
}

type auditShape struct {
	ID      int64  `json:"id"`
	At      *jtime `json:"at"`
	Actor   string `json:"actor"`
	Action  string `json:"action"`
	Object  string `json:"object"`
	Detail  string `json:"detail"`
	Address string `json:"address"`
}

type auditOut struct {
	Entries    []auditShape `json:"entries"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

func (a *API) auditRoutes() {
	handle(a, route{method: "GET", path: "/audit", summary: "Audit log, newest first", perm: access.Audit, tag: "settings"},
		func(ctx context.Context, p *access.Principal, in *struct {
			Actor  string `query:"actor"`
			Action string `query:"action"`
			Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
			Cursor string `query:"cursor"`
		}) (*Body[auditOut], error) {
			var before int64
			if err := readCursor(in.Cursor, &before); err != nil {
				return nil, err
			}
			list, err := a.Access.AuditLog(ctx, p.Workspace, before, in.Actor, in.Action, in.Limit)
			if err != nil {
				return nil, err
			}
			out := auditOut{Entries: make([]auditShape, len(list))}
			for i, e := range list {
				out.Entries[i] = auditShape{e.ID, when(e.At), e.Actor, e.Action, e.Object, e.Detail, e.Address}
			}
			if len(list) == in.Limit {
				out.NextCursor = cursor(list[len(list)-1].ID)
			}
			return body(out)
		})
}
