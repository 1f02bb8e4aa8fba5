package app_test

import (
	"net/url"

	"github.com/ciclo/ciclo/internal/access"
)

// holders says which roles hold a permission: written down a second time, so
// that a change of one is seen.
var holders = map[access.Permission][]access.Role{
	access.ReadData:       roles,
	access.ReadCustomers:  {access.Owner, access.Admin, access.Marketer, access.Analyst, access.Support},
	access.WriteCustomers: {access.Owner, access.Admin, access.Marketer, access.Support},
	access.Erase:          {access.Owner, access.Admin},
	access.Export:         {access.Owner, access.Admin, access.Marketer, access.Analyst},
	access.Insights:       {access.Owner, access.Admin, access.Marketer, access.Analyst},
	access.Design:         {access.Owner, access.Admin, access.Marketer},
	access.Import:         {access.Owner, access.Admin, access.Marketer, access.Developer},
	access.Sources:        {access.Owner, access.Admin, access.Developer},
	access.Settings:       {access.Owner, access.Admin},
	access.Users:          {access.Owner, access.Admin},
	access.Audit:          {access.Owner, access.Admin},
}

// scenario is how an operation is called in the right way.
type scenario struct {
	perm access.Permission
	open bool // needs no sign-in
	user bool // is for people, not for API keys
	// ids gives the numbers of things of x for the parameters of the path, and
	// more that the body needs. They are new wherever the call uses them up.
	ids func(x *tenant) []any
	// theirs gives ids that mean nothing in another workspace, where those of ids
	// do.
	theirs func(x *tenant) []any
	query  string
	body   func(x *tenant, ids []any) any
	// form gives a body that is not JSON.
	form func(x *tenant) (body, kind string)
	// quiet marks a call that may change things by its method and changes none.
	quiet bool
	// fresh marks a call that only works on a new installation: TestSetup.
	fresh bool
	// status is what the right call answers where nothing is described.
	status int
}

func one(make func(x *tenant) int64) func(x *tenant) []any {
	return func(x *tenant) []any { return []any{make(x)} }
}

func mainModel(x *tenant) int64 {
	return x.want("GET", "/stage-models", nil).Get(`models.#(key=="main").id`).Int()
}

func plain(v any) func(*tenant, []any) any { return func(*tenant, []any) any { return v } }

// scenarios has every operation of the API.
func scenarios() map[string]scenario {
	out := map[string]scenario{}
	for _, part := range []map[string]scenario{sessionScenarios(), settingScenarios(), customerScenarios(), identityScenarios(), modelScenarios(), dataScenarios(), importScenarios(), insightScenarios(), dashboardScenarios(), costScenarios(), rateScenarios(), alertScenarios(), segmentScenarios(), hookScenarios(), digestScenarios()} {
		for k, v := range part {
			out[k] = v
		}
	}
	return out
}

func sessionScenarios() map[string]scenario {
	return map[string]scenario{
		"GET /setup": {open: true},
		"POST /setup": {open: true, fresh: true, body: func(x *tenant, _ []any) any {
			return obj{"email": "new@x.test", "password": password, "name": "New", "workspace_name": "Shop", "time_zone": "Europe/Rome", "currency": "EUR", "locale": "it", "source_kind": "browser"}
		}},
		"POST /session": {open: true, body: func(x *tenant, _ []any) any {
			return obj{"email": "owner@" + x.mark + ".test", "password": password}
		}},
		"GET /session":      {},
		"DELETE /session":   {open: true, quiet: true},
		"PATCH /me":         {user: true, body: func(x *tenant, _ []any) any { return obj{"name": x.name("me"), "locale": "it"} }},
		"POST /me/password": {user: true, body: plain(obj{"current": password, "new": password})},
		"GET /status":       {perm: access.ReadData},
		"GET /openapi.json": {open: true},
		"GET /docs":         {open: true},
	}
}

func settingScenarios() map[string]scenario {
	return map[string]scenario{
		"GET /workspace": {perm: access.ReadData},
		"PATCH /workspace": {perm: access.Settings, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("shop"), "time_zone": "Europe/Bucharest", "currency": "EUR", "week_start": 7, "lapse_days": 60, "refund_date": "order"}
		}},
		"GET /settings/mail":       {perm: access.ReadData},
		"POST /settings/mail/test": {perm: access.Settings, user: true},
		"GET /users":               {perm: access.Users},
		"POST /users": {perm: access.Users, body: func(x *tenant, _ []any) any {
			return obj{"email": x.name("u") + "@" + x.mark + ".test", "name": x.name("u"), "password": password, "role": "analyst", "locale": "ro"}
		}},
		"PATCH /users/{id}":     {perm: access.Users, ids: one((*tenant).user), body: plain(obj{"role": "developer", "disabled": true})},
		"GET /api-keys":         {perm: access.Users},
		"POST /api-keys":        {perm: access.Users, body: func(x *tenant, _ []any) any { return obj{"name": x.name("key"), "role": "support"} }},
		"DELETE /api-keys/{id}": {perm: access.Users, ids: one((*tenant).key)},
		"GET /audit":            {perm: access.Audit, query: "actor=key:x&action=source.create&limit=5"},
	}
}

