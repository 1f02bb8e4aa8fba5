package connect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Upload is a stored file, looked at.
type Upload struct {
	ID     string `json:"upload_id"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Inspection
	Created core.Micros `json:"-"`
}

// keepUploads is how long a file that nobody imports is kept, keepRejects how
// long refused rows are.
const (
	keepUploads = 7 * core.Day
	keepRejects = 30 * core.Day
)

func (s *Service) path(ws core.WorkspaceID, id string) string {
	return filepath.Join(s.Dir, fmt.Sprintf("%d-%s.data", ws, id))
}

// Upload stores a file and looks at it.
func (s *Service) Upload(ctx context.Context, ws core.WorkspaceID, name string, r io.Reader) (*Upload, error) {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // never fails
	u := &Upload{ID: hex.EncodeToString(raw[:]), Name: fileName(name), Created: s.now()}
	path := s.path(ws, u.ID)
	var err error
	if u.Bytes, u.SHA256, err = store(path, r); err == nil {
		err = s.register(ctx, ws, u, path)
	}
	if err != nil {
		if rerr := os.Remove(path); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			return nil, errors.Join(err, rerr)
		}
		return nil, err
	}
	return u, nil
}

func (s *Service) register(ctx context.Context, ws core.WorkspaceID, u *Upload, path string) error {
	saved, err := s.Presets(ctx, ws)
	if err != nil {
		return err
	}
	if u.Inspection, err = Inspect(func() (io.ReadCloser, error) { return os.Open(path) }, saved); err != nil {
		return err
	}
	text, err := json.Marshal(u.Inspection)
	if err != nil {
		return fmt.Errorf("write inspection: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("insert_upload"), ws, u.ID, u.Name, u.Bytes, u.SHA256, string(text), u.Created)
		return err
	})
	if err != nil {
		return fmt.Errorf("store upload: %w", err)
	}
	return nil
}

// store writes a file durably and gives its size and hash.
func store(path string, r io.Reader) (int64, string, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, "", fmt.Errorf("store upload: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), r)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, "", fmt.Errorf("store upload: %w", err)
	}
	return n, hex.EncodeToString(h.Sum(nil)), nil
}

// fileName keeps the last part of what a client calls its file.
func fileName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, name), "")
	if name = clip(strings.TrimSpace(name), 200); name == "" {
		name = "file.csv"
	}
	return name
}

// upload reads a stored upload of the workspace.
func (s *Service) upload(ctx context.Context, ws core.WorkspaceID, id string) (*Upload, error) {
	u := &Upload{}
	var text string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, s.q.Get("upload"), []any{ws, id}, &u.ID, &u.Name, &u.Bytes, &u.SHA256, &text, &u.Created)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, noUpload()
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &u.Inspection); err != nil {
		return nil, fmt.Errorf("read inspection: %w", err)
	}
	return u, nil
}

func noUpload() error {
	return errs.New(errs.NotFound, "upload_not_found", "there is no such upload; files are kept for 7 days, and until they are imported")
}

// open opens the file of an upload, which another run may just have dropped.
func (s *Service) open(ws core.WorkspaceID, u *Upload) (*os.File, error) {
	f, err := os.Open(s.path(ws, u.ID))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, noUpload()
	case err != nil:
		return nil, fmt.Errorf("open upload: %w", err)
	}
	return f, nil
}

// drop removes an upload, unless another run still reads it.
func (s *Service) drop(ctx context.Context, ws core.WorkspaceID, id string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		var uses int64
		if err := tx.QueryRow(ctx, s.q.Get("uses_of_upload"), []any{ws, id}, &uses); err != nil || uses > 0 {
			return err
		}
		if _, err := tx.Exec(ctx, s.q.Get("delete_upload"), ws, id); err != nil {
			return err
		}
		path := s.path(ws, id)
		tx.AfterCommit(func() { _ = os.Remove(path) }) // a stray file is removed with the old ones
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop upload: %w", err)
	}
	return nil
}

// reading opens an upload under a plan: the rows, and how they become events.
func (s *Service) reading(ws core.WorkspaceID, u *Upload, p *Plan) (*table, *reading, func() error, error) {
	format, err := u.formatOf(&p.Options)
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := s.open(ws, u)
	if err != nil {
		return nil, nil, nil, err
	}
	t, r, err := s.arrange(f, format, ws, u, p)
	if err != nil {
		return nil, nil, nil, errors.Join(err, f.Close())
	}
	return t, r, func() error { return errors.Join(r.close(), f.Close()) }, nil
}

func (s *Service) arrange(f io.Reader, format Format, ws core.WorkspaceID, u *Upload, p *Plan) (*table, *reading, error) {
	t, err := openTable(f, format)
	if err != nil {
		return nil, nil, err
	}
	l, err := p.compile(t.columns)
	if err != nil {
		return nil, nil, err
	}
	if o := l.zone.order; o == OrderAuto || o == OrderYMD {
		if l.zone.order, err = s.dateOrder(ws, u, format, l); err != nil {
			return nil, nil, err
		}
	}
	r, err := newReading(l, u.SHA256, s.Dir)
	return t, r, err
}

// dateOrder finds out from the first rows whether days or months come first.
func (s *Service) dateOrder(ws core.WorkspaceID, u *Upload, format Format, l *layout) (string, error) {
	if !l.has("time") {
		return OrderAuto, nil
	}
	return opened(func() (io.ReadCloser, error) { return s.open(ws, u) }, func(f io.Reader) (string, error) {
		t, err := openTable(f, format)
		if err != nil {
			return "", err
		}
		for range 20_000 {
			_, cells, bad, err := t.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return "", err
			}
			if bad != nil {
				continue
			}
			if o := orderOf(l.cell(cells, "time")); o != OrderAuto {
				return o, nil
			}
		}
		return OrderAuto, nil
	})
}

// orderOf tells the order of a date that can be read in one way only.
func orderOf(cell string) string {
	date, _, _ := strings.Cut(cell, " ")
	w, reason := parseDate(date, OrderAuto)
	parts := strings.FieldsFunc(date, func(r rune) bool { return r == '/' || r == '-' || r == '.' })
	if reason != "" || len(parts) != 3 || len(parts[0]) == 4 || w.d == w.mo {
		return OrderAuto
	}
	if number(parts[0]) == w.d {
		return OrderDMY
	}
	return OrderMDY
}

// Sweep removes uploads and refused rows that were kept long enough.
func (s *Service) Sweep(ctx context.Context) error {
	type ref struct {
		ws core.WorkspaceID
		id string
	}
	var old []ref
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("old_uploads"), func(row db.Row) error {
			var r ref
			err := row.Scan(&r.ws, &r.id)
			old = append(old, r)
			return err
		}, s.now()-keepUploads)
	})
	if err != nil {
		return fmt.Errorf("list old uploads: %w", err)
	}
	for _, r := range old {
		if err := s.drop(ctx, r.ws, r.id); err != nil {
			return err
		}
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("old_rejects"), s.now()-keepRejects)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove old rejects: %w", err)
	}
	return nil
}
