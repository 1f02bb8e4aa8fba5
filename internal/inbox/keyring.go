package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/ciclo/ciclo/internal/core"
)

// keyring derives a key for each purpose from the installation's secret.
type keyring struct {
	write    []byte
	property []byte
	dedupe   [32]byte
	vault    *vault
}

func newKeyring(secret []byte) (keyring, error) {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte("ciclo inbox " + purpose))
		return h.Sum(nil)
	}
	k := keyring{write: derive("write key"), property: derive("property")}
	copy(k.dedupe[:], derive("dedupe"))
	var err error
	k.vault, err = newVault(secret)
	return k, err
}

// writeKey gives the stored form of a write key.
func (k *keyring) writeKey(key string) string { return keyed(k.write, key) }

func keyed(secret []byte, text string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// entry is a dedupe key with the fingerprint of what was seen under it.
type entry struct {
	hi, lo uint64 // 128-bit hash of (source, message id)
	print  uint64
}

func (e entry) compare(o entry) int {
	switch {
	case e.hi != o.hi:
		return order(e.hi, o.hi)
	case e.lo != o.lo:
		return order(e.lo, o.lo)
	case e.print != o.print:
		return order(e.print, o.print)
	}
	return 0
}

func order(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// entry gives the dedupe entry of a message. The hash begins with a secret, so
// nobody can aim for a collision.
func (k *keyring) entry(m *core.Message) entry {
	var stack [320]byte
	b := append(stack[:0], k.dedupe[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Source))
	b = append(b, m.ID...)
	sum := sha256.Sum256(b)
	return entry{hi: binary.BigEndian.Uint64(sum[:]), lo: binary.BigEndian.Uint64(sum[8:]), print: m.Fingerprint}
}
