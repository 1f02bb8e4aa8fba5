package customer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// sealer encrypts identifiers that an erasure still needs: whoever reads the
// database alone must not find whom it is about.
func (s *Service) sealer() (cipher.AEAD, error) {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte("ciclo erasure"))
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

func (s *Service) seal(id core.Identifier) (string, error) {
	c, err := s.sealer()
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(id)
	if err != nil {
		return "", fmt.Errorf("seal identifier: %w", err)
	}
	nonce := make([]byte, c.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawStdEncoding.EncodeToString(c.Seal(nonce, nonce, plain, nil)), nil
}

func (s *Service) unseal(text string) (core.Identifier, error) {
	var id core.Identifier
	c, err := s.sealer()
	if err != nil {
		return id, err
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil && len(raw) < c.NonceSize() {
		err = errors.New("it is cut off")
	}
	if err == nil {
		raw, err = c.Open(nil, raw[:c.NonceSize()], raw[c.NonceSize():], nil)
	}
	if err != nil {
		return id, fmt.Errorf("unseal identifier: %w", err)
	}
	return id, json.Unmarshal(raw, &id)
}
