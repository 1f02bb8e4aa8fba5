package app_test

import (
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/connect/hook"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// bought is a condition that some of the people of a world satisfy.
func bought() obj {
	return obj{"any": []obj{{"did": obj{"event": "Order Completed"}}, {"trait": obj{"name": "email", "op": "set"}}}}
}

// segment makes a dynamic segment.
func (x *tenant) segment() int64 {
	x.t.Helper()
	id := x.want("POST", "/segments", obj{"name": x.name("segment"), "when": bought()}).Get("id").Int()
	x.settle()
	return id
}

// list makes a static segment with somebody on it.
func (x *tenant) list() int64 {
	x.t.Helper()
	id := x.want("POST", "/segments", obj{"name": x.name("list"), "kind": "static"}).Get("id").Int()
	x.settle()
	x.want("POST", "/segments/"+itoa(id)+"/members", obj{"customers": []int64{x.customer()}})
	return id
}

func segmentScenarios() map[string]scenario {
	own, listed := one((*tenant).segment), one((*tenant).list)
	when := plain(obj{"when": bought()})
	return map[string]scenario{
		"GET /segments": {perm: access.ReadData},
		"POST /segments": {perm: access.Design, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("segment"), "description": "d", "when": bought()}
		}},
		"POST /segments/preview": {perm: access.ReadData, quiet: true, body: when},
		"POST /segments/from-insight": {perm: access.Design, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("cohort"), "spec": trendOfOrders(), "cell": obj{}}
		}},
		"GET /segments/personas":  {perm: access.ReadData},
		"POST /segments/personas": {perm: access.Design, ids: func(x *tenant) []any { x.shoppers(); return nil }},
		"POST /segments/from-persona": {perm: access.Design, body: func(x *tenant, _ []any) any {
			x.shoppers()
			return obj{"run": x.want("POST", "/segments/personas", nil).Get("personas.run").Int(), "persona": 0, "name": x.name("persona")}
		}},
		"GET /segments/overlap": {perm: access.ReadData, ids: func(x *tenant) []any { return nil }, query: "segments=1,2"},
		"GET /segments/ready":   {perm: access.ReadData},
		"GET /segments/rfm":     {perm: access.ReadData},
		"POST /segments/rfm":    {perm: access.Design},
		"GET /segments/{id}":    {perm: access.ReadData, ids: own},
		"PATCH /segments/{id}": {perm: access.Design, ids: own, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("segment"), "when": obj{"did": obj{"event": "Order Completed", "op": "gte", "value": 2}}}
		}},
		"DELETE /segments/{id}":          {perm: access.Design, ids: own},
		"GET /segments/{id}/versions":    {perm: access.ReadData, ids: own},
		"GET /segments/{id}/history":     {perm: access.ReadData, ids: own, query: "interval=week"},
		"GET /segments/{id}/composition": {perm: access.ReadData, ids: own, query: "by=trait&name=plan"},
		"GET /segments/{id}/explain":     {perm: access.ReadCustomers, ids: own, query: "customer=1"},
		"GET /segments/{id}/members":     {perm: access.ReadCustomers, ids: own, query: "limit=2"},
		"GET /segments/{id}/members.csv": {perm: access.Export, ids: own},
		"POST /segments/{id}/members":    {perm: access.WriteCustomers, ids: listed, body: func(x *tenant, _ []any) any { return obj{"customers": []int64{x.customer()}} }},
		"DELETE /segments/{id}/members":  {perm: access.WriteCustomers, ids: listed, body: func(x *tenant, _ []any) any { return obj{"customers": []int64{x.customer()}} }},
		"POST /segments/{id}/import": {perm: access.WriteCustomers, ids: listed, form: func(x *tenant) (body, kind string) {
			return form(x.t, "file", "members.csv", "user_id\nnobody\n")
		}},
		"GET /customers/{id}/segments": {perm: access.ReadCustomers, ids: one((*tenant).customer)},
	}
}

