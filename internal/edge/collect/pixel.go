package collect

import (
	"net/http"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

// gif is a transparent picture of one pixel.
const gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// pixel takes one event from the query. The answer is always the picture: a
// page must not show a broken image because of us.
func (h *Handler) pixel(w http.ResponseWriter, r *http.Request, rt route) {
	if r.Method == http.MethodGet {
		if err := h.takePixel(r, rt); err != nil {
			h.Log.DebugContext(r.Context(), "pixel refused", "error", err)
		}
	}
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-store, private")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write([]byte(gif)) // the caller may be gone
	}
}

func (h *Handler) takePixel(r *http.Request, rt route) error {
	received := core.FromTime(h.Clock.Now())
	c := caller{key: headerKey(r)}
	if bad := h.let(r, &c); bad != nil {
		return errRefused(bad.code)
	}
	meta := h.meta(r, rt)
	meta.Shape, meta.Kind, meta.Unknown = inbox.ShapePixel, rt.kind, c.unknown
	_, err := h.Inbox.Accept(r.Context(), inbox.Door{
		Source: c.source, Meta: meta, Body: inbox.PixelBody(r.URL.Query()), Received: received, Key: c.key,
		Admit: func(events int) error { return h.limits.admit(c.source, events, h.Clock.Now()) },
	})
	return err
}

// errRefused is the code of a refusal as an error.
type errRefused string

func (e errRefused) Error() string { return string(e) }
