package collect

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed script/ciclo.js
var scriptSource []byte

// asset is a file ready to be sent.
type asset struct {
	plain, packed []byte
	tag           string
}

func newScript() asset {
	plain := shrink(scriptSource)
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, _ = z.Write(plain) // a buffer takes everything
		_ = z.Close()
	}
	sum := sha256.Sum256(plain)
	return asset{plain: plain, packed: b.Bytes(), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// shrink takes whole-line comments, indentation and empty lines out. The
// script is written so that nothing else is needed.
func shrink(src []byte) []byte {
	var out strings.Builder
	for line := range strings.SplitSeq(string(src), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return []byte(out.String())
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Type", "text/javascript; charset=utf-8")
	head.Set("Cache-Control", "public, max-age=3600")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	head.Set("ETag", a.tag)
	head.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body = a.packed
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the caller may be gone
	}
}
