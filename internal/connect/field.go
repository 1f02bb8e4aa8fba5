package connect

import (
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Field is something that a column can be mapped to.
type Field struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Required bool   `json:"required"`
	Help     string `json:"help"`
	names    []string
	label    *errs.Text
}

// field makes a Field; help may be missing.
func field(key string, label *errs.Text, required bool, help *errs.Text, names ...string) Field {
	f := Field{Key: key, Label: label.Error(), Required: required, names: names, label: label}
	if help != nil {
		f.Help = help.Error()
	}
	return f
}

func exponentOf(currency string) int { return core.Exponent(currency) }

// who are the fields that say whose row it is.
func who() []Field {
	return []Field{
		field("user_id", errs.Say("Customer id"), false, errs.Say("Your own id of the customer. 17850.0 is read as 17850."), "userid", "customerid", "custid", "clientid", "customer"),
		field("email", errs.Say("E-mail"), false, errs.Say("Identifies the customer."), "email", "emailaddress", "customeremail", "mail"),
		field("phone", errs.Say("Phone"), false, errs.Say("In international form, such as +39 06 1234567."), "phone", "phonenumber", "mobile"),
		field("anonymous_id", errs.Say("Anonymous id"), false, errs.Say("The id that tracking gave the browser or device."), "anonymousid", "visitorid", "deviceid"),
		field("message_id", errs.Say("Event id"), false, errs.Say("Makes repeated imports harmless. Without it the id is made from file and line."), "messageid", "eventid"),
	}
}

// Fields lists what columns of a kind of file can be mapped to.
func Fields(k Kind) []Field {
	switch k {
	case Customers:
		return append(who(),
			field("name", errs.Say("Name"), false, nil, "name", "fullname", "customername"),
			field("first_name", errs.Say("First name"), false, nil, "firstname", "givenname"),
			field("last_name", errs.Say("Last name"), false, nil, "lastname", "surname", "familyname"),
			field("created_at", errs.Say("Customer since"), false, errs.Say("Becomes the trait created_at."), "createdat", "createdate", "signupdate", "optintime", "profilecreatedon", "datejoined"),
			field("time", errs.Say("As of"), false, errs.Say("When these facts were true. Newer facts win over older ones. Without it: the moment of the import."), "updatedat", "lastchanged", "modifiedat"),
			field("traits_json", errs.Say("More traits (JSON)"), false, errs.Say("A JSON object whose members become traits."), "attributes", "traits"),
		)
	case Events:
		return append(who(),
			field("event", errs.Say("Event name"), true, nil, "event", "eventname", "name", "action"),
			field("time", errs.Say("Time"), true, nil, "time", "timestamp", "date", "eventtime", "createdat", "occurredat"),
			field("type", errs.Say("Type"), false, errs.Say("track (default), page or screen."), "type"),
			field("properties_json", errs.Say("More properties (JSON)"), false, errs.Say("A JSON object whose members become properties."), "properties"),
		)
	case Orders:
		return append(who(), orderFields()...)
	}
	return nil
}

func orderFields() []Field {
	return []Field{
		field("time", errs.Say("Time"), true, errs.Say("When the order was made."), "time", "date", "orderdate", "invoicedate", "createdat", "timestamp", "purchasedate", "paidat"),
		field("order_id", errs.Say("Order id"), false, errs.Say("Rows with the same id are one order. Without it: one order for each customer and day."), "orderid", "invoiceno", "invoice", "ordernumber", "order", "name", "invoiceid"),
		field("amount", errs.Say("Line value"), false, errs.Say("Money of the row, after discount. Without it: unit price times quantity."), "amount", "linetotal", "dollarvalue", "linevalue", "value"),
		field("price", errs.Say("Unit price"), false, nil, "price", "unitprice", "lineitemprice"),
		field("quantity", errs.Say("Quantity"), false, errs.Say("1 when there is none. Negative: a return."), "quantity", "qty", "numberofcds", "lineitemquantity"),
		field("discount", errs.Say("Line discount"), false, errs.Say("Money taken off the row."), "discount", "linediscount", "lineitemdiscount"),
		field("product_id", errs.Say("Product id"), false, nil, "productid", "stockcode", "sku", "itemid", "lineitemsku"),
		field("sku", errs.Say("SKU"), false, errs.Say("If it differs from the product id.")),
		field("product_name", errs.Say("Product name"), false, nil, "description", "productname", "item", "itemname", "lineitemname", "product"),
		field("category", errs.Say("Category"), false, nil, "category", "productcategory"),
		field("cost", errs.Say("Unit cost"), false, errs.Say("What one piece costs you; gives the margin."), "cost", "unitcost", "cogs"),
		field("revenue", errs.Say("Order value"), false, errs.Say("After discounts, without tax and shipping; once per order. Wins over line values."), "revenue", "subtotal", "ordervalue", "netvalue"),
		field("tax", errs.Say("Tax"), false, errs.Say("Once per order."), "tax", "taxes", "vat"),
		field("shipping", errs.Say("Shipping"), false, errs.Say("Once per order."), "shipping", "delivery"),
		field("currency", errs.Say("Currency"), false, errs.Say("ISO code. Without it: the currency of the options."), "currency", "currencycode"),
		field("coupon", errs.Say("Coupon"), false, nil, "coupon", "discountcode", "voucher"),
	}
}

