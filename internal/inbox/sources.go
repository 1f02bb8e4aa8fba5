package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Codes of keys that open nothing.
const (
	CodeInvalidKey     = "invalid_write_key"
	CodeSourceDisabled = "source_disabled"
)

// cacheFor is how long a looked-up key is believed. A change made through this
// process is seen at once; this bounds how late one made elsewhere is seen.
const cacheFor = 10 * core.Second

// sourceCache remembers what write keys open. version rises with each change,
// so that a look-up begun before a change is not remembered after it.
type sourceCache struct {
	mu      sync.RWMutex
	version uint64
	byKey   map[string]cached
	all     cached // the source for unknown keys
	byID    map[sourceRef]*Source
}

type sourceRef struct {
	ws core.WorkspaceID
	id core.SourceID
}

type cached struct {
	source *Source // nil for an unknown key
	until  core.Micros
}

func (c *sourceCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.byKey, c.byID, c.all = nil, nil, cached{}
}

// CreateSource makes a source and gives it with its write key, which cannot be
// read again later.
func (s *Service) CreateSource(ctx context.Context, ws core.WorkspaceID, n NewSource) (*Source, string, error) {
	key := n.Key
	if key == "" {
		var err error
		if key, err = newKey(); err != nil {
			return nil, "", err
		}
	} else if err := checkKey(key); err != nil {
		return nil, "", err
	}
	now := s.now()
	src := &Source{
		Workspace: ws, Name: n.Name, Kind: n.Kind, Enabled: true, IPPolicy: n.IPPolicy, Settings: n.Settings,
		KeyPrefix: prefixOf(key), keyHash: s.keys.writeKey(key), CreatedAt: now, UpdatedAt: now,
	}
	settings, err := s.prepare(src)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, s.q.Get("next_source_id"), []any{ws}, &src.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, s.q.Get("insert_source"), ws, src.ID, src.Name, string(src.Kind), src.Enabled, src.keyHash, src.KeyPrefix,
			string(src.IPPolicy), settings, now, now)
		if err != nil {
			return err
		}
		tx.AfterCommit(s.cache.clear)
		return nil
	})
	if errors.Is(err, db.ErrUnique) {
		return nil, "", errs.Wrap(err, errs.Conflict, "key_taken", "this write key is in use already")
	}
	if err != nil {
		return nil, "", fmt.Errorf("create source: %w", err)
	}
	return src, key, nil
}

// prepare validates src, compiles its rules and gives its settings as text.
func (s *Service) prepare(src *Source) (string, error) {
	if err := src.Validate(); err != nil {
		return "", err
	}
	compiled, err := s.compile(src)
	if err != nil {
		return "", err
	}
	src.rules = compiled
	settings, err := json.Marshal(src.Settings)
	if err != nil {
		return "", fmt.Errorf("write settings: %w", err)
	}
	return string(settings), nil
}

// UpdateSource changes a source. The change holds for the next request.
func (s *Service) UpdateSource(ctx context.Context, ws core.WorkspaceID, id core.SourceID, u SourceUpdate) (*Source, error) {
	return s.change(ctx, ws, id, func(src *Source) error {
		if u.Name != nil {
			src.Name = *u.Name
		}
		if u.Kind != nil {
			src.Kind = *u.Kind
		}
		if u.Enabled != nil {
			src.Enabled = *u.Enabled
		}
		if u.IPPolicy != nil {
			src.IPPolicy = *u.IPPolicy
		}
		if u.Settings != nil {
			src.Settings = *u.Settings
		}
		return nil
	})
}

// RotateKey gives the source a new write key; the old one is refused at once.
func (s *Service) RotateKey(ctx context.Context, ws core.WorkspaceID, id core.SourceID) (*Source, string, error) {
	key, err := newKey()
	if err != nil {
		return nil, "", err
	}
	src, err := s.change(ctx, ws, id, func(src *Source) error {
		src.keyHash, src.KeyPrefix = s.keys.writeKey(key), prefixOf(key)
		return nil
	})
	return src, key, err
}

func (s *Service) change(ctx context.Context, ws core.WorkspaceID, id core.SourceID, edit func(*Source) error) (*Source, error) {
	var out *Source
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		src, err := s.readSource(ctx, tx, ws, id)
		if err != nil {
			return err
		}
		if err := edit(src); err != nil {
			return err
		}
		settings, err := s.prepare(src)
		if err != nil {
			return err
		}
		src.UpdatedAt = s.now()
		_, err = tx.Exec(ctx, s.q.Get("update_source"), src.Name, string(src.Kind), src.Enabled, src.keyHash, src.KeyPrefix,
			string(src.IPPolicy), settings, src.UpdatedAt, ws, id)
		if err != nil {
			return fmt.Errorf("update source: %w", err)
		}
		out = src
		tx.AfterCommit(s.cache.clear)
		return nil
	})
	return out, err
}

func (s *Service) readSource(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id core.SourceID) (*Source, error) {
	found, err := s.scanSources(ctx, tx, "source_by_id", ws, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errs.New(errs.NotFound, "source_not_found", "there is no source %d", id)
	}
	return found[0], nil
}

