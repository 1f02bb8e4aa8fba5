package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const password = "a long password"

// room is the access room on a clock that stands still, with two workspaces.
type room struct {
	*access.Service
	t     *testing.T
	ctx   context.Context
	db    *db.DB
	clock *clock.Manual
	ws    core.WorkspaceID
	other core.WorkspaceID
}

// each runs fn on both engines.
func each(t *testing.T, fn func(r *room)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := bare(t, d)
		var err error
		r.ws, err = r.Setup(r.ctx, shop("Ours"), access.NewUser{Email: "Owner@Ours.test ", Name: "Olga", Password: password, Locale: "ro"})
		r.ok(err)
		r.other = r.ws + 1
		r.exec(`INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at) VALUES ($1, 'Theirs', 'UTC', 'USD', 1, '{}', 1)`, r.other)
		fn(r)
	})
}

func bare(t *testing.T, d *db.DB) *room {
	c := clock.NewManual(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	return &room{Service: access.New(d, c), t: t, ctx: context.Background(), db: d, clock: c}
}

func shop(name string) access.Workspace {
	return access.Workspace{Name: name, TimeZone: "Europe/Rome", Currency: "EUR"}
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// refused wants an error of a code.
func (r *room) refused(code string, err error) {
	r.t.Helper()
	if err == nil || errs.CodeOf(err) != code {
		r.t.Errorf("error %v, want %s", err, code)
	}
}

func (r *room) exec(query string, args ...any) {
	r.t.Helper()
	r.ok(r.db.Write(r.ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(r.ctx, query, args...)
		return err
	}))
}

// texts gives the values of a query's one column.
func (r *room) texts(query string) []string {
	r.t.Helper()
	var out []string
	r.ok(r.db.Read(r.ctx, func(tx *db.Tx) error {
		return tx.Query(r.ctx, query, func(row db.Row) error {
			var s string
			err := row.Scan(&s)
			out = append(out, s)
			return err
		})
	}))
	return out
}

func (r *room) user(ws core.WorkspaceID, email string, role access.Role) int64 {
	r.t.Helper()
	id, err := r.CreateUser(r.ctx, ws, access.NewUser{Email: email, Password: password, Role: role})
	r.ok(err)
	return id
}

func (r *room) signIn(email string) (string, *access.Principal) {
	r.t.Helper()
	tok, p, err := r.SignIn(r.ctx, email, password, "192.0.2.1")
	r.ok(err)
	return tok, p
}

func ptr[T any](v T) *T { return &v }
