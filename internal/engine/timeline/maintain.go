package timeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// maintainEvery is the pause between rounds of Maintain.
const maintainEvery = 5 * time.Second

// Maintain seals tails that are large or old enough and compacts, until ctx
// ends. A fault in one workspace is logged and tried again next round.
func (s *Store) Maintain(ctx context.Context) error {
	for {
		for _, p := range s.allSpaces() {
			if err := s.tend(ctx, p); err != nil && ctx.Err() == nil {
				s.opt.Log.Error("cannot maintain a timeline; trying again soon", "workspace", int64(p.ws), "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.opt.Clock.After(maintainEvery):
		}
	}
}

// tend seals and compacts one workspace when it is due.
func (s *Store) tend(ctx context.Context, p *space) error {
	events, size, oldest := p.tailSize()
	age := core.FromTime(s.opt.Clock.Now()) - oldest
	if events >= int64(s.opt.SealEvents) || size >= maxTailBytes || events > 0 && age >= s.opt.SealAge {
		n, err := s.Seal(ctx, p.ws)
		if err != nil {
			return err
		}
		s.opt.Log.Debug("sealed a timeline tail", "workspace", int64(p.ws), "events", n)
	}
	return s.Compact(ctx, p.ws)
}

// maxTailBytes bounds the memory of a tail whatever its events, in plain bytes.
const maxTailBytes = 256 << 20

// Copy puts the files that the manifest lists, and those a Hold keeps, below
// destDir/timeline, by hard link where that works. For a backup: take a Hold,
// copy the database, Copy, release; files the copied database does not list
// are removed when it is opened.
func (s *Store) Copy(ctx context.Context, destDir string) error {
	release := s.Hold()
	defer release()
	for _, p := range s.allSpaces() {
		v := p.view()
		err := s.copyAll(ctx, v.segments, destDir)
		v.release()
		if err != nil {
			return fmt.Errorf("copy timeline: %w", err)
		}
	}
	if err := s.copyAll(ctx, s.trash.pinned(), destDir); err != nil {
		return fmt.Errorf("copy timeline: %w", err)
	}
	return nil
}

func (s *Store) copyAll(ctx context.Context, list []*segment, destDir string) error {
	for _, g := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		folder := filepath.Join(destDir, "timeline", strconv.FormatInt(int64(g.ws), 10))
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
		dest := filepath.Join(folder, g.file)
		// Segments never change, so a link is as good as a copy.
		if err := os.Link(g.path, dest); err == nil || errors.Is(err, os.ErrExist) {
			continue
		}
		if err := copyFile(g.path, dest); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
