package timeline

import "github.com/ciclo/ciclo/internal/core"

// contextColumn is one standard context column: its name in the file and its
// place in core.Context. The order is stored in tail rows: append only.
type contextColumn struct {
	name string
	at   func(*core.Context) *string
}

func contextColumns() []contextColumn {
	return []contextColumn{
		{"page_url", func(c *core.Context) *string { return &c.PageURL }},
		{"page_path", func(c *core.Context) *string { return &c.PagePath }},
		{"page_title", func(c *core.Context) *string { return &c.PageTitle }},
		{"referrer", func(c *core.Context) *string { return &c.Referrer }},
		{"utm_source", func(c *core.Context) *string { return &c.UTMSource }},
		{"utm_medium", func(c *core.Context) *string { return &c.UTMMedium }},
		{"utm_campaign", func(c *core.Context) *string { return &c.UTMCampaign }},
		{"utm_term", func(c *core.Context) *string { return &c.UTMTerm }},
		{"utm_content", func(c *core.Context) *string { return &c.UTMContent }},
		{"ip", func(c *core.Context) *string { return &c.IP }},
		{"user_agent", func(c *core.Context) *string { return &c.UserAgent }},
		{"device", func(c *core.Context) *string { return &c.Device }},
		{"os", func(c *core.Context) *string { return &c.OS }},
		{"browser", func(c *core.Context) *string { return &c.Browser }},
		{"locale", func(c *core.Context) *string { return &c.Locale }},
		{"timezone", func(c *core.Context) *string { return &c.Timezone }},
		{"country", func(c *core.Context) *string { return &c.Country }},
		{"app", func(c *core.Context) *string { return &c.App }},
		{"library", func(c *core.Context) *string { return &c.Library }},
		{"group", func(c *core.Context) *string { return &c.Group }},
	}
}

// contextAt gives the place of a column in core.Context, or nil.
func contextAt(column string) func(*core.Context) *string {
	for _, c := range contextColumns() {
		if c.name == column {
			return c.at
		}
	}
	return nil
}