// shoppers are enough buyers for personas.
func (x *tenant) shoppers() {
	x.t.Helper()
	if x.want("GET", "/segments/personas", nil).Get("personas.run").Exists() {
		return
	}
	var events []obj
	for i := range 24 {
		user := x.name("shopper")
		for k := range 1 + i%3*4 {
			events = append(events, obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": x.name("order"), "properties": obj{"order_id": x.name("o"), "revenue": 10 + 30*(i%3), "category": []string{"a", "b"}[i%2]}, "timestamp": time.Now().AddDate(0, 0, -k-1).Format(time.RFC3339)})
		}
	}
	x.ingest(events...)
}

// hook makes a webhook.
func (x *tenant) hook() int64 {
	x.t.Helper()
	return x.want("POST", "/webhooks", obj{"name": x.name("hook"), "url": "https://hooks.invalid/" + x.mark, "enabled": false}).Get("webhook.id").Int()
}

// ended makes a webhook with a message that has ended: it was told while the
// webhook was on, and is given up now that it is off.
func (x *tenant) ended() []any {
	x.t.Helper()
	id := x.hook()
	path := "/webhooks/" + itoa(id)
	on := obj{"name": x.name("hook"), "url": "https://hooks.invalid/" + x.mark, "events": []string{"alert.firing"}}
	x.want("PUT", path, on)
	err := x.srv.DB.Write(x.t.Context(), func(tx *db.Tx) error {
		return x.srv.Hooks.Tell(x.t.Context(), tx, x.ws, []hook.News{{Event: hook.AlertFired, Data: map[string]any{"mark": x.mark}}})
	})
	if err != nil {
		x.t.Fatal(err)
	}
	on["enabled"] = false
	x.want("PUT", path, on)
	for range 3000 {
		if d := x.want("GET", path+"/deliveries", nil).Get("deliveries.0"); d.Get("state").Str == "failed" {
			return []any{id, d.Get("id").Int()}
		}
		time.Sleep(5 * time.Millisecond)
	}
	x.t.Fatal("the delivery does not end")
	return nil
}

// digest makes a digest that was drawn once.
func (x *tenant) digest() []any {
	x.t.Helper()
	id := x.want("POST", "/digests", obj{"name": x.name("digest"), "dashboard": x.board(), "every": "week", "on": 1, "hour": 7, "format": "svg"}).Get("id").Int()
	return []any{id, x.want("POST", "/digests/"+itoa(id)+"/run", nil).Get("at").Int()}
}

func digestScenarios() map[string]scenario {
	drawn := func(x *tenant) []any { return x.digest()[:1] }
	def := func(x *tenant, _ []any) any {
		return obj{"name": x.name("digest"), "dashboard": x.board(), "every": "month", "on": 2, "hour": 3, "language": "it", "enabled": false}
	}
	return map[string]scenario{
		"GET /dashboards/{id}/export":    {perm: access.ReadData, ids: one((*tenant).board), query: "format=svg"},
		"GET /digests":                   {perm: access.ReadData},
		"POST /digests":                  {perm: access.Design, body: def},
		"PUT /digests/{id}":              {perm: access.Design, ids: drawn, body: def},
		"DELETE /digests/{id}":           {perm: access.Design, ids: drawn},
		"POST /digests/{id}/run":         {perm: access.Design, ids: drawn},
		"GET /digests/{id}/files":        {perm: access.ReadData, ids: drawn},
		"GET /digests/{id}/files/{file}": {perm: access.ReadData, ids: (*tenant).digest},
	}
}

func hookScenarios() map[string]scenario {
	own := one((*tenant).hook)
	def := func(x *tenant, _ []any) any {
		return obj{"name": x.name("hook"), "url": "https://hooks.invalid/" + x.mark, "events": []string{"segment.entered"}, "segments": []int64{1}, "enabled": false}
	}
	return map[string]scenario{
		"GET /webhooks":                                    {perm: access.Sources},
		"POST /webhooks":                                   {perm: access.Sources, body: def},
		"PUT /webhooks/{id}":                               {perm: access.Sources, ids: own, body: def},
		"DELETE /webhooks/{id}":                            {perm: access.Sources, ids: own},
		"POST /webhooks/{id}/secret":                       {perm: access.Sources, ids: own},
		"POST /webhooks/{id}/test":                         {perm: access.Sources, ids: own},
		"GET /webhooks/{id}/deliveries":                    {perm: access.Sources, ids: own, query: "limit=5"},
		"POST /webhooks/{id}/deliveries/{delivery}/replay": {perm: access.Sources, ids: (*tenant).ended},
	}
}
