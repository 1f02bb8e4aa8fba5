package connect

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/tidwall/gjson"
)

// Reasons for which a row is refused because of its cells.
const (
	ReasonNoCustomer = "no_identity"
	ReasonBadNumber  = "bad_number"
	ReasonBadJSON    = "bad_json"
	ReasonNoEvent    = "no_event_name"
	ReasonBadType    = "unknown_type"
	ReasonIDTooLong  = "message_id_too_long"
	ReasonTooLarge   = "event_too_large"
	ReasonAdjustment = "no_value_no_customer"
)

// Bounds that the inbox sets on one event.
const (
	maxEvent = 32_768 // bytes
	maxID    = 255    // characters
)

// made is one event ready to be sent.
type made struct {
	id   string
	line int64
	body []byte // JSON
}

// bad makes the error of a row at a field.
func (l *layout) bad(line int64, cells []string, field, reason, format string, args ...any) *RowError {
	e := &RowError{Line: line, Reason: reason, Message: errs.Say(format, args...).Error(), Row: joinCells(cells)}
	if i, ok := l.at[field]; ok {
		e.Column = l.columns[i]
	}
	return e
}

// person says whose row it is.
type person struct{ user, anonymous, email, phone string }

func (p person) nobody() bool { return p == person{} }

// key names the person in groups and matches.
func (p person) key() string {
	return p.user + "\x00" + strings.ToLower(p.email) + "\x00" + p.phone + "\x00" + p.anonymous
}

func (l *layout) person(cells []string) person {
	return person{l.id(cells, "user_id"), l.id(cells, "anonymous_id"), l.id(cells, "email"), l.cell(cells, "phone")}
}

// id reads an identifier; words that programs write for nothing are nothing.
func (l *layout) id(cells []string, field string) string {
	s := identifier(l.cell(cells, field))
	switch s {
	case "", "nan", "NaN", "NULL", "null", "None", "NA", "N/A", "#N/A":
		return ""
	}
	return s
}

// write adds the ids. A person known by e-mail or phone only gets an anonymous
// id made from it, which is the same in every file.
func (p person) write(o *object) {
	o.text("userId", p.user)
	switch {
	case p.anonymous != "":
		o.text("anonymousId", p.anonymous)
	case p.user != "":
	case p.email != "":
		o.text("anonymousId", "import:email:"+strings.ToLower(p.email))
	default:
		o.text("anonymousId", "import:phone:"+p.phone)
	}
}

// when reads the time field.
func (l *layout) when(line int64, cells []string, field string) (core.Micros, *RowError) {
	t, reason := l.zone.read(l.cell(cells, field))
	switch reason {
	case "":
		return t, nil
	case ReasonAmbiguous:
		return 0, l.bad(line, cells, field, reason, "day and month could be swapped: choose the order of dates")
	}
	return 0, l.bad(line, cells, field, ReasonBadTime, "this is not a date or time that can be read")
}

// messageID gives the id of the row's event.
func (l *layout) messageID(line int64, cells []string, sha string) (string, *RowError) {
	if id := l.cell(cells, "message_id"); id != "" {
		if len([]rune(id)) > maxID {
			return "", l.bad(line, cells, "message_id", ReasonIDTooLong, "the event id is longer than 255 characters")
		}
		return id, nil
	}
	return lineID(sha, line), nil
}

func lineID(sha string, line int64) string {
	return "import:" + sha + ":" + strconv.FormatInt(line, 10)
}

// check reads a row of customers or events as far as its place in time needs.
func (l *layout) check(line int64, cells []string) (core.Micros, *RowError) {
	if l.person(cells).nobody() {
		return 0, l.bad(line, cells, "user_id", ReasonNoCustomer, "the row does not say which customer it is about")
	}
	if l.Kind == Customers && (!l.has("time") || l.cell(cells, "time") == "") {
		return 0, nil
	}
	return l.when(line, cells, "time")
}

