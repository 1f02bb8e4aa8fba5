package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// SessionTTL is how long a sign-in lasts.
const SessionTTL = 14 * 24 * time.Hour

// attempts counts failed sign-ins, to slow down guessing.
type attempts struct {
	mu sync.Mutex
	by map[string]attempt
}

type attempt struct {
	n     int
	until time.Time
}

func (a *attempts) wait(key string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.by[key]; t.n >= 5 && now.Before(t.until) {
		return t.until.Sub(now)
	}
	return 0
}

func (a *attempts) note(key string, ok bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ok {
		delete(a.by, key)
		return
	}
	if len(a.by) > 10_000 {
		clear(a.by)
	}
	t := a.by[key]
	t.n++
	t.until = now.Add(min(time.Duration(1<<min(t.n, 10))*time.Second, 15*time.Minute))
	a.by[key] = t
}

// SignIn checks a password and opens a session; it gives the token for the
// cookie.
func (s *Service) SignIn(ctx context.Context, email, password, address string) (tok string, p *Principal, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	now := s.clock.Now()
	for _, key := range [2]string{"e:" + email, "a:" + address} {
		if wait := s.fails.wait(key, now); wait > 0 {
			return "", nil, errs.New(errs.Busy, "too_many_attempts", "too many failed sign-ins: try again in %d seconds", int(wait.Seconds())+1)
		}
	}
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
		stored = "$argon2id$v=19$m=32768,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	}
	if !checkPassword(stored, password) {
		s.fails.note("e:"+email, false, now)
		s.fails.note("a:"+address, false, now)
		return "", nil, errs.New(errs.Unauthorized, "wrong_credentials", "e-mail address or password is not right")
	}
	s.fails.note("e:"+email, true, now)
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
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("delete_session"), digest(tok))
		return err
	})
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
	if name == "" || len(name) > 200 {
		return APIKey{}, "", errs.Field("name", "bad_name", "an API key needs a name of up to 200 characters")
	}
	if !role.Known() {
		return APIKey{}, "", errs.Field("role", "unknown_role", "%q is not one of owner, admin, marketer, analyst, support, developer", role)
	}
	secret := token("ck_")
	k := APIKey{Name: name, Role: role, Prefix: secret[:8], CreatedAt: core.FromTime(s.clock.Now()), CreatedBy: by}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_key"), []any{ws}, &k.ID); err != nil {
			return err
		}
		k.ID++
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
	s.keys.Clear()
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
	if v, ok := s.keys.Load(d); ok && now.Sub(v.(cachedKey).at) < keyCache {
		p := v.(cachedKey).p
		return &p, nil
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
	s.keys.Store(d, cachedKey{p, now})
	return &p, nil
}
