package inbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// vault encrypts property values with AES-256-GCM under keys derived from the
// installation's secret. The nonce is a keyed hash of message id and value:
// the same event gives the same text each time it is read, so that duplicates
// are still known, while equal values of two events look different.
type vault struct {
	aead  cipher.AEAD
	nonce []byte // key of the nonces
}

func newVault(secret []byte) (*vault, error) {
	derive := func(purpose string) ([]byte, error) {
		k, err := hkdf.Key(sha256.New, secret, nil, "ciclo inbox "+purpose, 32)
		if err != nil {
			return nil, fmt.Errorf("derive key: %w", err)
		}
		return k, nil
	}
	key, err := derive("property encryption v1")
	if err != nil {
		return nil, err
	}
	nonce, err := derive("property nonce v1")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &vault{aead: aead, nonce: nonce}, nil
}

// bound is the additional data of a seal: a value opens only in the workspace
// it was sealed in.
func bound(ws core.WorkspaceID) []byte {
	return binary.BigEndian.AppendUint64([]byte("ciclo property "), uint64(ws))
}

// seal gives the text for the raw JSON value of message id.
func (v *vault) seal(ws core.WorkspaceID, id string, raw []byte) string {
	h := hmac.New(sha256.New, v.nonce)
	h.Write(bound(ws))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(id))))
	h.Write([]byte(id))
	h.Write(raw)
	n := v.aead.NonceSize()
	nonce := h.Sum(nil)[:n:n]
	return core.SealedPrefix + base64.RawURLEncoding.EncodeToString(v.aead.Seal(nonce, nonce, raw, bound(ws)))
}

// open gives the raw JSON value behind a sealed text; ok is false for any other
// text, and for one sealed elsewhere.
func (v *vault) open(ws core.WorkspaceID, text string) (raw []byte, ok bool) {
	rest, ok := strings.CutPrefix(text, core.SealedPrefix)
	if !ok {
		return nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(b) < v.aead.NonceSize() {
		return nil, false
	}
	n := v.aead.NonceSize()
	raw, err = v.aead.Open(nil, b[:n], b[n:], bound(ws))
	return raw, err == nil
}

// Sealed says whether a JSON text holds something that looks encrypted.
func Sealed(raw []byte) bool { return bytes.Contains(raw, []byte(`"`+core.SealedPrefix)) }

// Reveal gives the JSON value raw with every encrypted value in it opened. Text
// that does not open stays as it is. The caller has made sure that the reader
// may see it.
func (s *Service) Reveal(ws core.WorkspaceID, raw []byte) []byte {
	if !Sealed(raw) || !isValue(raw) {
		return raw
	}
	return s.keys.vault.reveal(ws, make([]byte, 0, len(raw)), raw)
}

// RevealText opens one encrypted text; ok is false when it does not open.
func (s *Service) RevealText(ws core.WorkspaceID, text string) (raw []byte, ok bool) {
	return s.keys.vault.open(ws, text)
}

// isValue says whether raw is one JSON value of bounded depth without outer
// blanks, which walking it takes for granted.
func isValue(raw []byte) bool {
	if len(raw) == 0 || raw[0] <= ' ' {
		return false
	}
	sc := scanner{b: raw}
	end, err := sc.value(0)
	return err == nil && end == len(raw) && sc.depth <= 4*maxDepth
}

func (v *vault) reveal(ws core.WorkspaceID, dst, raw []byte) []byte {
	switch raw[0] {
	case '"':
		if plain, ok := v.open(ws, textOf(raw)); ok {
			return append(dst, plain...)
		}
	case '{':
		dst = append(dst, '{')
		first := true
		for w := walk(raw); w.next(); {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(append(append(dst, '"'), w.key...), '"', ':')
			dst = v.reveal(ws, dst, w.val)
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		for i, e := range elements(raw) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.reveal(ws, dst, e)
		}
		return append(dst, ']')
	}
	return append(dst, raw...)
}
