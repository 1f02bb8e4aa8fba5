package insight

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// DigestFile is a drawn digest.
type DigestFile struct {
	At     core.Micros // when it was drawn; its number
	Format string
	Size   int64
}

func (s *Service) digestFolder(ws core.WorkspaceID, id int64) string {
	return filepath.Join(s.Files, strconv.FormatInt(int64(ws), 10), strconv.FormatInt(id, 10))
}

// drawDigest draws a digest's dashboard, as owners see it, into a new file.
func (s *Service) drawDigest(ctx context.Context, ws core.WorkspaceID, d *Digest) (DigestFile, error) {
	f := DigestFile{At: s.now(), Format: d.Format}
	if s.Files == "" {
		return f, errors.New("there is no folder for digests")
	}
	board, err := s.Dashboard(ctx, ws, d.Dashboard, Viewer{Role: "owner"})
	if err != nil {
		return f, err
	}
	set, week, err := s.settings(ctx, ws)
	if err != nil {
		return f, err
	}
	var out bytes.Buffer
	if err := s.Draw(ctx, board, Drawing{Workspace: ws, Name: d.Name, Language: d.Language, Settings: set, Week: week}, d.Format, &out); err != nil {
		return f, err
	}
	f.Size = int64(out.Len())
	folder := s.digestFolder(ws, d.ID)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return f, fmt.Errorf("keep digest: %w", err)
	}
	// Under another name first: nobody reads half a file.
	name := filepath.Join(folder, fmt.Sprintf("%d.%s", f.At, d.Format))
	if err := os.WriteFile(name+".part", out.Bytes(), 0o600); err != nil {
		return f, fmt.Errorf("keep digest: %w", errors.Join(err, os.Remove(name+".part")))
	}
	if err := os.Rename(name+".part", name); err != nil {
		return f, fmt.Errorf("keep digest: %w", err)
	}
	return f, s.dropDigestFiles(ws, d.ID, digestFiles)
}

// DigestFiles lists the files of a digest, newest first.
func (s *Service) DigestFiles(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) ([]DigestFile, error) {
	if _, err := s.Digest(ctx, ws, id, v); err != nil {
		return nil, err
	}
	return s.digestFiles(ws, id)
}

func (s *Service) digestFiles(ws core.WorkspaceID, id int64) ([]DigestFile, error) {
	list, err := os.ReadDir(s.digestFolder(ws, id))
	if errors.Is(err, fs.ErrNotExist) {
		return []DigestFile{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list digests: %w", err)
	}
	out := []DigestFile{}
	for _, e := range list {
		number, format, _ := strings.Cut(e.Name(), ".")
		at, err := strconv.ParseInt(number, 10, 64)
		info, ierr := e.Info()
		if err == nil && ierr == nil && slices.Contains([]string{FormatPDF, FormatPNG, FormatSVG}, format) {
			out = append(out, DigestFile{at, format, info.Size()})
		}
	}
	slices.SortFunc(out, func(a, b DigestFile) int { return int(min(max(b.At-a.At, -1), 1)) })
	return out, nil
}

// dropDigestFiles removes all but the newest files.
func (s *Service) dropDigestFiles(ws core.WorkspaceID, id int64, keep int) error {
	list, err := s.digestFiles(ws, id)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range list[min(keep, len(list)):] {
		failed = append(failed, os.Remove(filepath.Join(s.digestFolder(ws, id), fmt.Sprintf("%d.%s", f.At, f.Format))))
	}
	return errors.Join(failed...)
}

// ReadDigest gives the content of a file.
func (s *Service) ReadDigest(ctx context.Context, ws core.WorkspaceID, id, at int64, v Viewer) (DigestFile, []byte, error) {
	list, err := s.DigestFiles(ctx, ws, id, v)
	if err != nil {
		return DigestFile{}, nil, err
	}
	i := slices.IndexFunc(list, func(f DigestFile) bool { return f.At == at })
	if i < 0 {
		return DigestFile{}, nil, errs.New(errs.NotFound, "unknown_file", "there is no such file: the newest %d are kept", digestFiles)
	}
	raw, err := os.ReadFile(filepath.Join(s.digestFolder(ws, id), fmt.Sprintf("%d.%s", at, list[i].Format)))
	if err != nil {
		return DigestFile{}, nil, fmt.Errorf("read digest: %w", err)
	}
	return list[i], raw, nil
}
