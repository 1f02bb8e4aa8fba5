package app_test

import "net/url"

// fill puts things of all kinds into a workspace, n of each that is counted.
func (x *tenant) fill(n int) {
	x.t.Helper()
	x.write = x.want("POST", "/sources", obj{"name": x.name("source"), "kind": "server"}).Get("write_key").Str
	x.want("POST", "/stage-models", obj{"template": "sterne_cutler", "key": "main", "name": x.name("model")})
	x.settle()
	for range n {
		x.source()
		x.key()
		x.board()
		x.annotation()
		x.alert()
	}
	for range n/4 + 1 {
		x.model()
		x.imported()
		x.upload(x.name("file")+".csv", "id\n1\n")
	}
	x.people(2 * n)
	c := x.customer()
	for range n {
		x.note(c)
	}
	x.want("PUT", "/customers/"+itoa(c)+"/consent", obj{"channels": []obj{{"channel": "email", "topic": x.mark, "state": "subscribed"}}})
	for range n/4 + 1 {
		x.merged()
		x.erased()
	}
	x.held()
	for range n/4 + 2 {
		x.segment()
	}
	x.list()
	x.want("POST", "/segments/rfm", nil)
	for range n/4 + 2 {
		x.hook()
	}
	x.user()
	x.want("PUT", "/kpis/orders/target", obj{"value": 5, "direction": "up"})
	x.want("PUT", "/settings/identity", rules(x, nil))
	x.settle()
}

// rules are the rules of identity as they are, with one more blocked value.
func rules(x *tenant, _ []any) any {
	out, _ := x.want("GET", "/settings/identity", nil).Value().(map[string]any)
	out["blocked_values"] = []string{x.name("blocked")}
	return out
}

func (x *tenant) source() int64 {
	return x.want("POST", "/sources", obj{"name": x.name("source"), "kind": "browser"}).Get("id").Int()
}

func (x *tenant) key() int64 {
	return x.want("POST", "/api-keys", obj{"name": x.name("key"), "role": "analyst"}).Get("id").Int()
}

func (x *tenant) user() int64 {
	return x.want("POST", "/users", obj{"email": x.name("user") + "@" + x.mark + ".test", "name": x.name("user"), "password": password, "role": "support"}).Get("id").Int()
}

func (x *tenant) model() int64 {
	x.t.Helper()
	id := x.want("POST", "/stage-models", definition(x)).Get("id").Int()
	x.settle()
	return id
}

// definition is a stage model whose words carry the mark.
func definition(x *tenant) obj {
	bought := obj{"did": obj{"event": "Order Completed"}}
	return obj{"key": "m" + itoa(x.n.Add(1)), "name": x.name("model"), "stages": []obj{
		{"key": "seen", "label": x.name("label"), "description": x.mark, "when": obj{"not": bought}, "color": "#123456"},
		{"key": "bought", "label": x.name("label"), "when": bought},
	}}
}

// people makes customers with traits, orders and page views.
func (x *tenant) people(n int) {
	x.t.Helper()
	var events []obj
	for range n {
		events = append(events, x.person(x.name("user"))...)
	}
	x.ingest(events...)
}

func (x *tenant) person(user string) []obj {
	return []obj{
		{"type": "page", "userId": user, "name": x.mark + " page", "context": obj{"page": obj{"url": "https://" + x.mark + ".test/", "title": x.mark}}},
		{"type": "identify", "userId": user, "traits": obj{"email": user + "@" + x.mark + ".test", "name": x.mark + " " + user, x.mark + "_trait": x.mark, "plan": "pro"}},
		{"type": "track", "userId": user, "event": x.mark + " Event", "properties": obj{x.mark + "_property": x.mark}},
		{"type": "track", "userId": user, "event": "Order Completed", "properties": obj{"order_id": x.name("order"), "revenue": 12.5, "currency": "EUR"}},
	}
}

// customer makes one more customer and gives its number.
func (x *tenant) customer() int64 {
	x.t.Helper()
	user := x.name("user")
	x.ingest(x.person(user)...)
	return x.number(user)
}

func (x *tenant) number(user string) int64 {
	x.t.Helper()
	id := x.want("GET", "/customers?q="+url.QueryEscape(user), nil).Get("customers.0.id").Int()
	if id == 0 {
		x.t.Fatalf("%s is nobody", user)
	}
	return id
}

func (x *tenant) note(customer int64) int64 {
	return x.want("POST", "/customers/"+itoa(customer)+"/notes", obj{"body": x.mark + " note"}).Get("id").Int()
}

// merged merges two new customers and gives the one that remains and the
// number of the merge in the log.
func (x *tenant) merged() (customer, log int64) {
	x.t.Helper()
	into, from := x.customer(), x.customer()
	x.want("POST", "/customers/merge", obj{"into": into, "from": from, "reason": x.mark})
	log = x.want("GET", "/customers/"+itoa(into)+"/identity", nil).Get(`log.#(rule=="merged").id`).Int()
	if log == 0 {
		x.t.Fatal("a merge is not in the log")
	}
	return into, log
}

// erased erases a new customer and gives the number of the receipt once all is
// gone.
func (x *tenant) erased() int64 {
	x.t.Helper()
	id := x.want("POST", "/customers/"+itoa(x.customer())+"/erase", obj{"action": "delete", "reason": x.mark}).Get("id").Int()
	x.settle()
	return id
}

// held puts an event that no customer can be found for into quarantine.
func (x *tenant) held() int64 {
	x.t.Helper()
	x.ingest(obj{"type": "track", "event": x.name("Lost"), "properties": obj{"text": x.mark}})
	id := x.want("GET", "/quarantine", nil).Get("groups.0.samples.0.id").Int()
	if id == 0 {
		x.t.Fatal("nothing is held")
	}
	return id
}

// importFile is three rows, one of them refused.
func (x *tenant) importFile() string {
	id := x.name("imported")
	return "id,mail,note\n" + id + "," + id + "@" + x.mark + ".test," + x.mark + "\n" + x.mark + "\n=" + x.mark + ",a,b\n"
}

func importPlan(upload string) obj {
	return obj{"upload_id": upload, "kind": "customers", "map": obj{"user_id": "id", "email": "mail"}}
}

// imported imports a file and gives the import's number once it has ended.
func (x *tenant) imported() int64 {
	x.t.Helper()
	plan := importPlan(x.upload(x.name("file")+".csv", x.importFile()))
	plan["save_preset"] = x.name("preset")
	id := x.want("POST", "/imports", plan).Get("id").Int()
	x.settle()
	return id
}
