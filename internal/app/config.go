package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Config is what an App needs before it starts.
type Config struct {
	Data         string // data folder
	Database     string // "postgres://…", or "" for SQLite in the data folder
	Listen       string // host:port; port 0 takes a free one
	PublicURL    string // address that browsers use, "" = from the request
	Proxies      []string
	SealEvents   int
	AllowPrivate bool   // webhooks may call addresses that are not public
	SMTP         string // smtp://user:password@host:587, "" = no mail; never logged
	MailFrom     string
	MaxPending   int64 // events waiting in the inbox before clients are told to wait
}

func (c *Config) dsn() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "ciclo.db")
}

// secret reads the installation's secret, made on first use.
func (c *Config) secret() ([]byte, error) {
	path := filepath.Join(c.Data, "secret")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails
		if err := os.WriteFile(path, []byte(hex.EncodeToString(b)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("write secret: %w", err)
		}
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("file %s does not hold a secret of 32 bytes in hexadecimal", path)
	}
	return b, nil
}
