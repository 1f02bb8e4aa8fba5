package app_test

import "github.com/ciclo/ciclo/internal/access"

// orderTrend is a chart whose words carry the mark.
func orderTrend(x *tenant) obj {
	return obj{"kind": "trend", "range": obj{"last": "30d"}, "trend": obj{"interval": "day", "series": []any{obj{"event": "Order Completed", "label": x.name("label")}}}}
}

// insight saves a chart and gives its number.
func (x *tenant) insight() int64 {
	x.t.Helper()
	return x.want("POST", "/insights", obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}).Get("id").Int()
}

func insightScenarios() map[string]scenario {
	saved := one((*tenant).insight)
	return map[string]scenario{
		"POST /insights/run":             {perm: access.ReadData, quiet: true, query: "progress=abcd-1234", body: func(x *tenant, _ []any) any { return orderTrend(x) }},
		"GET /insights/progress/{watch}": {perm: access.ReadData, ids: func(*tenant) []any { return []any{"some_id-42"} }},
		"GET /insights":                  {perm: access.ReadData},
		"POST /insights": {perm: access.Design, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}
		}},
		"GET /insights/{id}": {perm: access.ReadData, ids: saved},
		"PATCH /insights/{id}": {perm: access.Design, ids: saved, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}
		}},
		"DELETE /insights/{id}":       {perm: access.Design, ids: saved},
		"GET /insights/{id}/versions": {perm: access.ReadData, ids: saved},
		"GET /insights/{id}/run":      {perm: access.ReadData, ids: saved, query: "progress=abcd-1234&last=7d"},
	}
}
