package connect

import (
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Kind says what the rows of a file are.
type Kind string

// Kinds of files.
const (
	Customers Kind = "customers" // identify calls
	Events    Kind = "events"    // track and page calls
	Orders    Kind = "orders"    // orders or order lines
)

// Valid says whether k is one of the kinds.
func (k Kind) Valid() bool { return k == Customers || k == Events || k == Orders }

// Ways in which order lines form orders.
const (
	GroupAuto        = ""             // by order id if it is mapped, else by customer and day
	GroupOrderID     = "order_id"     //
	GroupCustomerDay = "customer_day" // one order for each customer and local day
	GroupNone        = "none"         // each row is an order
)

// Options say how cells are to be read. The zero value is a good start: times in
// UTC, all else as found out.
type Options struct {
	// TimeZone of times without an offset, as in "Europe/London".
	TimeZone string `json:"time_zone,omitempty"`
	// Currency of amounts without a currency column (ISO 4217).
	Currency string `json:"currency,omitempty"`
	// DecimalComma says that numbers look like 1.234,50; Decimals says it of
	// single columns: "comma" or "point".
	DecimalComma bool              `json:"decimal_comma,omitempty"`
	Decimals     map[string]string `json:"decimals,omitempty"`
	// DateOrder of dates with slashes: dmy or mdy; ymd or nothing means: as the
	// file itself tells, rows that stay ambiguous being refused.
	DateOrder string `json:"date_order,omitempty"`
	// Encoding, Delimiter and Header replace what was found out.
	Encoding  string `json:"encoding,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	Header    *bool  `json:"header,omitempty"`
	// IgnoreRest leaves out columns that no field is mapped to. Otherwise they
	// become traits or properties with the name of the column.
	IgnoreRest bool `json:"ignore_rest,omitempty"`
	// Event is the name of all events of the file when no column holds it.
	Event string `json:"event,omitempty"`
	// Group says how order lines form orders.
	Group string `json:"group,omitempty"`
	// CancelPrefix begins order ids of cancellations, as C in C536379.
	CancelPrefix string `json:"cancel_prefix,omitempty"`
	// NegativeIsOrder keeps lines of negative quantity or value in their order
	// instead of making a refund of them.
	NegativeIsOrder bool `json:"negative_is_order,omitempty"`
	// FeeCodes are product codes that are no goods: postage, discounts, bank
	// charges. Nil takes none; the ready mapping of Online Retail brings its own.
	FeeCodes []string `json:"fee_codes,omitempty"`
	// Live switches side effects (journeys, earning) on for these events.
	Live bool `json:"live,omitempty"`
}

// Plan is a file's kind, which column each field comes from, and the options.
type Plan struct {
	Kind    Kind              `json:"kind"`
	Map     map[string]string `json:"map"` // field → column
	Options Options           `json:"options"`
}

// layout is a plan made ready for the columns of a file.
type layout struct {
	Plan
	columns  []string
	at       map[string]int // field → position of its column
	rest     []int          // positions of the columns without a field
	restKeys []string
	comma    []bool // by position
	zone     zoneReader
	exponent int
	fees     map[string]bool
	group    string
}

// compile checks the plan against the columns of a file.
func (p *Plan) compile(columns []string) (*layout, error) {
	if !p.Kind.Valid() {
		return nil, errs.Field("kind", "unknown_kind", "kind must be customers, events or orders")
	}
	l := &layout{Plan: *p, columns: columns, at: map[string]int{}, comma: make([]bool, len(columns)), fees: map[string]bool{}}
	known := Fields(p.Kind)
	used := make([]bool, len(columns))
	for field, column := range p.Map {
		if column == "" {
			continue
		}
		if !slices.ContainsFunc(known, func(f Field) bool { return f.Key == field }) {
			return nil, errs.Field("map."+field, "unknown_field", "there is no field %s for %s", field, p.Kind)
		}
		i := slices.Index(columns, column)
		if i < 0 {
			return nil, errs.Field("map."+field, "unknown_column", "the file has no column of this name")
		}
		l.at[field], used[i] = i, true
	}
	if !p.Options.IgnoreRest {
		for i, c := range columns {
			if !used[i] {
				l.rest, l.restKeys = append(l.rest, i), append(l.restKeys, l.restKey(c))
			}
		}
	}
	if err := l.complete(known); err != nil {
		return nil, err
	}
	return l, l.options()
}

// restKey names the trait or property of a column without a field. Names that
// the import itself writes are kept apart.
func (l *layout) restKey(column string) string {
	_, mapped := l.Map[column]
	taken := mapped && l.Kind == Customers
	if l.Kind == Orders {
		taken = slices.Contains([]string{"order_id", "refund_id", "currency", "revenue", "subtotal", "fees_total", "tax", "shipping", "total", "lines",
			"parts", "guest", "coupon", "products", "fees"}, column)
	}
	if taken {
		return "file_" + column
	}
	return column
}

// complete says which fields are missing.
func (l *layout) complete(known []Field) error {
	for _, f := range known {
		if f.Required && !l.has(f.Key) && !(f.Key == "event" && l.Options.Event != "") {
			return errs.Field("map."+f.Key, "missing_field", "choose the column for: %v", f.label)
		}
	}
	named := l.has("user_id") || l.has("email") || l.has("anonymous_id") || l.has("phone")
	switch {
	case l.Kind != Orders && !named:
		return errs.Field("map.user_id", "missing_field", "choose at least one column that says who the customer is: customer id, e-mail, phone or anonymous id")
	case l.Kind == Orders && !l.has("amount") && !l.has("price") && !l.has("revenue"):
		return errs.Field("map.amount", "missing_field", "choose a column with money: line value, unit price or order value")
	case l.Kind == Orders && !named && !l.has("order_id"):
		return errs.Field("map.order_id", "missing_field", "choose the column with the order id or one that says who the customer is")
	}
	return nil
}

// options checks and prepares the options.
func (l *layout) options() error {
	o := &l.Options
	l.zone = zoneReader{loc: time.UTC, order: o.DateOrder}
	if o.TimeZone != "" {
		loc, err := time.LoadLocation(o.TimeZone)
		if err != nil || o.TimeZone == "Local" {
			return errs.Field("options.time_zone", "unknown_time_zone", "there is no such time zone; an example is Europe/London")
		}
		l.zone.loc = loc
	}
	if !slices.Contains([]string{OrderAuto, OrderYMD, OrderDMY, OrderMDY}, o.DateOrder) {
		return errs.Field("options.date_order", "bad_choice", "date_order must be ymd, dmy or mdy")
	}
	o.Currency = strings.ToUpper(strings.TrimSpace(o.Currency))
	if o.Currency == "" {
		o.Currency = "USD"
	}
	if !currencyCode(o.Currency) {
		return errs.Field("options.currency", "bad_currency", "currency must be a code of three letters, such as EUR")
	}
	l.exponent = exponentOf(o.Currency)
	for i, c := range l.columns {
		l.comma[i] = o.DecimalComma
		switch o.Decimals[c] {
		case "":
		case "comma", "point":
			l.comma[i] = o.Decimals[c] == "comma"
		default:
			return errs.Field("options.decimals", "bad_choice", "decimals of a column must be comma or point")
		}
	}
	for _, c := range o.FeeCodes {
		l.fees[strings.ToUpper(strings.TrimSpace(c))] = true
	}
	return l.grouping()
}

func (l *layout) grouping() error {
	l.group = l.Options.Group
	switch l.group {
	case GroupAuto:
		l.group = GroupCustomerDay
		if l.has("order_id") {
			l.group = GroupOrderID
		}
	case GroupOrderID:
		if !l.has("order_id") {
			return errs.Field("map.order_id", "missing_field", "choose the column with the order id, or another way to group")
		}
	case GroupCustomerDay, GroupNone:
	default:
		return errs.Field("options.group", "bad_choice", "group must be order_id, customer_day or none")
	}
	return nil
}

func (l *layout) has(field string) bool { _, ok := l.at[field]; return ok }

// cell gives the trimmed cell of a field, "" when it is not mapped.
func (l *layout) cell(cells []string, field string) string {
	if i, ok := l.at[field]; ok {
		return strings.TrimSpace(cells[i])
	}
	return ""
}

func currencyCode(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range 3 {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
