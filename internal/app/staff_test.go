package app_test

import (
	"testing"

	"github.com/ciclo/ciclo/internal/access"
)

// TestOwnPeopleDoNotCount names the workspace's own people by their addresses,
// before and after they are seen, and looks at charts, KPIs and explanations.
func TestOwnPeopleDoNotCount(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		c := b.caller(t, b.handler(), 1, access.Owner)
		shopping(b)
		identify := func(user, email string) {
			b.send(obj{"type": "identify", "userId": user, "messageId": "i" + user + email, "timestamp": b.at(-19), "traits": obj{"email": email}})
		}
		identify("u", "ana@example.com")
		identify("w", "Bob@Shop.it")
		trend := func(bots bool) obj {
			return obj{"kind": "trend", "bots": bots, "range": obj{"last": "30d"}, "trend": obj{"interval": "day", "series": []obj{{"event": "Order Completed", "measure": "customers"}, {"event": "Order Completed"}}}}
		}
		want := func(when string, bots bool, customers, orders float64) {
			t.Helper()
			var run struct {
				Trend struct {
					Lines []struct{ Total struct{ Value *float64 } }
				}
			}
			c.do("POST", "/insights/run", trend(bots), 200, &run)
			if l := run.Trend.Lines; *l[0].Total.Value != customers || *l[1].Total.Value != orders {
				t.Errorf("%s: the chart counts %v customers with %v orders, want %v and %v", when, *l[0].Total.Value, *l[1].Total.Value, customers, orders)
			}
			var k kpiAnswer
			path := "/kpis"
			if bots {
				path += "?include_bots=true"
			}
			c.do("GET", path, nil, 200, &k)
			wantValue(t, k.get(t, "orders", ""), orders)
		}
		staff := func(rules ...string) (kept []string) {
			t.Helper()
			var out struct{ Staff []string }
			c.do("PATCH", "/workspace", obj{"staff": append([]string{}, rules...)}, 200, &out)
			return out.Staff
		}
		want("nobody is named", false, 2, 3)
		if kept := staff(" SHOP.it ", "shop.it", "nina@example.com"); len(kept) != 2 || kept[0] != "@shop.it" || kept[1] != "nina@example.com" {
			t.Errorf("the rules are kept as %q", kept)
		}
		want("a domain is named", false, 1, 2)
		want("all count", true, 2, 3)
		why := func(user, code string) {
			t.Helper()
			var x struct {
				In     bool
				Reason *struct{ Code string }
			}
			c.do("POST", "/insights/explain", obj{"spec": trend(false), "cell": obj{"series": "A"}, "customer": b.number(user)}, 200, &x)
			if x.In != (code == "") || x.Reason != nil && x.Reason.Code != code || x.Reason == nil && code != "" {
				t.Errorf("customer %s is explained as %+v %+v, want %q", user, x, x.Reason, code)
			}
		}
		why("w", "staff")
		why("u", "")
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "n", "messageId": "o9", "timestamp": b.at(-5), "properties": obj{"order_id": "o9", "revenue": 1}})
		want("a stranger buys", false, 2, 3)
		identify("n", "nina@example.com")
		want("she is one of us", false, 1, 2)
		identify("u", "u@sub.shop.it")
		want("another domain below it", false, 1, 2)
		staff()
		want("nobody is named any more", false, 3, 4)
		for _, bad := range []string{"@", "ana@", "a b@shop.it"} {
			var p struct {
				Code   string
				Errors []struct{ Location string }
			}
			c.do("PATCH", "/workspace", obj{"staff": []string{"@ok.it", bad}}, 400, &p)
			if p.Code != "bad_address" || len(p.Errors) != 1 || p.Errors[0].Location != "staff[1]" {
				t.Errorf("%q is refused as %+v", bad, p)
			}
		}
		b.caller(t, b.handler(), 1, access.Analyst).do("PATCH", "/workspace", obj{"staff": []string{}}, 403, nil)
	})
}