// Preset is a mapping with a name.
type Preset struct {
	ID      int64   `json:"id"` // 0 for the ready ones
	Key     string  `json:"key"`
	Name    string  `json:"name"`
	Kind    Kind    `json:"kind"`
	Map     Mapping `json:"map"`
	Options Options `json:"options"`
	// optional columns are left out of the mapping when the file lacks them.
	optional []string
}

// Mapping says which column each field comes from.
type Mapping = map[string]string

// RetailFees are the codes of the Online Retail file that are no goods: postage,
// carriage, discount, manual entries, samples, charges.
func RetailFees() []string {
	return []string{"POST", "DOT", "C2", "D", "M", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}
}

// Ready lists the mappings that come with the program.
func Ready() []Preset {
	people := func(key, name string, m Mapping, optional ...string) Preset {
		return Preset{Key: key, Name: name, Kind: Customers, Map: m, optional: optional}
	}
	return []Preset{
		{Key: "cdnow", Name: "CDNOW", Kind: Orders, Map: Mapping{"user_id": "customer_id", "time": "date", "quantity": "number_of_cds", "amount": "dollar_value"},
			Options: Options{Group: GroupCustomerDay, Currency: "USD", TimeZone: "America/New_York"}},
		{Key: "online-retail", Name: "Online Retail", Kind: Orders, Map: Mapping{"order_id": "InvoiceNo", "user_id": "CustomerID", "time": "InvoiceDate", "product_id": "StockCode",
			"product_name": "Description", "quantity": "Quantity", "price": "UnitPrice"},
			Options: Options{Currency: "GBP", TimeZone: "Europe/London", CancelPrefix: "C", FeeCodes: RetailFees()}},
		people("listmonk", "listmonk subscribers", Mapping{"email": "email", "name": "name", "created_at": "created_at", "traits_json": "attributes"}, "traits_json", "created_at"),
		people("mailchimp", "Mailchimp audience", Mapping{"email": "Email Address", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone Number", "created_at": "OPTIN_TIME"},
			"phone", "created_at", "first_name", "last_name"),
		people("hubspot", "HubSpot contacts", Mapping{"user_id": "Record ID", "email": "Email", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone Number", "created_at": "Create Date"},
			"phone", "created_at"),
		people("klaviyo", "Klaviyo profiles", Mapping{"email": "Email", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone Number", "created_at": "Profile Created On"},
			"phone", "created_at"),
	}
}

// Fit gives the preset for a file with these columns, without the optional
// columns that the file lacks; ok says whether it fits.
func (p Preset) Fit(columns []string) (Preset, bool) {
	m := Mapping{}
	for field, column := range p.Map {
		switch {
		case slices.Contains(columns, column):
			m[field] = column
		case !slices.Contains(p.optional, field):
			return p, false
		}
	}
	p.Map = m
	return p, len(m) > 0
}

// Suggestion is a first mapping for a file.
type Suggestion struct {
	Kind    Kind    `json:"kind"`
	Preset  string  `json:"preset"` // name, "" when none fits
	Map     Mapping `json:"map"`
	Options Options `json:"options"`
}

// suggest takes the preset that uses most columns, else guesses by the names of
// the columns.
func suggest(columns []string, saved []Preset) Suggestion {
	best := Suggestion{Kind: Customers, Map: Mapping{}}
	for _, p := range append(saved, Ready()...) {
		if p, ok := p.Fit(columns); ok && len(p.Map) > len(best.Map) {
			best = Suggestion{p.Kind, p.Name, p.Map, p.Options}
		}
	}
	if best.Preset != "" {
		return best
	}
	for _, k := range []Kind{Orders, Events, Customers} {
		m := guess(columns, Fields(k))
		p := Plan{Kind: k, Map: m}
		if _, err := p.compile(columns); err == nil {
			return Suggestion{Kind: k, Map: m}
		}
	}
	best.Map = guess(columns, Fields(Customers))
	return best
}

func guess(columns []string, fields []Field) Mapping {
	m, taken := Mapping{}, map[int]bool{}
	for _, f := range fields {
		for _, name := range append([]string{squash(f.Key)}, f.names...) {
			i := slices.IndexFunc(columns, func(c string) bool { return squash(c) == name })
			if i >= 0 && !taken[i] {
				m[f.Key], taken[i] = columns[i], true
				break
			}
		}
	}
	return m
}

// squash keeps letters and digits in lower case.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
