package connect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Erased tells what imports held of somebody.
type Erased struct {
	Rejects int64 // refused rows
	Uploads int64 // files
	Kept    []KeptUpload
}

// KeptUpload is a file that an import still reads. It goes when that one ends.
type KeptUpload struct {
	Import int64
	File   string
}

// Naming counts refused rows and uploads in which names finds something.
func (s *Service) Naming(ctx context.Context, ws core.WorkspaceID, names func(text []byte) bool) (Erased, error) {
	var out Erased
	rejects, err := s.rejectsNaming(ctx, ws, names)
	if err != nil {
		return out, err
	}
	out.Rejects = int64(len(rejects))
	uploads, err := s.uploadsNaming(ctx, ws, names)
	if err != nil {
		return out, err
	}
	for _, u := range uploads {
		reader, err := s.readerOf(ctx, ws, u.ID)
		if err != nil {
			return out, err
		}
		if reader != 0 {
			out.Kept = append(out.Kept, KeptUpload{reader, u.Name})
			continue
		}
		out.Uploads++
	}
	return out, nil
}

// Forget deletes the refused rows and the uploads in which names finds
// something. An upload that an import reads is marked: it goes when that ends,
// however it ends.
func (s *Service) Forget(ctx context.Context, ws core.WorkspaceID, names func(text []byte) bool) (Erased, error) {
	var out Erased
	rejects, err := s.rejectsNaming(ctx, ws, names)
	if err != nil {
		return out, err
	}
	for from := 0; from < len(rejects); from += 500 {
		part := rejects[from:min(from+500, len(rejects))]
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			for _, r := range part {
				if _, err := tx.Exec(ctx, s.q.Get("delete_reject"), ws, r[0], r[1]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return out, fmt.Errorf("erase refused rows: %w", err)
		}
	}
	out.Rejects = int64(len(rejects))
	uploads, err := s.uploadsNaming(ctx, ws, names)
	if err != nil {
		return out, err
	}
	for _, u := range uploads {
		if err := s.condemn(ctx, ws, u, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// condemn marks an upload, and deletes it unless an import reads it.
func (s *Service) condemn(ctx context.Context, ws core.WorkspaceID, u *Upload, out *Erased) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("condemn_upload"), ws, u.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark upload: %w", err)
	}
	reader, err := s.readerOf(ctx, ws, u.ID)
	if err != nil {
		return err
	}
	if reader != 0 {
		out.Kept = append(out.Kept, KeptUpload{reader, u.Name})
		return nil
	}
	out.Uploads++
	return s.drop(ctx, ws, u.ID)
}

// readerOf gives an import that reads an upload, 0 for none.
func (s *Service) readerOf(ctx context.Context, ws core.WorkspaceID, upload string) (int64, error) {
	var id int64
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, s.q.Get("reader_of_upload"), []any{ws, upload}, &id)
	})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return 0, fmt.Errorf("read imports: %w", err)
	}
	return id, nil
}

// condemned says whether an upload must go when its import ends.
func (s *Service) condemned(ctx context.Context, ws core.WorkspaceID, upload string) (bool, error) {
	var yes bool
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, s.q.Get("condemned"), []any{ws, upload}, &yes)
	})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return false, fmt.Errorf("read upload: %w", err)
	}
	return yes, nil
}

// rejectsNaming gives import and number of refused rows.
func (s *Service) rejectsNaming(ctx context.Context, ws core.WorkspaceID, names func(text []byte) bool) ([][2]int64, error) {
	const step = 1000
	var out [][2]int64
	var last [2]int64
	for {
		n := 0
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Query(ctx, s.q.Get("rejects_after"), func(row db.Row) error {
				var raw, message string
				if err := row.Scan(&last[0], &last[1], &raw, &message); err != nil {
					return err
				}
				n++
				if names([]byte(raw)) || names([]byte(message)) {
					out = append(out, last)
				}
				return nil
			}, ws, last[0], last[1], step)
		})
		if err != nil {
			return nil, fmt.Errorf("look through refused rows: %w", err)
		}
		if n < step {
			return out, nil
		}
	}
}

func (s *Service) uploadsNaming(ctx context.Context, ws core.WorkspaceID, names func(text []byte) bool) ([]*Upload, error) {
	type stored struct{ id, name, inspection string }
	var all []stored
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("uploads"), func(row db.Row) error {
			var u stored
			err := row.Scan(&u.id, &u.name, &u.inspection)
			all = append(all, u)
			return err
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	var out []*Upload
	for _, u := range all {
		hit := names([]byte(u.inspection)) || names([]byte(u.name))
		if !hit {
			if hit, err = s.fileNames(ctx, s.path(ws, u.id), names); err != nil {
				return nil, err
			}
		}
		if hit {
			out = append(out, &Upload{ID: u.id, Name: u.name})
		}
	}
	return out, nil
}

// Sizes of the pieces in which a file is looked through. No identifier is
// longer than the overlap.
const (
	pieceBytes   = 1 << 20
	overlapBytes = 4 << 10
)

// fileNames looks through a file as the text it is.
func (s *Service) fileNames(ctx context.Context, path string, names func(text []byte) bool) (bool, error) {
	return opened(func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return io.NopCloser(bytes.NewReader(nil)), nil
		}
		return f, err
	}, func(r io.Reader) (bool, error) {
		br, err := decode(r, "")
		if err != nil {
			return true, nil //nolint:nilerr // what cannot be read cannot be cleared of holding somebody
		}
		return textNames(ctx, br, names)
	})
}

func textNames(ctx context.Context, br *bufio.Reader, names func(text []byte) bool) (bool, error) {
	buf := make([]byte, overlapBytes+pieceBytes)
	kept := 0
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(br, buf[kept:])
		if n > 0 && names(buf[:kept+n]) {
			return true, nil
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return false, nil
		case err != nil:
			return true, nil //nolint:nilerr // see fileNames
		}
		kept = copy(buf, buf[len(buf)-overlapBytes:])
	}
}
