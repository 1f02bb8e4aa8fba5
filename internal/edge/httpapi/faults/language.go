package faults

import (
	"strconv"
	"strings"
)

// maxAccept bounds the header that is read.
const maxAccept = 1024

// Choose picks the language that the values of an Accept-Language header like
// best, and English when they name none that is known. Of two that are liked
// equally the first is taken.
func (c *Catalogue) Choose(accept []string) *Tongue {
	best, most := English, 0.0
	text := strings.Join(accept, ",")
	if len(text) > maxAccept {
		text = text[:maxAccept]
	}
	for _, part := range strings.Split(text, ",") {
		tag, params, _ := strings.Cut(part, ";")
		code, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if c.tongues[code] == nil {
			continue
		}
		if q := quality(params); q > most {
			best, most = code, q
		}
	}
	return c.Tongue(best)
}

// quality reads q=0.5; what cannot be read counts as not liked.
func quality(params string) float64 {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1
	}
	name, value, _ := strings.Cut(params, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