func customerScenarios() map[string]scenario {
	cust := one((*tenant).customer)
	note := func(x *tenant) []any { c := x.customer(); return []any{c, x.note(c)} }
	text := func(x *tenant, _ []any) any { return obj{"body": x.mark + " says so"} }
	return map[string]scenario{
		"GET /customers":                      {perm: access.ReadCustomers, query: "q=mark&has=orders&trait=plan:is:pro&sort=name&limit=2"},
		"GET /customers.csv":                  {perm: access.Export, query: "has=orders&sort=id", status: 200},
		"GET /customers/{id}":                 {perm: access.ReadCustomers, ids: cust},
		"GET /customers/{id}/timeline":        {perm: access.ReadCustomers, ids: cust, query: "kinds=track&limit=1"},
		"GET /customers/{id}/stage":           {perm: access.ReadCustomers, ids: cust},
		"GET /customers/{id}/kpis":            {perm: access.ReadCustomers, ids: cust},
		"GET /customers/{id}/notes":           {perm: access.ReadCustomers, ids: note},
		"POST /customers/{id}/notes":          {perm: access.WriteCustomers, ids: cust, body: text},
		"PATCH /customers/{id}/notes/{note}":  {perm: access.WriteCustomers, ids: note, body: text},
		"DELETE /customers/{id}/notes/{note}": {perm: access.WriteCustomers, ids: note},
		"GET /customers/{id}/consent":         {perm: access.ReadCustomers, ids: cust},
		"GET /customers/{id}/identity":        {perm: access.ReadCustomers, ids: cust},
		"GET /customers/{id}/export":          {perm: access.Export, ids: note},
		"POST /erasures": {perm: access.Erase, body: func(x *tenant, _ []any) any {
			return obj{"action": "suppress", "reason": x.mark, "identifiers": []obj{{"type": "user_id", "value": x.name("unknown")}}}
		}},
		"GET /erasures/{id}":          {perm: access.Erase, ids: one((*tenant).erased)},
		"GET /erasures":               {perm: access.Erase},
		"POST /customers/{id}/erase":  {perm: access.Erase, ids: cust, body: func(x *tenant, _ []any) any { return obj{"action": "suppress", "reason": x.mark} }},
		"PUT /customers/{id}/consent": {perm: access.WriteCustomers, ids: cust, body: plain(obj{"channels": []obj{{"channel": "sms", "topic": "news", "state": "pending"}}})},
	}
}

func identityScenarios() map[string]scenario {
	two := func(x *tenant) []any { return []any{x.customer(), x.customer()} }
	return map[string]scenario{
		"POST /customers/merge": {perm: access.WriteCustomers, ids: two, body: func(x *tenant, ids []any) any {
			return obj{"into": ids[0], "from": ids[1], "reason": x.mark}
		}},
		"POST /customers/{id}/merge": {perm: access.WriteCustomers, ids: two, body: func(x *tenant, ids []any) any {
			return obj{"from": ids[1], "reason": x.mark}
		}},
		"POST /customers/{id}/unmerge": {perm: access.WriteCustomers, ids: func(x *tenant) []any { c, log := x.merged(); return []any{c, log} },
			body: func(x *tenant, ids []any) any { return obj{"log_id": ids[1], "reason": x.mark} }},
		"GET /settings/identity":          {perm: access.ReadData},
		"PUT /settings/identity":          {perm: access.Settings, body: rules},
		"POST /settings/identity/preview": {perm: access.ReadCustomers, body: rules, quiet: true},
	}
}

