// Package secret encrypts small texts that the program itself must read again,
// such as the signing secrets of webhooks, with keys derived from the
// installation's secret.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const prefix = "box:v1:"

// Box seals and opens texts for one purpose: AES-256-GCM under a key that HKDF
// (RFC 5869) derives from the installation's secret and the purpose.
type Box struct{ aead cipher.AEAD }

// NewBox makes a Box.
func NewBox(installation []byte, purpose string) (*Box, error) {
	key, err := hkdf.Key(sha256.New, installation, nil, "ciclo "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &Box{aead}, nil
}

// Seal encrypts text; place (say, workspace and row) must be the same when it is
// opened.
func (b *Box) Seal(text, place string) string {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b.aead.Seal(nonce, nonce, []byte(text), []byte(place)))
}

var errSealed = errors.New("the text was not sealed here")

// Open gives the text back.
func (b *Box) Open(sealed, place string) (string, error) {
	rest, ok := strings.CutPrefix(sealed, prefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	n := b.aead.NonceSize()
	if !ok || err != nil || len(raw) < n {
		return "", errSealed
	}
	text, err := b.aead.Open(nil, raw[:n], raw[n:], []byte(place))
	if err != nil {
		return "", errSealed
	}
	return string(text), nil
}
