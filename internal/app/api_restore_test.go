package app_test

import (
	"testing"

	"github.com/ciclo/ciclo/internal/access"
)

// TestUndoOfDeletion: what was deleted comes back under its number with all that
// it was, and links lead to it again.
func TestUndoOfDeletion(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world) {
		x := w.a
		status := func(method, path string, role access.Role, want int) {
			w.t.Helper()
			if rec := x.do(request{method: method, path: path, key: x.keys[role]}); rec.Code != want {
				w.t.Errorf("%s %s as %s: %d %.300s, want %d", method, path, role, rec.Code, rec.Body, want)
			}
		}
		saved := x.insight()
		insight := "/insights/" + itoa(saved)
		x.want("PATCH", insight, obj{"spec": obj{"kind": "trend", "range": obj{"last": "7d"}, "trend": obj{"interval": "day", "series": []any{obj{"event": "Order Completed"}}}}})
		board := "/dashboards/" + itoa(x.want("POST", "/dashboards", dashboard(x, []any{saved})).Get("id").Int())
		was, drawn := x.want("GET", insight, nil), x.want("GET", board, nil)

		status("DELETE", insight, access.Analyst, 409) // a dashboard shows it
		status("DELETE", board, access.Analyst, 204)
		status("DELETE", insight, access.Analyst, 204)
		for _, path := range []string{board, insight, insight + "/run", insight + "/versions"} {
			status("GET", path, access.Owner, 404)
		}
		for list, id := range map[string]string{"insights": was.Get("id").Raw, "dashboards": drawn.Get("id").Raw} {
			if x.want("GET", "/"+list, nil).Get(list + `.#(id==` + id + `)`).Exists() {
				w.t.Errorf("%s: what was deleted is listed", list)
			}
		}
		if rec := x.do(request{method: "PATCH", path: board, body: obj{"name": "x"}}); rec.Code != 404 {
			w.t.Errorf("what was deleted is changed: %d", rec.Code)
		}
		status("POST", board+"/restore", access.Support, 403)
		status("POST", board+"/restore", access.Marketer, 404) // it was never shared with them
		status("GET", board, access.Owner, 404)
		status("POST", board+"/restore", access.Analyst, 200)
		if now := x.want("GET", board, nil); now.Raw != drawn.Raw {
			w.t.Errorf("the dashboard was %s, is %s", drawn.Raw, now.Raw)
		}
		// The tile would be empty, had its insight not come along.
		if now := x.want("GET", insight, nil); now.Raw != was.Raw || x.want("GET", insight+"/versions", nil).Get("versions.#").Int() != 2 {
			w.t.Errorf("the insight was %s, is %s", was.Raw, now.Raw)
		}
		status("GET", insight+"/run", access.Analyst, 200)
		status("DELETE", insight, access.Analyst, 409)
		status("POST", board+"/restore", access.Analyst, 200) // it is there: nothing to do

		alone := "/insights/" + itoa(x.insight())
		status("DELETE", alone, access.Owner, 204)
		status("POST", alone+"/restore", access.Owner, 200)
		status("GET", alone, access.Owner, 200)
	})
}