func (s *Service) scanSources(ctx context.Context, tx *db.Tx, query string, args ...any) ([]*Source, error) {
	var out []*Source
	err := tx.Query(ctx, s.q.Get(query), func(row db.Row) error {
		src := &Source{}
		var settings string
		err := row.Scan(&src.Workspace, &src.ID, &src.Name, &src.Kind, &src.Enabled, &src.keyHash, &src.KeyPrefix, &src.IPPolicy, &settings,
			&src.CreatedAt, &src.UpdatedAt, &src.LastEventAt)
		if err != nil {
			return err
		}
		out = append(out, src)
		return s.loadSource(src, settings)
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read sources: %w", err)
	}
	return out, nil
}

// ListSources gives the sources of a workspace with their counters.
func (s *Service) ListSources(ctx context.Context, ws core.WorkspaceID) ([]SourceStats, error) {
	var out []SourceStats
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		found, err := s.scanSources(ctx, tx, "sources_of_workspace", ws)
		if err != nil {
			return err
		}
		for _, src := range found {
			out = append(out, SourceStats{Source: *src, Counts: map[string]int64{}})
		}
		return tx.Query(ctx, s.q.Get("counters_of_workspace"), func(row db.Row) error {
			var id core.SourceID
			var name string
			var n int64
			if err := row.Scan(&id, &name, &n); err != nil {
				return err
			}
			if i := slices.IndexFunc(out, func(x SourceStats) bool { return x.ID == id }); i >= 0 {
				out[i].Counts[name] = n
			}
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	return out, nil
}

// GetSource gives one source of a workspace.
func (s *Service) GetSource(ctx context.Context, ws core.WorkspaceID, id core.SourceID) (*Source, error) {
	var src *Source
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		src, err = s.readSource(ctx, tx, ws, id)
		return err
	})
	return src, err
}

// sourceFor gives the source a stored batch belongs to, from the cache if it
// is there.
func (s *Service) sourceFor(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id core.SourceID) (*Source, error) {
	ref := sourceRef{ws, id}
	s.cache.mu.RLock()
	src, version := s.cache.byID[ref], s.cache.version
	s.cache.mu.RUnlock()
	if src != nil {
		return src, nil
	}
	src, err := s.readSource(ctx, tx, ws, id)
	if err != nil {
		return nil, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.version == version {
		if s.cache.byID == nil {
			s.cache.byID = map[sourceRef]*Source{}
		}
		s.cache.byID[ref] = src
	}
	return src, nil
}

// Resolve finds the source that a write key opens. It fails with Unauthorized
// and CodeInvalidKey for an unknown key, with NotFound and CodeSourceDisabled
// for a source that is switched off.
func (s *Service) Resolve(ctx context.Context, key string) (*Source, error) {
	if key == "" || len(key) > 512 {
		return nil, errs.New(errs.Unauthorized, CodeInvalidKey, "the write key is missing")
	}
	now := s.now()
	s.cache.mu.RLock()
	hit, ok := s.cache.byKey[key]
	version := s.cache.version
	s.cache.mu.RUnlock()
	if !ok || hit.until < now {
		var err error
		if hit.source, err = s.lookUp(ctx, key); err != nil {
			return nil, err
		}
		hit.until = now + cacheFor
		s.remember(key, hit, version)
	}
	switch {
	case hit.source == nil:
		return nil, errs.New(errs.Unauthorized, CodeInvalidKey, "the write key is unknown")
	case !hit.source.Enabled:
		return nil, errs.New(errs.NotFound, CodeSourceDisabled, "the source is switched off")
	}
	return hit.source, nil
}

func (s *Service) remember(key string, hit cached, version uint64) {
	c := &s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version {
		return
	}
	if c.byKey == nil || len(c.byKey) >= 4096 {
		c.byKey = map[string]cached{} // unknown keys must not fill the memory
		c.byID = nil
	}
	c.byKey[key] = hit
	if src := hit.source; src != nil {
		if c.byID == nil {
			c.byID = map[sourceRef]*Source{}
		}
		c.byID[sourceRef{src.Workspace, src.ID}] = src
	}
}

func (s *Service) lookUp(ctx context.Context, key string) (*Source, error) {
	var found []*Source
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = s.scanSources(ctx, tx, "source_by_key", s.keys.writeKey(key))
		return err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// CatchAll gives the source that takes batches with an unknown key, or nil. The
// answer is remembered as long as that of a key: strangers must not cost reads.
func (s *Service) CatchAll(ctx context.Context) (*Source, error) {
	now := s.now()
	s.cache.mu.RLock()
	hit, version := s.cache.all, s.cache.version
	s.cache.mu.RUnlock()
	if hit.until >= now {
		return hit.source, nil
	}
	var found []*Source
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = s.scanSources(ctx, tx, "source_for_unknown")
		return err
	})
	if err != nil {
		return nil, err
	}
	hit = cached{until: now + cacheFor}
	if i := slices.IndexFunc(found, func(src *Source) bool { return src.Settings.TakesUnknownKeys }); i >= 0 {
		hit.source = found[i]
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.version == version {
		s.cache.all = hit
	}
	return hit.source, nil
}
