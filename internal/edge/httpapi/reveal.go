package httpapi

import (
	"encoding/json"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/tidwall/gjson"
)

// reveal opens the values in raw that are encrypted at rest, for a reader who
// may see them; others get them as they are stored.
func (a *API) reveal(p *access.Principal, raw json.RawMessage) json.RawMessage {
	if !p.Role.Can(access.Reveal) {
		return raw
	}
	return a.Inbox.Reveal(p.Workspace, raw)
}

// shape gives an event as the reader may see it, with the reasons why a program
// was taken for its sender.
func (a *API) shape(p *access.Principal, e *core.Event) eventShape {
	o := eventOut(e)
	o.Properties = a.reveal(p, o.Properties)
	if e.Flags&core.FlagBot != 0 {
		for _, what := range [2]string{"class", "evidence"} {
			if v := gjson.GetBytes(e.Rest, "bot."+what).String(); v != "" {
				o.Context["bot_"+what] = v
			}
		}
	}
	return o
}
