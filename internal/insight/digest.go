package insight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// EventDigestReady is told when a digest was drawn.
const EventDigestReady = "digest.ready"

// DigestJob is the kind of the jobs that draw digests.
const DigestJob = "insight.digest"

// Digest draws a dashboard into a file on a schedule and tells webhooks.
type Digest struct {
	ID        int64       `json:"-"`
	Name      string      `json:"name"`
	Dashboard int64       `json:"dashboard"`
	Language  string      `json:"language"` // en, it, ro
	Format    string      `json:"format"`   // pdf, png, svg
	Every     string      `json:"every"`    // day, week, month
	On        int         `json:"on,omitempty"`
	Hour      int         `json:"hour"` // of the workspace's clock
	Enabled   bool        `json:"enabled"`
	Webhook   int64       `json:"webhook,omitempty"` // the one that is told; 0: all that ask
	Next      core.Micros `json:"-"`                 // 0: switched off
	Last      core.Micros `json:"-"`                 // when it was drawn; 0: never
	Problem   string      `json:"-"`                 // why the last one could not be drawn
	By        string      `json:"-"`
	Created   core.Micros `json:"-"`
	Updated   core.Micros `json:"-"`
}

// Bounds of digests.
const (
	maxDigests  = 100
	digestFiles = 30 // kept of one digest
)

func (d *Digest) check() error {
	d.Name = strings.TrimSpace(d.Name)
	if err := checkNames(d.Name, ""); err != nil {
		return err
	}
	for _, f := range []struct {
		field, value string
		allowed      []string
	}{{"language", d.Language, []string{"en", "it", "ro"}}, {"format", d.Format, []string{FormatPDF, FormatPNG, FormatSVG}}, {"every", d.Every, []string{"day", "week", "month"}}} {
		if !slices.Contains(f.allowed, f.value) {
			return errs.Field(f.field, "bad_"+f.field, "%q is not one of %s", f.value, strings.Join(f.allowed, ", "))
		}
	}
	if d.Hour < 0 || d.Hour > 23 {
		return errs.Field("hour", "bad_hour", "must lie between 0 and 23")
	}
	most := map[string]int{"day": 0, "week": 7, "month": 28}[d.Every]
	if most > 0 && (d.On < 1 || d.On > most) {
		return errs.Field("on", "bad_day", "must lie between 1 and %d", most)
	}
	return nil
}

// next is the first moment after at when the digest is due. An hour that the
// clock skips falls together with the one after it.
func (d *Digest) next(at core.Micros, zone *time.Location) core.Micros {
	if zone == nil {
		zone = time.UTC
	}
	t := core.ToTime(at).In(zone)
	for i := range 40 {
		c := time.Date(t.Year(), t.Month(), t.Day()+i, d.Hour, 0, 0, 0, time.UTC)
		day := map[string]int{"day": d.On, "week": (int(c.Weekday())+6)%7 + 1, "month": c.Day()}[d.Every]
		if m := (expr.Calendar{Zone: zone}).Wall(c); m > at && day == d.On {
			return m
		}
	}
	return at + 31*core.Day // cannot be: every schedule meets a day within 31
}

// allDigests gives the digests of a workspace.
func (s *Service) allDigests(ctx context.Context, ws core.WorkspaceID) ([]Digest, error) {
	out := []Digest{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("digests"), func(row db.Row) error {
			var d Digest
			var text string
			if err := row.Scan(&d.ID, &text, &d.Next, &d.Last, &d.Problem, &d.By, &d.Created, &d.Updated); err != nil {
				return err
			}
			out = append(out, d)
			return json.Unmarshal([]byte(text), &out[len(out)-1])
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	return out, nil
}

// Digests gives the digests whose dashboards a viewer sees.
func (s *Service) Digests(ctx context.Context, ws core.WorkspaceID, v Viewer) ([]Digest, error) {
	all, err := s.allDigests(ctx, ws)
	if err != nil {
		return nil, err
	}
	boards, err := s.Dashboards(ctx, ws, v)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d Digest) bool {
		return !v.sees(&Dashboard{}) && !slices.ContainsFunc(boards, func(b Dashboard) bool { return b.ID == d.Dashboard })
	}), nil
}

// Digest gives one digest of those a viewer sees.
func (s *Service) Digest(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) (Digest, error) {
	all, err := s.Digests(ctx, ws, v)
	if err != nil {
		return Digest{}, err
	}
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
	}
	return Digest{}, errs.New(errs.NotFound, "unknown_digest", "there is no digest %d", id)
}

