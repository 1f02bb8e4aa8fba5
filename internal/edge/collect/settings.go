package collect

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

// settings answers with the document that Segment's libraries load first. It
// points them here and switches their usage metrics off.
func (h *Handler) settings(w http.ResponseWriter, r *http.Request, key string) {
	if _, err := h.Inbox.Resolve(r.Context(), key); err != nil {
		h.unsettled(w, r, err)
		return
	}
	scheme := "http"
	if r.TLS != nil || h.fromTrusted(r) && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	allow := map[string]any{"__default": map[string]any{"enabled": true, "integrations": map[string]any{}}}
	h.document(w, map[string]any{
		"integrations": map[string]any{"Segment.io": map[string]any{
			"apiKey": key, "apiHost": r.Host + "/v1", "protocol": scheme,
			"deliveryStrategy": map[string]any{}, "versionSettings": map[string]any{"version": "4.4.7", "componentTypes": []string{"browser"}},
		}},
		"metrics":              map[string]any{"sampleRate": 0},
		"plan":                 map[string]any{"track": allow, "identify": allow, "group": allow},
		"edgeFunction":         map[string]any{},
		"analyticsNextEnabled": true,
		"middlewareSettings":   map[string]any{},
		"enabledMiddleware":    map[string]any{},
		"remotePlugins":        []any{},
	})
}

// sourceConfig answers with the document that RudderStack's libraries load.
func (h *Handler) sourceConfig(w http.ResponseWriter, r *http.Request) {
	key := headerKey(r)
	src, err := h.Inbox.Resolve(r.Context(), key)
	if err != nil {
		h.unsettled(w, r, err)
		return
	}
	h.document(w, map[string]any{"source": map[string]any{
		"id": strconv.FormatInt(int64(src.ID), 10), "name": src.Name, "enabled": true, "writeKey": key,
		"workspaceId": strconv.FormatInt(int64(src.Workspace), 10), "config": map[string]any{}, "destinations": []any{},
	}})
}

// unsettled answers 404 for a key that opens nothing.
func (h *Handler) unsettled(w http.ResponseWriter, r *http.Request, err error) {
	bad := refusalOf(err)
	if bad.code == inbox.CodeInvalidKey {
		h.Inbox.NoteUnknown(settingsKey(h, r), h.address(r), core.FromTime(h.Clock.Now()))
		bad.status = http.StatusNotFound
	}
	refuse(w, bad)
}

func settingsKey(h *Handler, r *http.Request) string {
	if rt, _ := h.table.find(r.URL.Path); rt.key != "" {
		return rt.key
	}
	return headerKey(r)
}

func (h *Handler) document(w http.ResponseWriter, doc map[string]any) {
	body, err := json.Marshal(doc)
	if err != nil {
		refuse(w, refusalOf(err))
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	answer(w, http.StatusOK, body)
}
