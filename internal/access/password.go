package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
	"golang.org/x/crypto/argon2"
)

// Cost of argon2id (RFC 9106, second recommended option, less memory so that a
// small machine stands several sign-ins at once).
const (
	argonTime    = 3
	argonMemory  = 32 * 1024
	argonThreads = 1
	argonKey     = 32
)

// nobody is a stored password that no password fits, of the cost above.
const nobody = "$argon2id$v=19$m=32768,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func hashPassword(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", argonMemory, argonTime, argonThreads, enc(salt), enc(key))
}

func checkPassword(stored, password string) bool {
	var m, t uint32
	var p uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, t, m, p, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// token makes a secret of 256 random bits.
func token(prefix string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// digest is what is stored of a token.
func digest(tok string) string {
	h := sha256.Sum256([]byte(tok))
	return hex.EncodeToString(h[:])
}

func checkNewPassword(field, password string) error {
	switch {
	case len([]rune(password)) < 10:
		return errs.Field(field, "weak_password", "a password has at least 10 characters")
	case len(password) > 1000:
		return errs.Field(field, "long_password", "a password has at most 1,000 bytes")
	}
	return nil
}
