package connect

import (
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// Field is something that a column can be mapped to.
type Field struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Required bool   `json:"required"`
	Help     string `json:"help"`
	names    []string
}

func exponentOf(currency string) int { return core.Exponent(currency) }

// who are the fields that say whose row it is.
func who() []Field {
	return []Field{
		{"user_id", "Customer id", false, "Your own id of the customer. 17850.0 is read as 17850.", []string{"userid", "customerid", "custid", "clientid", "customer"}},
		{"email", "E-mail", false, "Identifies the customer.", []string{"email", "emailaddress", "customeremail", "mail"}},
		{"phone", "Phone", false, "In international form, such as +39 06 1234567.", []string{"phone", "phonenumber", "mobile"}},
		{"anonymous_id", "Anonymous id", false, "The id that tracking gave the browser or device.", []string{"anonymousid", "visitorid", "deviceid"}},
		{"message_id", "Event id", false, "Makes repeated imports harmless. Without it the id is made from file and line.", []string{"messageid", "eventid"}},
	}
}

// Fields lists what columns of a kind of file can be mapped to.
func Fields(k Kind) []Field {
	switch k {
	case Customers:
		return append(who(),
			Field{"name", "Name", false, "", []string{"name", "fullname", "customername"}},
			Field{"first_name", "First name", false, "", []string{"firstname", "givenname"}},
			Field{"last_name", "Last name", false, "", []string{"lastname", "surname", "familyname"}},
			Field{"created_at", "Customer since", false, "Becomes the trait created_at.", []string{"createdat", "createdate", "signupdate", "optintime", "profilecreatedon", "datejoined"}},
			Field{"time", "As of", false, "When these facts were true. Newer facts win over older ones. Without it: the moment of the import.", []string{"updatedat", "lastchanged", "modifiedat"}},
			Field{"traits_json", "More traits (JSON)", false, "A JSON object whose members become traits.", []string{"attributes", "traits"}},
		)
	case Events:
		return append(who(),
			Field{"event", "Event name", true, "", []string{"event", "eventname", "name", "action"}},
			Field{"time", "Time", true, "", []string{"time", "timestamp", "date", "eventtime", "createdat", "occurredat"}},
			Field{"type", "Type", false, "track (default), page or screen.", []string{"type"}},
			Field{"properties_json", "More properties (JSON)", false, "A JSON object whose members become properties.", []string{"properties"}},
		)
	case Orders:
		return append(who(), orderFields()...)
	}
	return nil
}

func orderFields() []Field {
	return []Field{
		{"time", "Time", true, "When the order was made.", []string{"time", "date", "orderdate", "invoicedate", "createdat", "timestamp", "purchasedate", "paidat"}},
		{"order_id", "Order id", false, "Rows with the same id are one order. Without it: one order for each customer and day.", []string{"orderid", "invoiceno", "invoice", "ordernumber", "order", "name", "invoiceid"}},
		{"amount", "Line value", false, "Money of the row, after discount. Without it: unit price times quantity.", []string{"amount", "linetotal", "dollarvalue", "linevalue", "value"}},
		{"price", "Unit price", false, "", []string{"price", "unitprice", "lineitemprice"}},
		{"quantity", "Quantity", false, "1 when there is none. Negative: a return.", []string{"quantity", "qty", "numberofcds", "lineitemquantity"}},
		{"discount", "Line discount", false, "Money taken off the row.", []string{"discount", "linediscount", "lineitemdiscount"}},
		{"product_id", "Product id", false, "", []string{"productid", "stockcode", "sku", "itemid", "lineitemsku"}},
		{"sku", "SKU", false, "If it differs from the product id.", nil},
		{"product_name", "Product name", false, "", []string{"description", "productname", "item", "itemname", "lineitemname", "product"}},
		{"category", "Category", false, "", []string{"category", "productcategory"}},
		{"cost", "Unit cost", false, "What one piece costs you; gives the margin.", []string{"cost", "unitcost", "cogs"}},
		{"revenue", "Order value", false, "After discounts, without tax and shipping; once per order. Wins over line values.", []string{"revenue", "subtotal", "ordervalue", "netvalue"}},
		{"tax", "Tax", false, "Once per order.", []string{"tax", "taxes", "vat"}},
		{"shipping", "Shipping", false, "Once per order.", []string{"shipping", "delivery"}},
		{"currency", "Currency", false, "ISO code. Without it: the currency of the options.", []string{"currency", "currencycode"}},
		{"coupon", "Coupon", false, "", []string{"coupon", "discountcode", "voucher"}},
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
