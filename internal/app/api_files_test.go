package app_test

import (
	"io/fs"
	"path/filepath"
	"testing"
)

// TestDataFolderIsPrivate walks the folder of a server that has data of all
// kinds: nobody but its owner and group may enter, and the files that hold
// personal data in clear, or secrets, are the owner's alone.
func TestDataFolderIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	w := newWorldIn(t, dir, "")
	w.a.upload("x.csv", "id\n1\n")
	if _, err := w.srv.Timeline.Seal(t.Context(), w.a.ws); err != nil {
		t.Fatal(err)
	}
	private := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		switch {
		case e.IsDir() && mode&0o027 != 0:
			t.Errorf("folder %s has mode %o", path, mode)
		case !e.IsDir() && mode&0o022 != 0:
			t.Errorf("file %s can be written by others: %o", path, mode)
		case !e.IsDir() && mode == 0o600:
			private[e.Name()] = true
		}
		if filepath.Ext(path) == ".data" && mode != 0o600 {
			t.Errorf("upload %s has mode %o", path, mode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ciclo.db", "ciclo.db-wal", "ciclo.db-shm", "secret", "lock"} {
		if !private[name] {
			t.Errorf("%s is not the owner's alone", name)
		}
	}
}
