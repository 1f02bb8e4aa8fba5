package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// SessionTTL is how long a sign-in lasts.
const SessionTTL = 14 * 24 * time.Hour

// try compares a password with a stored one and counts the attempt.
func (s *Service) try(ctx context.Context, keys [kinds]string, stored, password string) (right bool, err error) {
	if err := s.fails.begin(keys, s.clock.Now()); err != nil {
		return false, err
	}
	if err := s.hashing(ctx, func() { right = checkPassword(stored, password) }); err != nil {
		return false, err
	}
	if right {
		s.fails.right(keys)
	}
	return right, nil
}

// SignIn checks a password and opens a session; it gives the token for the
// cookie.
func (s *Service) SignIn(ctx context.Context, email, password, address string) (tok string, p *Principal, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	now := s.clock.Now()
	p = &Principal{Email: email}
	var stored string
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("user_by_email"), []any{email}, &p.UserID, &p.Email, &p.Name, &p.Locale, &stored, &p.Workspace, &p.Role)
	})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", nil, fmt.Errorf("read user: %w", err)
	}
	if errors.Is(err, db.ErrNoRows) {
		// As slow as a real check, so that addresses cannot be told apart.
		stored = nobody
	}
	right, err := s.try(ctx, keysOf(email, address), stored, password)
	if err != nil {
		return "", nil, err
	}
	if !right {
		return "", nil, errs.New(errs.Unauthorized, "wrong_credentials", "e-mail address or password is not right")
	}
	tok, p.CSRF = token(""), token("")
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		at := core.FromTime(now)
		if _, err := tx.Exec(ctx, queries.Get("delete_expired"), at); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("touch_member"), at, p.Workspace, p.UserID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("insert_session"), digest(tok), p.Workspace, p.UserID, p.CSRF, at, core.FromTime(now.Add(SessionTTL)))
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("open session: %w", err)
	}
	return tok, p, nil
}

// Session gives who holds a session token.
func (s *Service) Session(ctx context.Context, tok string) (*Principal, error) {
	var p Principal
	var expires core.Micros
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("session"), []any{digest(tok)}, &p.Workspace, &p.UserID, &p.CSRF, &expires, &p.Email, &p.Name, &p.Locale, &p.Role)
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && expires <= core.FromTime(s.clock.Now()) {
		return nil, errs.New(errs.Unauthorized, "signed_out", "sign in first")
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return &p, nil
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, tok string) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("delete_session"), digest(tok))
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// APIKey is a key without its secret.
type APIKey struct {
	ID        int64
	Name      string
	Role      Role
	Prefix    string
	CreatedAt core.Micros
	CreatedBy string
	LastUsed  core.Micros
}

// CreateKey makes an API key; the secret is shown this once.
func (s *Service) CreateKey(ctx context.Context, ws core.WorkspaceID, name string, role Role, by string) (APIKey, string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return APIKey{}, "", errs.Field("name", "bad_name", "an API key needs a name of up to 200 characters")
	}
	if err := checkName("name", name); err != nil {
		return APIKey{}, "", err
	}
	if err := checkRole(role); err != nil {
		return APIKey{}, "", err
	}
	secret := token("ck_")
	k := APIKey{Name: name, Role: role, Prefix: secret[:8], CreatedAt: core.FromTime(s.clock.Now()), CreatedBy: by}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("next_key"), []any{ws}, &k.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("insert_key"), ws, k.ID, k.Name, string(k.Role), k.Prefix, digest(secret), k.CreatedAt, by)
		return err
	})
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create api key: %w", err)
	}
	return k, secret, nil
}

// Keys gives the API keys of a workspace.
func (s *Service) Keys(ctx context.Context, ws core.WorkspaceID) ([]APIKey, error) {
	var out []APIKey
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("keys"), func(row db.Row) error {
			var k APIKey
			if err := row.Scan(&k.ID, &k.Name, &k.Role, &k.Prefix, &k.CreatedAt, &k.CreatedBy, &k.LastUsed); err != nil {
				return err
			}
			out = append(out, k)
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("list api keys: %w", err)
	}
	return out, nil
}

// DeleteKey revokes an API key at once.
func (s *Service) DeleteKey(ctx context.Context, ws core.WorkspaceID, id int64) error {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		n, err = tx.Exec(ctx, queries.Get("delete_key"), ws, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete api key: %w", err)
	}
	s.keys.clear()
	if n == 0 {
		return errs.New(errs.NotFound, "unknown_key", "there is no API key %d", id)
	}
	return nil
}

// keyCache bounds how long a revocation by another process goes unnoticed.
const keyCache = 10 * time.Second

// Key gives who holds an API key.
func (s *Service) Key(ctx context.Context, secret string) (*Principal, error) {
	d, now := digest(secret), s.clock.Now()
	hit, version, ok := s.keys.get(d)
	if age := now.Sub(hit.at); ok && age >= 0 && age < keyCache {
		return &hit.p, nil
	}
	var p Principal
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("key"), []any{d}, &p.Workspace, &p.KeyID, &p.Name, &p.Role)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, errs.New(errs.Unauthorized, "invalid_api_key", "the API key is not known")
	}
	if err != nil {
		return nil, fmt.Errorf("read api key: %w", err)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("touch_key"), core.FromTime(now), p.Workspace, p.KeyID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("note use of api key: %w", err)
	}
	p.Locale = "en"
	s.keys.put(d, cachedKey{p, now}, version)
	return &p, nil
}
