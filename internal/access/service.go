package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// Service is the access room.
type Service struct {
	db     *db.DB
	clock  clock.Clock
	spaces sync.Map // WorkspaceID → Workspace
	keys   sync.Map // digest of an API key → cachedKey
	fails  attempts
}

type cachedKey struct {
	p  Principal
	at time.Time
}

// New makes the service.
func New(d *db.DB, c clock.Clock) *Service {
	return &Service{db: d, clock: c, fails: attempts{by: map[string]attempt{}}}
}

// NewUser is a user to be made.
type NewUser struct {
	Email    string
	Name     string
	Password string
	Locale   string
	Role     Role
}

type prepared struct {
	NewUser
	hash string
}

func (n NewUser) prepare() (prepared, error) {
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	if at := strings.LastIndexByte(n.Email, '@'); at <= 0 || at == len(n.Email)-1 || len(n.Email) > 320 || strings.ContainsAny(n.Email, " \t\r\n") {
		return prepared{}, errs.Field("email", "bad_email", "%q is not an e-mail address", n.Email)
	}
	if !n.Role.Known() {
		return prepared{}, errs.Field("role", "unknown_role", "%q is not one of owner, admin, marketer, analyst, support, developer", n.Role)
	}
	if err := checkNewPassword("password", n.Password); err != nil {
		return prepared{}, err
	}
	if err := checkLocale(&n.Locale); err != nil {
		return prepared{}, err
	}
	return prepared{n, hashPassword(n.Password)}, nil
}

func checkLocale(l *string) error {
	switch *l {
	case "":
		*l = "en"
	case "en", "it", "ro":
	default:
		return errs.Field("locale", "unknown_locale", "the language is en, it or ro")
	}
	return nil
}

// User is a member of a workspace.
type User struct {
	ID        int64
	Email     string
	Name      string
	Locale    string
	Role      Role
	Disabled  bool
	LastSeen  core.Micros
	CreatedAt core.Micros
}

// Users gives the members of a workspace.
func (s *Service) Users(ctx context.Context, ws core.WorkspaceID) ([]User, error) {
	var out []User
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("users"), func(row db.Row) error {
			var u User
			if err := row.Scan(&u.ID, &u.Email, &u.Name, &u.Locale, &u.Role, &u.Disabled, &u.LastSeen, &u.CreatedAt); err != nil {
				return err
			}
			out = append(out, u)
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return out, nil
}

// CreateUser adds a user to a workspace.
func (s *Service) CreateUser(ctx context.Context, ws core.WorkspaceID, n NewUser) (int64, error) {
	u, err := n.prepare()
	if err != nil {
		return 0, err
	}
	var id int64
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_user"), nil, &id); err != nil {
			return err
		}
		id++
		if _, err := tx.Exec(ctx, queries.Get("insert_user"), id, u.Email, u.Name, u.Locale, u.hash, core.FromTime(s.clock.Now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("insert_member"), ws, id, string(u.Role))
		return err
	})
	if errors.Is(err, db.ErrUnique) {
		return 0, errs.Field("email", "email_taken", "a user with this e-mail address exists already")
	}
	if err != nil {
		return 0, fmt.Errorf("create user: %w", err)
	}
	return id, nil
}

// UpdateUser changes role and state of a member; nil leaves a field alone.
func (s *Service) UpdateUser(ctx context.Context, ws core.WorkspaceID, id int64, role *Role, disabled *bool) error {
	if role != nil && !role.Known() {
		return errs.Field("role", "unknown_role", "%q is not one of owner, admin, marketer, analyst, support, developer", *role)
	}
	users, err := s.Users(ctx, ws)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.ID != id {
			continue
		}
		set(&u.Role, role)
		set(&u.Disabled, disabled)
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, queries.Get("update_member"), string(u.Role), u.Disabled, ws, id); err != nil {
				return err
			}
			var owners int64
			if err := tx.QueryRow(ctx, queries.Get("enabled_owners"), []any{ws}, &owners); err != nil {
				return err
			}
			if owners == 0 {
				return errs.New(errs.Conflict, "last_owner", "a workspace needs an owner: make another user the owner first")
			}
			if u.Disabled {
				_, err := tx.Exec(ctx, queries.Get("delete_sessions_of"), id, "")
				return err
			}
			return nil
		})
		return err
	}
	return errs.New(errs.NotFound, "unknown_user", "there is no user %d in this workspace", id)
}

// UpdateMe changes a user's own name and language.
func (s *Service) UpdateMe(ctx context.Context, p *Principal, name, locale *string) error {
	set(&p.Name, name)
	set(&p.Locale, locale)
	if err := checkLocale(&p.Locale); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("update_me"), p.Name, p.Locale, p.UserID)
		return err
	})
}

// ChangePassword sets a user's own password; other sessions end.
func (s *Service) ChangePassword(ctx context.Context, userID int64, current, next, keepSession string) error {
	if err := checkNewPassword("new", next); err != nil {
		return err
	}
	var stored string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("password_of"), []any{userID}, &stored)
	})
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	if !checkPassword(stored, current) {
		return errs.Field("current", "wrong_password", "the current password is not right")
	}
	return s.SetPassword(ctx, userID, next, keepSession)
}

// SetPassword sets a user's password without asking for the old one: for the
// command line.
func (s *Service) SetPassword(ctx context.Context, userID int64, next, keepSession string) error {
	if err := checkNewPassword("password", next); err != nil {
		return err
	}
	hash := hashPassword(next)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("set_password"), hash, userID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("delete_sessions_of"), userID, digest(keepSession))
		return err
	})
}
