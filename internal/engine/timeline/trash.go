package timeline

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// trash removes files that nobody needs, unless a Hold pins them or another
// process keeps them (KeepFiles).
type trash struct {
	log     *slog.Logger
	keep    string // lock file of KeepFiles
	mu      sync.Mutex
	holds   int
	waiting []*segment
	dying   map[string]*segment // unlisted files not yet removed, by path
}

func (t *trash) put(g *segment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, g)
	t.burn()
}

// empty removes what waits and may go by now.
func (t *trash) empty() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.burn()
}

// burn is empty for callers that hold the lock.
func (t *trash) burn() {
	if len(t.waiting) == 0 || t.holds > 0 || t.kept() {
		return
	}
	for _, g := range t.waiting {
		t.remove(g)
	}
	t.waiting = nil
}

// kept says whether another process keeps the files. One that begins to keep
// them after this answer has not read a manifest that lists what waits here.
func (t *trash) kept() bool {
	f, err := lockKeep(t.keep, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.log.Warn("cannot tell whether a backup keeps old timeline files; they go", "error", err)
	}
	return false
}

// lockKeep takes the lock in one of the ways of flock(2); closing the file gives
// it back.
func lockKeep(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}

// KeepFiles has a server on the data folder dir, if one runs, keep every event
// file that its manifest lists now or later, until release is called or this
// process ends. For a backup: keep, copy the database, copy the files that the
// copy lists, release.
func KeepFiles(dir string) (release func() error, err error) {
	f, err := lockKeep(keepFile(dir), syscall.LOCK_SH) // waits: a server that looks holds it for an instant
	if err != nil {
		return nil, fmt.Errorf("keep timeline files: %w", err)
	}
	return f.Close, nil
}

func keepFile(dir string) string { return filepath.Join(dir, "timeline.keep") }

func (t *trash) mark(g *segment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dying == nil {
		t.dying = map[string]*segment{}
	}
	t.dying[g.path] = g
}

// held says whether path is an unlisted file that is still needed.
func (s *Store) held(path string) bool {
	s.trash.mu.Lock()
	defer s.trash.mu.Unlock()
	return s.trash.dying[path] != nil
}

func (t *trash) remove(g *segment) {
	delete(t.dying, g.path)
	err := errors.Join(g.shut(), os.Remove(g.path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.log.Warn("cannot remove an old timeline file; it goes at the next start", "file", g.file, "error", err)
	}
}

// Hold pins the files that the manifest lists now or later: none is removed
// before release is called. Calling release twice is harmless.
func (s *Store) Hold() (release func()) {
	s.trash.mu.Lock()
	s.trash.holds++
	s.trash.mu.Unlock()
	var once sync.Once
	return func() {
		once.Do(func() {
			s.trash.mu.Lock()
			defer s.trash.mu.Unlock()
			s.trash.holds--
			s.trash.burn()
		})
	}
}

// sweep removes files that the manifest does not list: left by a crash between
// writing a file and listing it, or between unlisting and removing.
func (s *Store) sweep() error {
	listed := map[string]bool{}
	for _, p := range s.allSpaces() {
		for _, g := range p.segments {
			listed[g.path] = true
		}
	}
	return filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || listed[path] {
			return err
		}
		s.opt.Log.Info("removing a stray timeline file", "file", filepath.Base(path))
		g := &segment{file: filepath.Base(path), path: path, trash: &s.trash, dead: true}
		s.trash.mark(g)
		s.trash.put(g)
		return nil
	})
}
