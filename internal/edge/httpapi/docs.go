package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
)

//go:embed docs.html
var docsPage []byte

// serveDocs serves a page that draws openapi.json without any call outside.
func serveDocs(w http.ResponseWriter, _ *http.Request, _ *access.Principal) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'; style-src 'sha256-"+docsStyleHash+"'; script-src 'sha256-"+docsScriptHash+"'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(docsPage)
}

// Hashes of the inline style and script of docs.html; a test keeps them right.
const (
	docsStyleHash  = "5Kd1MFKcff8T+8rPPeEIatMqREgUhd5/WUQHzi15LBk="
	docsScriptHash = "cD9ivBqOH98LdbATEtGuj7kHYwXWf58BSPOPSfAKiDA="
)
