package access_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		k, secret, err := r.CreateKey(r.ctx, r.ws, " Import ", access.Developer, "owner@ours.test")
		r.ok(err)
		if k.ID != 1 || k.Name != "Import" || !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) > 8 || len(secret) < 46 || !strings.HasPrefix(secret, "ck_") {
			r.t.Errorf("key %+v, secret of %d characters", k, len(secret))
		}
		r.notStored(secret)
		p, err := r.Key(r.ctx, secret)
		r.ok(err)
		if p.Workspace != r.ws || p.KeyID != 1 || p.UserID != 0 || p.Role != access.Developer || p.Label() != "key:Import" || p.CSRF != "" {
			r.t.Errorf("principal %+v", p)
		}
		for _, bad := range []string{"", secret + "x", secret[:len(secret)-1], strings.ToLower(secret), k.Prefix, "ck_"} {
			_, err := r.Key(r.ctx, bad)
			r.refused("invalid_api_key", err)
		}
		list, err := r.Keys(r.ctx, r.ws)
		r.ok(err)
		if len(list) != 1 || list[0].LastUsed == 0 || list[0].CreatedBy != "owner@ours.test" {
			r.t.Errorf("keys %+v", list)
		}
		_, _, err = r.CreateKey(r.ctx, r.ws, " ", access.Admin, "")
		r.refused("bad_name", err)
		_, _, err = r.CreateKey(r.ctx, r.ws, "a\r\nb", access.Admin, "")
		r.refused("bad_name", err)
		_, _, err = r.CreateKey(r.ctx, r.ws, "x", "root", "")
		r.refused("unknown_role", err)
	})
}

// notStored looks for a secret in all that is stored.
func (r *room) notStored(secret string) {
	r.t.Helper()
	for _, query := range []string{"SELECT hash FROM api_keys", "SELECT prefix FROM api_keys", "SELECT name FROM api_keys", "SELECT detail FROM audit_log"} {
		for _, v := range r.texts(query) {
			if strings.Contains(v, secret) || strings.Contains(v, secret[8:]) {
				r.t.Errorf("%s holds the secret", query)
			}
		}
	}
	for _, h := range r.texts("SELECT hash FROM api_keys") {
		if len(h) != 64 {
			r.t.Errorf("hash of %d characters", len(h))
		}
	}
}

// TestKeyRevocation takes keys back: at once in this process, and soon where
// another one did it. Numbers are not given twice.
func TestKeyRevocation(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		k, secret, err := r.CreateKey(r.ctx, r.ws, "old", access.Admin, "")
		r.ok(err)
		_, err = r.Key(r.ctx, secret)
		r.ok(err)
		r.refused("unknown_key", r.DeleteKey(r.ctx, r.other, k.ID))
		_, err = r.Key(r.ctx, secret)
		r.ok(err)
		next, rotated, err := r.CreateKey(r.ctx, r.ws, "new", access.Admin, "") // rotation: make, use, revoke
		r.ok(err)
		r.ok(r.DeleteKey(r.ctx, r.ws, k.ID))
		_, err = r.Key(r.ctx, secret)
		r.refused("invalid_api_key", err)
		r.refused("unknown_key", r.DeleteKey(r.ctx, r.ws, k.ID))
		_, err = r.Key(r.ctx, rotated)
		r.ok(err)
		r.exec("DELETE FROM api_keys")
		r.clock.Advance(11 * time.Second)
		_, err = r.Key(r.ctx, rotated)
		r.refused("invalid_api_key", err)
		third, _, err := r.CreateKey(r.ctx, r.ws, "third", access.Admin, "")
		r.ok(err)
		if third.ID <= next.ID {
			r.t.Errorf("number %d again after %d", third.ID, next.ID)
		}
	})
}