// identify makes the event of a row of customers.
func (l *layout) identify(line int64, cells []string, sha string) (made, *RowError) {
	p := l.person(cells)
	id, bad := l.messageID(line, cells, sha)
	if bad != nil {
		return made{}, bad
	}
	o := object{buf: append(make([]byte, 0, 512), '{')}
	o.text("type", "identify")
	o.text("messageId", id)
	p.write(&o)
	if l.has("time") && l.cell(cells, "time") != "" {
		t, bad := l.when(line, cells, "time")
		if bad != nil {
			return made{}, bad
		}
		o.time("timestamp", t)
	}
	o.open("traits", '{')
	o.text("email", p.email)
	o.text("phone", p.phone)
	o.text("name", l.cell(cells, "name"))
	o.text("first_name", l.cell(cells, "first_name"))
	o.text("last_name", l.cell(cells, "last_name"))
	if c := l.cell(cells, "created_at"); c != "" {
		t, bad := l.when(line, cells, "created_at")
		if bad != nil {
			return made{}, bad
		}
		o.text("created_at", core.ToTime(t).Format(time.RFC3339))
	}
	if bad := l.members(&o, line, cells, "traits_json"); bad != nil {
		return made{}, bad
	}
	o.close('}')
	return l.finish(&o, line, cells, id)
}

// event makes the event of a row of events.
func (l *layout) event(line int64, cells []string, sha string) (made, *RowError) {
	p := l.person(cells)
	id, bad := l.messageID(line, cells, sha)
	if bad != nil {
		return made{}, bad
	}
	t, bad := l.when(line, cells, "time")
	if bad != nil {
		return made{}, bad
	}
	typ := strings.ToLower(l.cell(cells, "type"))
	if typ == "" {
		typ = "track"
	}
	name := l.cell(cells, "event")
	if name == "" {
		name = l.Options.Event
	}
	nameKey := "name"
	switch {
	case typ != "track" && typ != "page" && typ != "screen":
		return made{}, l.bad(line, cells, "type", ReasonBadType, "the type must be track, page or screen")
	case typ == "track":
		nameKey = "event"
		if name == "" {
			return made{}, l.bad(line, cells, "event", ReasonNoEvent, "the event has no name")
		}
	}
	if len([]rune(name)) > maxID {
		return made{}, l.bad(line, cells, "event", "event_name_too_long", "the event name is longer than 255 characters")
	}
	o := object{buf: append(make([]byte, 0, 512), '{')}
	o.text("type", typ)
	o.text(nameKey, name)
	o.text("messageId", id)
	o.time("timestamp", t)
	p.write(&o)
	contact(&o, p)
	o.open("properties", '{')
	if bad := l.members(&o, line, cells, "properties_json"); bad != nil {
		return made{}, bad
	}
	o.close('}')
	return l.finish(&o, line, cells, id)
}

// contact hands e-mail and phone over as traits of the context, which identify.
func contact(o *object, p person) {
	if p.email == "" && p.phone == "" {
		return
	}
	o.open("context", '{')
	o.open("traits", '{')
	o.text("email", p.email)
	o.text("phone", p.phone)
	o.close('}')
	o.close('}')
}

// members adds the members of a JSON cell, then the columns without a field.
// Duplicate names are harmless: the last wins.
func (l *layout) members(o *object, line int64, cells []string, field string) *RowError {
	if c := l.cell(cells, field); c != "" {
		if !json.Valid([]byte(c)) || c[0] != '{' {
			return l.bad(line, cells, field, ReasonBadJSON, "the cell is not a JSON object")
		}
		gjson.Parse(c).ForEach(func(k, v gjson.Result) bool {
			o.raw(k.Str, v.Raw)
			return true
		})
	}
	l.others(o, cells)
	return nil
}

// others adds the columns that no field is mapped to. Empty cells say nothing.
func (l *layout) others(o *object, cells []string) {
	for i, at := range l.rest {
		if c := strings.TrimSpace(cells[at]); c != "" {
			o.raw(l.restKeys[i], scalar(c, l.comma[at]))
		}
	}
}

// scalar writes a cell as JSON: numbers and truth values as such, unless that
// could lose something, as with "007" or a long id.
func scalar(c string, comma bool) string {
	switch c {
	case "true", "TRUE", "True":
		return "true"
	case "false", "FALSE", "False":
		return "false"
	}
	if (c[0] >= '0' && c[0] <= '9' || c[0] == '-') && len(c) <= 15 && !(len(c) > 1 && c[0] == '0' && c[1] >= '0' && c[1] <= '9') {
		if n, ok := decimal(c, comma); ok {
			return n
		}
	}
	return string(appendText(nil, c))
}

// finish ends the event and checks its size.
func (l *layout) finish(o *object, line int64, cells []string, id string) (made, *RowError) {
	o.close('}')
	if len(o.buf) > maxEvent {
		return made{}, l.bad(line, cells, "", ReasonTooLarge, "the row makes an event larger than 32,768 bytes")
	}
	return made{id, line, o.buf}, nil
}