func modelScenarios() map[string]scenario {
	model := one((*tenant).model)
	own := one(mainModel)
	def := func(x *tenant, _ []any) any { return definition(x) }
	span := "from=2020-01-01T00:00:00Z"
	return map[string]scenario{
		"GET /stage-models":                {perm: access.ReadData},
		"GET /stage-models/templates":      {perm: access.ReadData},
		"POST /stage-models":               {perm: access.Design, body: def},
		"GET /stage-models/{id}":           {perm: access.ReadData, ids: model},
		"PUT /stage-models/{id}":           {perm: access.Design, ids: model, body: def},
		"DELETE /stage-models/{id}":        {perm: access.Design, ids: model},
		"GET /stage-models/{id}/versions":  {perm: access.ReadData, ids: model},
		"POST /stage-models/{id}/preview":  {perm: access.ReadData, ids: own, theirs: model, body: def, quiet: true},
		"GET /stage-models/{id}/board":     {perm: access.ReadData, ids: own, theirs: model, query: span + "&window=7d"},
		"GET /stage-models/{id}/flow":      {perm: access.ReadData, ids: own, theirs: model, query: "period=week"},
		"GET /stage-models/{id}/timelapse": {perm: access.ReadData, ids: own, theirs: model, query: "step=month"},
		"GET /stage-models/{id}/moves":     {perm: access.ReadCustomers, ids: own, theirs: model, query: span + "&limit=2"},
		"GET /kpis":                        {perm: access.ReadData, query: span + "&window=7d&include_bots=true&cost_lag=14d"},
		"GET /kpis/catalogue":              {perm: access.ReadData},
		"POST /insights/people":            {perm: access.ReadCustomers, quiet: true, body: plain(obj{"spec": trendOfOrders(), "cell": obj{"bucket": 0}, "limit": 2})},
		"POST /insights/correlate": {perm: access.ReadData, quiet: true, body: plain(obj{"events": true, "spec": obj{"kind": "funnel", "range": obj{"last": "30d"},
			"funnel": obj{"steps": []any{obj{"kind": "page"}, obj{"event": "Order Completed"}}}}})},
		"POST /insights/explain": {perm: access.ReadCustomers, quiet: true, ids: one((*tenant).customer), body: func(_ *tenant, ids []any) any {
			return obj{"spec": trendOfOrders(), "cell": obj{"bucket": 0}, "customer": ids[0]}
		}},
		"PUT /kpis/{key}/target": {perm: access.Design, ids: func(*tenant) []any { return []any{"orders"} }, body: plain(obj{"value": 7.5, "direction": "up", "warn": 5})},
		"POST /expr/describe":    {perm: access.ReadData, quiet: true, body: plain(obj{"condition": obj{"trait": obj{"name": "plan", "op": "is", "value": "pro"}}, "locale": "ro"})},
	}
}

func trendOfOrders() obj {
	return obj{"kind": "trend", "range": obj{"last": "30d"}, "trend": obj{"interval": "day", "series": []any{obj{"event": "Order Completed"}}}}
}

func dataScenarios() map[string]scenario {
	held := one((*tenant).held)
	ids := func(_ *tenant, ids []any) any { return obj{"ids": ids} }
	return map[string]scenario{
		"GET /sources": {perm: access.ReadData},
		"POST /sources": {perm: access.Sources, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("source"), "kind": "mobile", "ip_policy": "truncate"}
		}},
		"PATCH /sources/{id}": {perm: access.Sources, ids: one((*tenant).source), body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("source"), "kind": "server", "enabled": false, "ip_policy": "remove"}
		}},
		"POST /sources/{id}/rotate": {perm: access.Sources, ids: one((*tenant).source)},
		"GET /quarantine":           {perm: access.Sources},
		"POST /quarantine/replay":   {perm: access.Sources, ids: held, body: ids},
		"POST /quarantine/delete":   {perm: access.Sources, ids: held, body: ids},
		"GET /unknown-keys":         {perm: access.Sources},
		"GET /events/live":          {perm: access.ReadCustomers, query: "limit=200"},
		"GET /events/names":         {perm: access.ReadData, query: "q=mark"},
		"GET /events/properties":    {perm: access.ReadData, query: "event=Order+Completed&q=r"},
		"GET /traits":               {perm: access.ReadData, query: "q=mark"},
		"GET /data/values":          {perm: access.ReadCustomers, query: "of=property&event=Order+Completed&name=mark"},
	}
}

func importScenarios() map[string]scenario {
	uploaded := func(x *tenant) []any { return []any{x.upload(x.name("file")+".csv", x.importFile())} }
	run := one((*tenant).imported)
	return map[string]scenario{
		"GET /imports":          {perm: access.ReadData},
		"GET /imports/fields":   {perm: access.ReadData},
		"GET /imports/presets":  {perm: access.ReadData},
		"GET /imports/{id}":     {perm: access.ReadData, ids: run},
		"POST /imports/dry-run": {perm: access.Import, ids: uploaded, quiet: true, body: func(_ *tenant, ids []any) any { return importPlan(ids[0].(string)) }},
		"POST /imports": {perm: access.Import, ids: uploaded, body: func(x *tenant, ids []any) any {
			p := importPlan(ids[0].(string))
			p["save_preset"] = x.name("preset")
			return p
		}},
		"POST /imports/uploads":          {perm: access.Import, form: func(x *tenant) (string, string) { return form(x.t, "file", x.name("file")+".csv", x.importFile()) }},
		"GET /imports/{id}/rejected.csv": {perm: access.Import, ids: run},
	}
}

// path fills ids into the template of an operation.
func (s *scenario) path(template string, ids []any) string {
	out := ""
	for i, part := range splitTemplate(template) {
		if i%2 == 0 {
			out += part
			continue
		}
		out += url.PathEscape(text(ids[i/2]))
	}
	if s.query != "" {
		out += "?" + s.query
	}
	return out
}