// TestKeyRevocationAtOnce revokes while the key is in use: whoever asks
// afterwards is refused.
func TestKeyRevocationAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		for range 10 {
			k, secret, err := r.CreateKey(r.ctx, r.ws, "x", access.Admin, "")
			r.ok(err)
			var wg sync.WaitGroup
			for range 8 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					_, _ = r.Key(r.ctx, secret)
				}()
			}
			r.ok(r.DeleteKey(r.ctx, r.ws, k.ID))
			wg.Wait()
			_, err = r.Key(r.ctx, secret)
			r.refused("invalid_api_key", err)
		}
	})
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		for _, e := range []access.AuditEntry{{Actor: "a", Action: "one"}, {Actor: "b", Action: "two", Object: "/x", Detail: "d", Address: "192.0.2.1"}, {Actor: "a", Action: "two"}} {
			r.ok(r.Audit(r.ctx, r.ws, e))
		}
		r.ok(r.Audit(r.ctx, r.other, access.AuditEntry{Actor: "a", Action: "foreign"}))
		for _, x := range []struct {
			before        int64
			actor, action string
			limit         int
			want          string
		}{{0, "", "", 10, "321"}, {0, "", "", 2, "32"}, {3, "", "", 10, "21"}, {1, "", "", 10, ""}, {0, "a", "", 10, "31"}, {0, "", "two", 10, "32"}, {0, "a", "two", 10, "3"}, {0, "", "foreign", 10, ""}} {
			list, err := r.AuditLog(r.ctx, r.ws, x.before, x.actor, x.action, x.limit)
			r.ok(err)
			got := ""
			for _, e := range list {
				got += string(rune('0' + e.ID))
			}
			if got != x.want {
				r.t.Errorf("%+v gives %s", x, got)
			}
		}
		list, err := r.AuditLog(r.ctx, r.ws, 3, "b", "", 1)
		r.ok(err)
		if e := list[0]; e.Object != "/x" || e.Detail != "d" || e.Address != "192.0.2.1" || e.At == 0 {
			r.t.Errorf("entry %+v", e)
		}
	})
}

// TestWorkspaceChanges changes settings, alone and at once: no change is lost.
func TestWorkspaceChanges(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		w, err := r.UpdateWorkspace(r.ctx, r.ws, access.WorkspaceUpdate{Name: ptr("New"), LapseDays: ptr(30), RefundDate: ptr("order"), Identity: []byte(`{"a":1}`)})
		r.ok(err)
		again, err := r.Workspace(r.ctx, r.ws)
		r.ok(err)
		if w.Name != "New" || again.Name != "New" || again.TimeZone != "Europe/Rome" || again.Settings.Lapse() != 30 || string(again.Settings.Identity) != `{"a":1}` || again.Zone().String() != "Europe/Rome" {
			r.t.Errorf("given %+v, read %+v", w, again)
		}
		for code, u := range map[string]access.WorkspaceUpdate{"bad_lapse": {LapseDays: ptr(-1)}, "bad_refund_date": {RefundDate: ptr("never")}, "bad_name": {Name: ptr("")}, "bad_currency": {Currency: ptr("€")}, "bad_time_zone": {TimeZone: ptr("../etc")}} {
			_, err := r.UpdateWorkspace(r.ctx, r.ws, u)
			r.refused(code, err)
		}
		if again, _ = r.Workspace(r.ctx, r.ws); again.Name != "New" || again.Settings.Lapse() != 30 {
			r.t.Errorf("a refused change was kept: %+v", again)
		}
		if foreign, _ := r.Workspace(r.ctx, r.other); foreign.Name != "Theirs" || foreign.Settings.Lapse() != 90 {
			r.t.Errorf("the other workspace %+v", foreign)
		}
		_, err = r.Workspace(r.ctx, 99)
		r.refused("unknown_workspace", err)
		var wg sync.WaitGroup
		for range 20 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := r.ChangeWorkspace(r.ctx, r.ws, func(w *access.Workspace) error {
					w.Settings.LapseDays++
					return nil
				})
				if err != nil {
					r.t.Error(err)
				}
			}()
		}
		wg.Wait()
		if again, _ = r.Workspace(r.ctx, r.ws); again.Settings.LapseDays != 50 {
			r.t.Errorf("%d after 20 steps from 30", again.Settings.LapseDays)
		}
	})
}
