package collect

import (
	"path"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// purpose is what a path is for.
type purpose uint8

const (
	toEvent purpose = iota + 1
	toBatch
	toMetrics
	toPixel
	toSettings
	toSourceConfig
	toScript
)

type route struct {
	purpose purpose
	kind    core.Kind // of toEvent and toPixel
	key     string    // of toSettings
}

// fixed gives the paths without variables, without trailing slash.
func fixed() map[string]route {
	paths := map[string]route{
		"/v1/batch": {purpose: toBatch}, "/v1/b": {purpose: toBatch}, "/beacon/v1/batch": {purpose: toBatch},
		"/v1/batch/b": {purpose: toBatch}, "/batch/b": {purpose: toBatch}, "/batch": {purpose: toBatch}, "/b": {purpose: toBatch}, "/v1/v1/batch": {purpose: toBatch},
		"/v1/m":           {purpose: toMetrics},
		"/pixel/v1/track": {purpose: toPixel, kind: core.KindTrack},
		"/pixel/v1/page":  {purpose: toPixel, kind: core.KindPage},
		"/sourceConfig":   {purpose: toSourceConfig},
		"/ciclo.js":       {purpose: toScript},
	}
	for k := core.KindTrack; k <= core.KindAlias; k++ {
		r := route{purpose: toEvent, kind: k}
		paths["/v1/"+k.String()] = r
		paths["/v1/"+k.String()[:1]] = r
		paths["/api/s/"+k.String()] = r
		paths["/api/s/s2s/"+k.String()] = r
	}
	return paths
}

// table finds routes.
type table struct{ fixed map[string]route }

// find gives the route of a path, whatever its slashes and dots.
func (t table) find(p string) (route, bool) {
	if r, ok := t.fixed[p]; ok {
		return r, true
	}
	if p == "" || p[0] != '/' || len(p) > 1024 {
		return route{}, false
	}
	clean := path.Clean(p)
	if r, ok := t.fixed[clean]; ok {
		return r, true
	}
	for _, head := range [...]string{"/v1/projects/projects/", "/v1/projects/", "/projects/"} {
		rest, ok := strings.CutPrefix(clean, head)
		if !ok {
			continue
		}
		if key, ok := strings.CutSuffix(rest, "/settings"); ok && key != "" && !strings.Contains(key, "/") {
			return route{purpose: toSettings, key: key}, true
		}
	}
	return route{}, false
}

// Paths lists the paths served, without trailing slash; {key} stands for a
// write key. Each is also served with one.
func Paths() []string {
	out := []string{"/v1/projects/{key}/settings", "/projects/{key}/settings", "/v1/projects/projects/{key}/settings"}
	for p := range fixed() {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// IsIngestPath says whether a request path belongs to this package. Doubled
// slashes and dots are seen through.
func IsIngestPath(p string) bool {
	_, ok := table{fixed()}.find(p)
	return ok
}
