package access_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// TestSetupWorksOnce sets up many times at once: one wins.
func TestSetupWorksOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := bare(t, d)
		if needed, err := r.NeedsSetup(r.ctx); err != nil || !needed {
			t.Fatalf("needed %v %v", needed, err)
		}
		const n = 8
		var wg sync.WaitGroup
		errors := make([]error, n)
		for i := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, errors[i] = r.Setup(r.ctx, shop("Shop"), access.NewUser{Email: fmt.Sprintf("u%d@x.test", i), Password: password})
			}()
		}
		wg.Wait()
		won := 0
		for _, err := range errors {
			if err == nil {
				won++
				continue
			}
			r.refused("already_set_up", err)
		}
		users := r.texts("SELECT email FROM users")
		if won != 1 || len(users) != 1 || len(r.texts("SELECT name FROM workspaces")) != 1 {
			t.Errorf("%d set-ups won, users %v", won, users)
		}
		if needed, err := r.NeedsSetup(r.ctx); err != nil || needed {
			t.Errorf("needed %v %v", needed, err)
		}
	})
}

func TestSetupRefusals(t *testing.T) {
	t.Parallel()
	r := bare(t, dbtest.SQLite(t))
	for code, c := range map[string]func(w *access.Workspace, u *access.NewUser){
		"bad_name":       func(w *access.Workspace, _ *access.NewUser) { w.Name = " " },
		"bad_time_zone":  func(w *access.Workspace, _ *access.NewUser) { w.TimeZone = "Local" },
		"bad_currency":   func(w *access.Workspace, _ *access.NewUser) { w.Currency = "eur" },
		"bad_week_start": func(w *access.Workspace, _ *access.NewUser) { w.WeekStart = 3 },
		"bad_email":      func(_ *access.Workspace, u *access.NewUser) { u.Email = "nobody" },
		"weak_password":  func(_ *access.Workspace, u *access.NewUser) { u.Password = "short" },
		"long_password":  func(_ *access.Workspace, u *access.NewUser) { u.Password = strings.Repeat("x", 1001) },
		"unknown_locale": func(_ *access.Workspace, u *access.NewUser) { u.Locale = "xx" },
	} {
		w, u := shop("Shop"), access.NewUser{Email: "a@b.test", Password: password}
		c(&w, &u)
		_, err := r.Setup(r.ctx, w, u)
		r.refused(code, err)
		for _, v := range []string{u.Email, w.TimeZone, w.Currency} {
			if err != nil && len(v) > 2 && strings.Contains(err.Error(), `"`+v+`"`) {
				t.Errorf("%s repeats what was refused: %v", code, err)
			}
		}
	}
	for _, email := range []string{"a b@c.test", "a@b.test\r\nBcc: x", "<a@b.test>", "@b.test", "a@", "a\x00@b.test", "a\xff@b.test", strings.Repeat("a", 320) + "@b.test"} {
		_, err := r.Setup(r.ctx, shop("Shop"), access.NewUser{Email: email, Password: password})
		r.refused("bad_email", err)
	}
	for _, name := range []string{"a\nb", "a\x00", "\xff", strings.Repeat("x", 801)} {
		_, err := r.Setup(r.ctx, shop("Shop"), access.NewUser{Email: "a@b.test", Name: name, Password: password})
		r.refused("bad_name", err)
	}
	if n := len(r.texts("SELECT email FROM users")); n != 0 {
		t.Errorf("%d users after refusals", n)
	}
}

// TestPasswordsAreHashed looks at what is stored of a password.
func TestPasswordsAreHashed(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		r.user(r.ws, "two@ours.test", access.Analyst)
		stored := r.texts("SELECT password FROM users")
		for _, s := range stored {
			// OWASP's least: 19 MiB and two passes, or as hard.
			if !strings.HasPrefix(s, "$argon2id$v=19$m=32768,t=3,p=1$") || strings.Contains(s, password) {
				r.t.Errorf("stored as %s", s)
			}
		}
		if len(stored) != 2 || stored[0] == stored[1] {
			r.t.Error("the same password is stored the same way")
		}
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		id := r.user(r.ws, "  New@Ours.test", access.Support)
		list, err := r.Users(r.ctx, r.ws)
		r.ok(err)
		if len(list) != 2 || list[0].Email != "owner@ours.test" || list[0].Role != access.Owner || list[0].Locale != "ro" || list[0].Name != "Olga" ||
			list[1].ID != id || list[1].Email != "new@ours.test" || list[1].Role != access.Support || list[1].Locale != "en" || list[1].Disabled {
			r.t.Errorf("users %+v", list)
		}
		_, err = r.CreateUser(r.ctx, r.ws, access.NewUser{Email: "NEW@ours.test", Password: password, Role: access.Admin})
		r.refused("email_taken", err)
		_, err = r.CreateUser(r.ctx, r.ws, access.NewUser{Email: "x@ours.test", Password: password, Role: "root"})
		r.refused("unknown_role", err)
		r.refused("unknown_user", r.UpdateUser(r.ctx, r.ws, 99, ptr(access.Admin), nil))
		r.refused("unknown_role", r.UpdateUser(r.ctx, r.ws, id, ptr(access.Role("root")), nil))
		// A user of one workspace is nobody in another.
		r.refused("unknown_user", r.UpdateUser(r.ctx, r.other, id, ptr(access.Owner), nil))
		if list, err = r.Users(r.ctx, r.other); err != nil || len(list) != 0 {
			r.t.Errorf("users of the other workspace: %+v %v", list, err)
		}
		r.ok(r.UpdateUser(r.ctx, r.ws, id, ptr(access.Admin), nil))
		_, p := r.signIn("new@ours.test")
		if p.Role != access.Admin {
			r.t.Errorf("role %s after the change", p.Role)
		}
	})
}

