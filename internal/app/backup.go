package app

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// BackupCmd writes a backup: one tar file with the database (as SQLite, also
// when the installation runs on PostgreSQL), the event files and the secret.
type BackupCmd struct {
	Where
	To string `arg:"" help:"File to write (.tar)." type:"path"`
}

// Run writes the backup. It may run beside a server, which keeps its event files
// meanwhile: the database is copied from one snapshot, then the files that this
// snapshot lists.
func (b *BackupCmd) Run(env *Env) error {
	cfg := b.Where.config()
	src, err := db.OpenBare(env.Ctx, cfg.dsn())
	if err != nil {
		return err
	}
	defer src.Close()
	tmp, err := os.MkdirTemp(filepath.Dir(b.To), ".ciclo-backup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	release, err := timeline.KeepFiles(cfg.Data)
	if err != nil {
		return err
	}
	began := env.Clock.Now() // what is gone later is still in it
	n, err := b.write(env, &cfg, src, tmp)
	if err := errors.Join(err, release()); err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "backup of %d event files written to %s\n", n, b.To)
	// Receipts of erasures name the backups that still hold what is gone.
	if err := customer.RecordBackup(env.Ctx, src, filepath.Base(b.To), began); err != nil {
		return fmt.Errorf("the backup is whole, but receipts of erasures will not name it: %w", err)
	}
	return nil
}

func (b *BackupCmd) write(env *Env, cfg *Config, src *db.DB, tmp string) (int, error) {
	snap := filepath.Join(tmp, "ciclo.db")
	if err := src.Snapshot(env.Ctx, snap); err != nil {
		return 0, err
	}
	files, err := listedFiles(env.Ctx, snap)
	if err != nil {
		return 0, err
	}
	out := b.To + ".part"
	f, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	defer os.Remove(out) // a part of a backup is none
	t := tar.NewWriter(f)
	add := map[string]string{"ciclo.db": snap, "secret": filepath.Join(cfg.Data, "secret")}
	if _, err := os.Stat(filepath.Join(cfg.Data, demoFile)); err == nil {
		add[demoFile] = filepath.Join(cfg.Data, demoFile)
	}
	for _, name := range files {
		add[name] = filepath.Join(cfg.Data, name)
	}
	for name, path := range add {
		if err := addFile(t, name, path); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(t.Close(), f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return len(files), os.Rename(out, b.To)
}

// listedFiles gives the event files that a database copy lists, relative to the
// data folder.
func listedFiles(ctx context.Context, snap string) ([]string, error) {
	d, err := db.OpenBare(ctx, snap)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var out []string
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT workspace_id, file FROM timeline_segments ORDER BY workspace_id, file`, func(row db.Row) error {
			var ws int64
			var name string
			if err := row.Scan(&ws, &name); err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(filepath.Join("timeline", fmt.Sprint(ws), name)))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list event files: %w", err)
	}
	return out, nil
}

func addFile(t *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime()}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, st.Size())
	return err
}

// RestoreCmd unpacks a backup.
type RestoreCmd struct {
	Where
	From string `arg:"" help:"Backup file." type:"existingfile"`
}

// Run restores into an empty folder, and into an empty PostgreSQL when one is
// given.
func (r *RestoreCmd) Run(env *Env) error {
	if entries, err := os.ReadDir(r.Data); err == nil && len(entries) > 0 {
		return fmt.Errorf("folder %s is not empty: a backup is restored into an empty one", r.Data)
	}
	if err := os.MkdirAll(r.Data, 0o750); err != nil {
		return err
	}
	n, err := unpack(r.From, r.Data)
	if err != nil {
		return err
	}
	if r.Database != "" {
		if err := r.intoPostgres(env); err != nil {
			return err
		}
	}
	fmt.Fprintf(env.Out, "%d files restored into %s\n", n, r.Data)
	verify := VerifyCmd{Where: r.Where, Sample: 200}
	return verify.Run(env)
}

func (r *RestoreCmd) intoPostgres(env *Env) error {
	path := filepath.Join(r.Data, "ciclo.db")
	from, err := db.Open(env.Ctx, path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := db.Open(env.Ctx, r.Database)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := db.CopyTables(env.Ctx, from, to); err != nil {
		return err
	}
	return os.Remove(path)
}

// unpack writes the files of a backup; names that leave the folder are refused.
func unpack(file, dir string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	t := tar.NewReader(f)
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("read backup: %w", err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || strings.Contains(h.Name, "\\") {
			return n, fmt.Errorf("backup holds %q, which is not an ordinary file of an installation", h.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return n, err
		}
		out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return n, err
		}
		_, err = io.Copy(out, t)
		if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
			return n, fmt.Errorf("write %s: %w", h.Name, err)
		}
	}
}