// SaveDigest makes a digest (ID 0) or changes one, and sets when it is due next.
func (s *Service) SaveDigest(ctx context.Context, ws core.WorkspaceID, d Digest, v Viewer) (Digest, error) {
	if err := d.check(); err != nil {
		return d, err
	}
	if d.ID != 0 {
		if _, err := s.Digest(ctx, ws, d.ID, v); err != nil {
			return d, err
		}
	}
	if _, err := s.Dashboard(ctx, ws, d.Dashboard, v); err != nil {
		return d, errs.Field("dashboard", "unknown_dashboard", "there is no dashboard %d", d.Dashboard)
	}
	set, _, err := s.settings(ctx, ws)
	if err != nil {
		return d, err
	}
	now := s.now()
	if d.Next = 0; d.Enabled {
		d.Next = d.next(now, set.Zone)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if d.ID == 0 {
			var count int
			if err := tx.QueryRow(ctx, queries.Get("last_digest"), []any{ws}, &d.ID, &count); err != nil {
				return err
			}
			if count >= maxDigests {
				return errs.New(errs.Conflict, "too_many_digests", "a workspace has at most %d digests", maxDigests)
			}
			d.ID++
			if _, err := tx.Exec(ctx, queries.Get("insert_digest"), ws, d.ID, string(text), d.Next, v.Label, now); err != nil {
				return err
			}
		} else if _, err := tx.Exec(ctx, queries.Get("update_digest"), string(text), d.Next, now, ws, d.ID); err != nil {
			return err
		}
		return s.schedule(ctx, tx, ws, &d)
	})
	if err != nil {
		return d, fmt.Errorf("save digest: %w", err)
	}
	return s.Digest(ctx, ws, d.ID, v)
}

// schedule makes the one job that waits for a digest.
func (s *Service) schedule(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, d *Digest) error {
	if s.Jobs == nil {
		return errors.New("nothing runs digests here")
	}
	if err := s.Jobs.DropWaiting(ctx, tx, ws, DigestJob, d.ID); err != nil || d.Next == 0 {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{{Kind: DigestJob, Ref: d.ID, RunAt: d.Next}})
}

// DeleteDigest removes a digest with its files.
func (s *Service) DeleteDigest(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) error {
	if _, err := s.Digest(ctx, ws, id, v); err != nil {
		return err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("delete_digest"), ws, id); err != nil {
			return err
		}
		return s.Jobs.Drop(ctx, tx, ws, DigestJob, id)
	})
	if err != nil {
		return fmt.Errorf("delete digest: %w", err)
	}
	return s.dropDigestFiles(ws, id, 0)
}

// RunDigest draws a digest now, beside its schedule.
func (s *Service) RunDigest(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) (DigestFile, error) {
	d, err := s.Digest(ctx, ws, id, v)
	if err != nil {
		return DigestFile{}, err
	}
	f, err := s.drawDigest(ctx, ws, &d)
	if err != nil {
		return f, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("digest_drawn"), f.At, ws, id)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("note drawn digest: %w", err)
	}
	return f, nil
}

// runDigestJob is the handler of due digests: it draws, tells and sets the next
// one.
func (s *Service) runDigestJob(ctx context.Context, j *jobs.Job) (string, error) {
	d, err := s.Digest(ctx, j.Workspace, j.Ref, Viewer{Role: "owner"})
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return errs.Say("the digest was deleted").Error(), nil
	case err != nil:
		return "", &jobs.Later{After: time.Minute, Why: errs.Say("the digest cannot be read").Error()}
	case !d.Enabled || d.Next != j.RunAt:
		return errs.Say("the schedule was changed").Error(), nil
	}
	set, _, err := s.settings(ctx, j.Workspace)
	if err != nil {
		return "", &jobs.Later{After: time.Minute, Why: errs.Say("the workspace cannot be read").Error()}
	}
	f, failed := s.drawDigest(ctx, j.Workspace, &d)
	if errors.Is(ctx.Err(), context.Canceled) { // the program stops
		return "", ctx.Err()
	}
	ctx = context.WithoutCancel(ctx) // one that took too long is due again nevertheless
	if failed != nil && j.Attempts < 3 && errs.KindOf(failed) == errs.Internal {
		return "", &jobs.Later{After: 5 * time.Minute, Why: failed.Error()}
	}
	now := s.now()
	d.Next = d.next(now, set.Zone)
	problem, drawn := "", now
	if failed != nil {
		problem, drawn = failed.Error(), d.Last
		var known *errs.Error
		if errors.As(failed, &known) {
			problem = known.Message
		}
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, queries.Get("digest_done"), d.Next, drawn, problem, j.Workspace, d.ID, j.RunAt)
		if err != nil || n == 0 { // changed meanwhile: it is scheduled already
			return err
		}
		if err := s.Jobs.Enqueue(ctx, tx, j.Workspace, []jobs.Spec{{Kind: DigestJob, Ref: d.ID, RunAt: d.Next}}); err != nil || failed != nil {
			return err
		}
		return s.notifier().Notify(ctx, tx, j.Workspace, EventDigestReady, DigestNotice{d.ID, d.Name, d.Dashboard, f.At, d.Format,
			fmt.Sprintf("/api/v1/digests/%d/files/%d", d.ID, f.At), d.Webhook})
	})
	if err != nil {
		return "", &jobs.Later{After: time.Minute, Why: err.Error()}
	}
	if failed != nil {
		return "", failed
	}
	return fmt.Sprintf("%d bytes", f.Size), nil
}

// DigestNotice is the payload of EventDigestReady.
type DigestNotice struct {
	Digest    int64       `json:"digest"`
	Name      string      `json:"name"`
	Dashboard int64       `json:"dashboard"`
	At        core.Micros `json:"at"`
	Format    string      `json:"format"`
	Path      string      `json:"path"` // of the file, to be asked for with an API key
	Webhook   int64       `json:"webhook,omitempty"`
}
