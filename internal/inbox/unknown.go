package inbox

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// maxUnknown bounds how many different unknown keys are held between two
// flushes; the rest is counted under one name.
const maxUnknown = 500

// UnknownKey is a write key that somebody used and that opens nothing.
type UnknownKey struct {
	Shown     string      `json:"key"` // its beginning
	Count     int64       `json:"count"`
	FirstSeen core.Micros `json:"first_seen"`
	LastSeen  core.Micros `json:"last_seen"`
	Address   string      `json:"address"` // of one caller, truncated
}

// unknownLog collects unknown keys so that a flood costs no writes.
type unknownLog struct {
	mu   sync.Mutex
	keys map[string]*UnknownKey // by hash
}

// NoteUnknown counts a request with an unknown key.
func (s *Service) NoteUnknown(key, address string, at core.Micros) {
	hash, shown := s.keys.writeKey(key), showKey(key)
	l := &s.lost
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]*UnknownKey{}
	}
	if l.keys[hash] == nil && len(l.keys) >= maxUnknown {
		hash, shown = "others", "(others)"
	}
	k := l.keys[hash]
	if k == nil {
		k = &UnknownKey{Shown: shown, FirstSeen: at}
		l.keys[hash] = k
	}
	k.Count++
	k.LastSeen = max(k.LastSeen, at)
	k.Address = ApplyIPPolicy(address, IPTruncate)
}

// showKey gives enough of a key to recognise it, and no more.
func showKey(key string) string {
	key = tidy(strings.ToValidUTF8(key, "\uFFFD"))
	if key == "" {
		return "(none)"
	}
	return clip(key, 8) + "…"
}

// restore puts back what could not be written.
func (l *unknownLog) restore(keys map[string]*UnknownKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for hash, newer := range l.keys {
		if old := keys[hash]; old != nil {
			newer.Count += old.Count
			newer.FirstSeen = min(newer.FirstSeen, old.FirstSeen)
		}
		keys[hash] = newer
	}
	l.keys = keys
}

// flushUnknown writes what was collected.
func (s *Service) flushUnknown(ctx context.Context) error {
	l := &s.lost
	l.mu.Lock()
	keys := l.keys
	l.keys = nil
	l.mu.Unlock()
	if len(keys) == 0 {
		return nil
	}
	in := db.Insert{
		Table: "unknown_keys", Columns: []string{"workspace_id", "key_hash", "shown", "n", "first_seen", "last_seen", "address"},
		Conflict: `ON CONFLICT (workspace_id, key_hash) DO UPDATE SET n = unknown_keys.n + excluded.n,
last_seen = excluded.last_seen, address = excluded.address`,
	}
	for hash, k := range keys {
		in.Rows = append(in.Rows, []any{0, hash, k.Shown, k.Count, k.FirstSeen, k.LastSeen, k.Address})
	}
	if err := s.DB.Write(ctx, func(tx *db.Tx) error { return tx.Bulk(ctx, in) }); err != nil {
		l.restore(keys)
		return fmt.Errorf("write unknown keys: %w", err)
	}
	return nil
}

// UnknownKeys lists the keys that opened nothing, the latest first, up to 200.
func (s *Service) UnknownKeys(ctx context.Context) ([]UnknownKey, error) {
	if err := s.flushUnknown(ctx); err != nil {
		return nil, err
	}
	var out []UnknownKey
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("unknown_keys"), func(row db.Row) error {
			var k UnknownKey
			if err := row.Scan(&k.Shown, &k.Count, &k.FirstSeen, &k.LastSeen, &k.Address); err != nil {
				return err
			}
			out = append(out, k)
			return nil
		}, 200)
	})
	if err != nil {
		return nil, fmt.Errorf("list unknown keys: %w", err)
	}
	return out, nil
}
