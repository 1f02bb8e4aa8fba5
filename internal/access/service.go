package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	db          *db.DB
	clock       clock.Clock
	spaces      cache[core.WorkspaceID, Workspace]
	keys        cache[string, cachedKey] // by digest
	fails       attempts
	hashes      chan struct{}                                                   // held while a password is hashed: each takes 32 MiB
	newCurrency func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) error // of a workspace; may be nil
}

// maxHashes bounds how many passwords are hashed at once.
const maxHashes = 4

type cachedKey struct {
	p  Principal
	at time.Time
}

// New makes the service.
func New(d *db.DB, c clock.Clock) *Service {
	return &Service{db: d, clock: c, hashes: make(chan struct{}, maxHashes)}
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

// prepare checks a new user and hashes the password.
func (s *Service) prepare(ctx context.Context, n NewUser) (prepared, error) {
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	if !isEmail(n.Email) {
		return prepared{}, errs.Field("email", "bad_email", "this is not an e-mail address")
	}
	if err := checkName("name", n.Name); err != nil {
		return prepared{}, err
	}
	if err := checkRole(n.Role); err != nil {
		return prepared{}, err
	}
	if err := checkNewPassword("password", n.Password); err != nil {
		return prepared{}, err
	}
	if err := checkLocale(&n.Locale); err != nil {
		return prepared{}, err
	}
	var hash string
	err := s.hashing(ctx, func() { hash = hashPassword(n.Password) })
	return prepared{n, hash}, err
}

// hashing runs fn, which hashes a password, when there is memory for it.
func (s *Service) hashing(ctx context.Context, fn func()) error {
	select {
	case s.hashes <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.hashes }()
	fn()
	return nil
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	bad := func(r rune) bool {
		return r <= ' ' || r == 0x7F || r == utf8.RuneError || strings.ContainsRune("<>\"", r)
	}
	return at > 0 && at < len(s)-1 && len(s) <= 320 && !strings.ContainsFunc(s, bad)
}

// checkName refuses text that would break a line of a log or a mail's header.
func checkName(field, s string) error {
	if len(s) > 800 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return errs.Field(field, "bad_name", "a name has up to 200 characters, on one line")
	}
	return nil
}

func checkRole(r Role) error {
	if !r.Known() {
		return errs.Field("role", "unknown_role", "a role is one of owner, admin, marketer, analyst, support, developer")
	}
	return nil
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
	u, err := s.prepare(ctx, n)
	if err != nil {
		return 0, err
	}
	var id int64
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("next_user"), nil, &id); err != nil {
			return err
		}
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
	if role != nil {
		if err := checkRole(*role); err != nil {
			return err
		}
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		// One change at a time: two that each leave the other's owner would leave none.
		if _, err := tx.Exec(ctx, queries.Get("lock_workspace"), ws); err != nil {
			return err
		}
		var u User
		err := tx.QueryRow(ctx, queries.Get("member"), []any{ws, id}, &u.Role, &u.Disabled)
		if errors.Is(err, db.ErrNoRows) {
			return errs.New(errs.NotFound, "unknown_user", "there is no user %d in this workspace", id)
		}
		if err != nil {
			return err
		}
		set(&u.Role, role)
		set(&u.Disabled, disabled)
		return s.writeMember(ctx, tx, ws, id, &u)
	})
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	return nil
}

func (s *Service) writeMember(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id int64, u *User) error {
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
		_, err := tx.Exec(ctx, queries.Get("delete_sessions_in"), id, ws)
		return err
	}
	return nil
}

// errNoUser refuses to API keys what only a person has.
func errNoUser() error {
	return errs.New(errs.Forbidden, "user_needed", "an API key has no name, language or password of its own: sign in as a user")
}

// UpdateMe changes a user's own name and language.
func (s *Service) UpdateMe(ctx context.Context, p *Principal, name, locale *string) error {
	if p.UserID == 0 {
		return errNoUser()
	}
	next := *p
	set(&next.Name, name)
	set(&next.Locale, locale)
	if err := checkName("name", next.Name); err != nil {
		return err
	}
	if err := checkLocale(&next.Locale); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("update_me"), next.Name, next.Locale, p.UserID)
		return err
	})
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	*p = next
	return nil
}

// ChangePassword sets a user's own password; other sessions end. Wrong guesses
// at the current one count as failed sign-ins.
func (s *Service) ChangePassword(ctx context.Context, p *Principal, current, next, keepSession, address string) error {
	if p.UserID == 0 {
		return errNoUser()
	}
	if err := checkNewPassword("new", next); err != nil {
		return err
	}
	var stored string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("password_of"), []any{p.UserID}, &stored)
	})
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	right, err := s.try(ctx, keysOf(p.Email, address), stored, current)
	if err != nil {
		return err
	}
	if !right {
		return errs.Field("current", "wrong_password", "the current password is not right")
	}
	return s.SetPassword(ctx, p.UserID, next, keepSession)
}

// SetPassword sets a user's password without asking for the old one: for the
// command line.
func (s *Service) SetPassword(ctx context.Context, userID int64, next, keepSession string) error {
	if err := checkNewPassword("password", next); err != nil {
		return err
	}
	var hash string
	if err := s.hashing(ctx, func() { hash = hashPassword(next) }); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, queries.Get("set_password"), hash, userID)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "unknown_user", "there is no user %d", userID)
		}
		_, err = tx.Exec(ctx, queries.Get("delete_sessions_of"), userID, digest(keepSession))
		return err
	})
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}
