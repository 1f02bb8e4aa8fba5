package collect

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/ciclo/ciclo/internal/inbox"
)

// keepBuffer is the capacity in bytes up to which buffers are used again.
const keepBuffer = 1 << 20

func (h *Handler) buffer() *bytes.Buffer { return h.buffers.Get().(*bytes.Buffer) }

func (h *Handler) release(bufs ...*bytes.Buffer) {
	for _, b := range bufs {
		if b.Cap() <= keepBuffer {
			b.Reset()
			h.buffers.Put(b)
		}
	}
}

// body reads the request body and decompresses it when it begins like gzip,
// whatever the headers say: some clients leave the header out, and some proxies
// leave it in.
func (h *Handler) body(r *http.Request, raw, plain *bytes.Buffer) ([]byte, *refusal) {
	if r.ContentLength > h.MaxBody {
		return nil, h.tooLarge()
	}
	if n := r.ContentLength; n > 0 {
		raw.Grow(int(n) + bytes.MinRead)
	}
	n, err := raw.ReadFrom(io.LimitReader(r.Body, h.MaxBody+1))
	if n > h.MaxBody {
		return nil, h.tooLarge()
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, code: inbox.CodeInvalidJSON, message: "the body ended early"}
	}
	b := raw.Bytes()
	if len(b) < 2 || b[0] != 0x1F || b[1] != 0x8B {
		return b, nil
	}
	z, err := gzip.NewReader(raw)
	if err == nil {
		n, err = plain.ReadFrom(io.LimitReader(z, h.MaxBody+1))
	}
	if n > h.MaxBody {
		return nil, h.tooLarge()
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, code: inbox.CodeInvalidJSON, message: "the gzip data is broken"}
	}
	return plain.Bytes(), nil
}

func (h *Handler) tooLarge() *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, code: "too_large", message: "the decompressed body is larger than the limit"}
}

// address gives the caller's address: the nearest one in X-Forwarded-For that
// is not a trusted proxy, provided the peer itself is one.
func (h *Handler) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	peer = peer.Unmap().WithZone("")
	if !h.trusted(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = a.Unmap().WithZone("")
		if !h.trusted(peer) {
			break
		}
	}
	return peer.String()
}

func (h *Handler) trusted(a netip.Addr) bool {
	for _, p := range h.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// fromTrusted says whether the peer is a trusted proxy.
func (h *Handler) fromTrusted(r *http.Request) bool {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && h.trusted(ap.Addr().Unmap().WithZone(""))
}

// ipPolicy reads the client's wish about its address.
func ipPolicy(r *http.Request) inbox.IPPolicy {
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("X-IP-Policy"))) {
	case "striplastoctet":
		return inbox.IPTruncate
	case "remove":
		return inbox.IPRemove
	}
	return inbox.IPKeep
}
