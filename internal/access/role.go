package access

import "github.com/ciclo/ciclo/internal/core"

// Role is what a user or key is in a workspace.
type Role string

// Roles, from the most to the least trusted.
const (
	Owner     Role = "owner"
	Admin     Role = "admin"
	Marketer  Role = "marketer"
	Analyst   Role = "analyst"
	Support   Role = "support"
	Developer Role = "developer"
)

// Permission is one thing that a route asks for.
type Permission string

// Permissions named beside the routes.
const (
	ReadData       Permission = "data.read"       // boards, KPIs, models, lists without personal data
	ReadCustomers  Permission = "customers.read"  // personal data
	WriteCustomers Permission = "customers.write" // notes, consent, merge
	Erase          Permission = "customers.erase"
	Export         Permission = "customers.export"
	Reveal         Permission = "customers.reveal" // what is encrypted at rest
	Insights       Permission = "insights.write"   // saved insights, dashboards, annotations
	Design         Permission = "models.write"     // stage models, segments, alerts, digests, costs, targets
	Import         Permission = "imports.write"
	Sources        Permission = "sources.write" // sources, write keys, quarantine
	Settings       Permission = "settings.write"
	Users          Permission = "users.write"
	Audit          Permission = "audit.read"
)

// Can says whether a role holds a permission.
func (r Role) Can(p Permission) bool {
	switch r {
	case Owner, Admin:
		return true
	case Marketer:
		switch p {
		case ReadData, ReadCustomers, WriteCustomers, Export, Insights, Design, Import:
			return true
		}
	case Analyst:
		return p == ReadData || p == ReadCustomers || p == Export || p == Insights
	case Support:
		return p == ReadData || p == ReadCustomers || p == WriteCustomers
	case Developer:
		return p == ReadData || p == Sources || p == Import
	}
	return false
}

// Known says whether r is one of the roles.
func (r Role) Known() bool {
	switch r {
	case Owner, Admin, Marketer, Analyst, Support, Developer:
		return true
	}
	return false
}

// Principal is who makes a request.
type Principal struct {
	Workspace core.WorkspaceID
	UserID    int64 // 0 for an API key
	KeyID     int64 // 0 for a user
	Name      string
	Email     string
	Locale    string
	Role      Role
	CSRF      string // token that unsafe requests with a cookie must repeat
}

// Label names the principal in logs and histories.
func (p *Principal) Label() string {
	if p.Email != "" {
		return p.Email
	}
	return "key:" + p.Name
}