// TestUsersAtOnce makes users, keys and audit entries at once: none fails, none
// shares a number.
func TestUsersAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		const n = 12
		var wg sync.WaitGroup
		for i := range n {
			wg.Add(3)
			go func() {
				defer wg.Done()
				if _, err := r.CreateUser(r.ctx, r.ws, access.NewUser{Email: fmt.Sprintf("u%d@x.test", i), Password: password, Role: access.Analyst}); err != nil {
					r.t.Error(err)
				}
			}()
			go func() {
				defer wg.Done()
				if _, _, err := r.CreateKey(r.ctx, r.ws, fmt.Sprint("k", i), access.Analyst, "test"); err != nil {
					r.t.Error(err)
				}
			}()
			go func() {
				defer wg.Done()
				if err := r.Audit(r.ctx, r.ws, access.AuditEntry{Actor: "x", Action: fmt.Sprint("a", i)}); err != nil {
					r.t.Error(err)
				}
			}()
		}
		wg.Wait()
		users, _ := r.Users(r.ctx, r.ws)
		keys, _ := r.Keys(r.ctx, r.ws)
		log, _ := r.AuditLog(r.ctx, r.ws, 0, "", "", 100)
		if len(users) != n+1 || len(keys) != n || len(log) != n || log[0].ID != n {
			r.t.Errorf("%d users, %d keys, %d entries", len(users), len(keys), len(log))
		}
	})
}

// TestNumbersOfEarlierRows goes on behind rows that were written before numbers
// were drawn from the shared counters.
func TestNumbersOfEarlierRows(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		r.exec("INSERT INTO audit_log (workspace_id, id, at, actor, action, object, detail, address) VALUES ($1, 41, 1, '', '', '', '', '')", r.ws)
		r.exec("DELETE FROM sequences")
		r.ok(r.Audit(r.ctx, r.ws, access.AuditEntry{Action: "next"}))
		r.ok(r.Audit(r.ctx, r.ws, access.AuditEntry{Action: "next"}))
		log, err := r.AuditLog(r.ctx, r.ws, 0, "", "next", 10)
		r.ok(err)
		if len(log) != 2 || log[0].ID != 43 || log[1].ID != 42 {
			r.t.Errorf("numbers %+v", log)
		}
		if id := r.user(r.ws, "z@x.test", access.Analyst); id != 2 {
			r.t.Errorf("user number %d", id)
		}
	})
}

// TestLastOwner keeps an enabled owner in every workspace, even when two owners
// demote one another at once.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		r.refused("last_owner", r.UpdateUser(r.ctx, r.ws, 1, ptr(access.Admin), nil))
		r.refused("last_owner", r.UpdateUser(r.ctx, r.ws, 1, nil, ptr(true)))
		list, err := r.Users(r.ctx, r.ws)
		r.ok(err)
		if list[0].Role != access.Owner || list[0].Disabled {
			r.t.Fatalf("the refused change was written: %+v", list[0])
		}
		second := r.user(r.ws, "second@ours.test", access.Owner)
		r.ok(r.UpdateUser(r.ctx, r.ws, second, nil, ptr(true)))
		r.refused("last_owner", r.UpdateUser(r.ctx, r.ws, 1, ptr(access.Admin), nil)) // a disabled owner does not count
		for range 5 {
			r.ok(r.UpdateUser(r.ctx, r.ws, second, ptr(access.Owner), ptr(false)))
			r.ok(r.UpdateUser(r.ctx, r.ws, 1, ptr(access.Owner), ptr(false)))
			var wg sync.WaitGroup
			refused := make([]error, 2)
			for i, id := range []int64{1, second} {
				wg.Add(1)
				go func() {
					defer wg.Done()
					refused[i] = r.UpdateUser(r.ctx, r.ws, id, ptr(access.Analyst), nil)
				}()
			}
			wg.Wait()
			if (refused[0] == nil) == (refused[1] == nil) {
				r.t.Fatalf("both demoted, or none: %v", refused)
			}
			for _, err := range refused {
				if err != nil && errs.CodeOf(err) != "last_owner" {
					r.t.Error(err)
				}
			}
		}
	})
}

// TestRoles compares every role and permission with the table of the manual.
func TestRoles(t *testing.T) {
	t.Parallel()
	all := []access.Permission{access.ReadData, access.ReadCustomers, access.WriteCustomers, access.Erase, access.Export, access.Insights, access.Design,
		access.Import, access.Sources, access.Settings, access.Users, access.Audit}
	for role, want := range map[access.Role]string{ // in the order above
		access.Owner: "xxxxxxxxxxxx", access.Admin: "xxxxxxxxxxxx", access.Marketer: "xxx-xxxx----", access.Analyst: "xx--xx------",
		access.Support: "xxx---------", access.Developer: "x------xx---", "": "------------", "root": "------------", "Owner": "------------",
	} {
		got := ""
		for _, p := range all {
			if role.Can(p) {
				got += "x"
			} else {
				got += "-"
			}
		}
		if got != want {
			t.Errorf("%q may %s, want %s", role, got, want)
		}
		if role.Known() != (want[0] == 'x') {
			t.Errorf("%q known: %v", role, role.Known())
		}
		if role != access.Owner && role != access.Admin && (role.Can("") || role.Can("new.permission")) {
			t.Errorf("%q may what nobody listed", role)
		}
	}
}
