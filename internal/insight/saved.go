package insight

import (
	"bytes"
	"context"
	_ "embed" // the statements
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// Bounds of what a workspace saves.
const (
	maxInsights     = 2000
	maxSpecBytes    = 64 << 10
	maxVersionsRead = 200
	maxName         = 200
	maxDescription  = 2000
)

// Insight is a saved question. It is computed anew, or taken from what is kept,
// whenever somebody looks.
type Insight struct {
	ID                int64
	Name, Description string
	Spec              query.Spec
	Version           int64 // of Spec, from 1
	BuiltIn           string
	Created, Updated  core.Micros
	By                string
}

// InsightVersion is a question as it once was.
type InsightVersion struct {
	Version int64
	Spec    query.Spec
	Created core.Micros
	By      string
}

// InsightChange changes the parts of an Insight that are not nil.
type InsightChange struct {
	Name, Description *string
	Spec              *query.Spec
}

// checkText refuses text that is no text, too long, or missing where there must
// be some.
func checkText(field, s string, needed bool, limit int) error {
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return errs.Field(field, "bad_text", "%s holds a NUL character or is not UTF-8", field)
	case needed && strings.TrimSpace(s) == "":
		return errs.Field(field, "missing_"+strings.Map(letters, field[strings.LastIndexByte(field, '.')+1:]), "%s is missing", field)
	case utf8.RuneCountInString(s) > limit:
		return errs.Field(field, "too_long", "%s is longer than %d characters", field, limit)
	}
	return nil
}

// letters keeps what an error code may hold.
func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r == '_' {
		return r
	}
	return -1
}

// encodeSpec checks a question and writes it in the one form that is compared
// and kept.
func encodeSpec(spec *query.Spec) ([]byte, error) {
	if err := spec.Check(); err != nil {
		return nil, within("spec", err)
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("write question: %w", err)
	}
	if len(raw) > maxSpecBytes {
		return nil, errs.Field("spec", "too_large", "the question has more than %d KB", maxSpecBytes>>10)
	}
	return raw, nil
}

// within puts the field of an error below another one.
func within(field string, err error) error {
	var e *errs.Error
	if !errors.As(err, &e) || e.Field == "" {
		return err
	}
	c := *e
	c.Field = field + "." + e.Field
	return &c
}

func noInsight(id int64) error {
	return errs.New(errs.NotFound, "unknown_insight", "there is no saved insight %d", id)
}

func (s *Service) now() core.Micros { return core.FromTime(s.Clock.Now()) }

// number gives a new thing its number.
func number(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, thing string) (id int64, err error) {
	if err := tx.QueryRow(ctx, queries.Get("next_number"), []any{ws, thing}, &id); err != nil {
		return 0, fmt.Errorf("take number: %w", err)
	}
	return id, nil
}

func scanInsight(row db.Row) (in Insight, err error) {
	var kind, spec string
	if err := row.Scan(&in.ID, &in.Name, &in.Description, &kind, &in.Version, &in.BuiltIn, &in.Created, &in.Updated, &in.By, &spec); err != nil {
		return in, err
	}
	if err := json.Unmarshal([]byte(spec), &in.Spec); err != nil {
		return in, fmt.Errorf("read insight %d: %w", in.ID, err)
	}
	return in, nil
}

// Insights gives the saved insights of a workspace, the oldest first.
func (s *Service) Insights(ctx context.Context, ws core.WorkspaceID) ([]Insight, error) {
	out := []Insight{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("insights"), func(row db.Row) error {
			in, err := scanInsight(row)
			out = append(out, in)
			return err
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read insights: %w", err)
	}
	return out, nil
}

// Insight gives one saved insight.
func (s *Service) Insight(ctx context.Context, ws core.WorkspaceID, id int64) (in Insight, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		in, err = readInsight(ctx, tx, ws, id)
		return err
	})
	return in, err
}

func readInsight(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id int64) (in Insight, err error) {
	found := false
	err = tx.Query(ctx, queries.Get("insight"), func(row db.Row) (err error) {
		found = true
		in, err = scanInsight(row)
		return err
	}, ws, id)
	if err == nil && !found {
		err = noInsight(id)
	}
	return in, err
}

// Save keeps a new insight.
func (s *Service) Save(ctx context.Context, ws core.WorkspaceID, in Insight, by string) (Insight, error) {
	if err := checkNames(in.Name, in.Description); err != nil {
		return in, err
	}
	raw, err := encodeSpec(&in.Spec)
	if err != nil {
		return in, err
	}
	now := s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		in.Created, in.Updated, in.By, in.Version = now, now, by, 1
		return insertInsight(ctx, tx, ws, &in, raw)
	})
	if err != nil {
		return in, fmt.Errorf("save insight: %w", err)
	}
	return in, nil
}

func checkNames(name, description string) error {
	if err := checkText("name", name, true, maxName); err != nil {
		return err
	}
	return checkText("description", description, false, maxDescription)
}

func insertInsight(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, in *Insight, raw []byte) (err error) {
	if err := room(ctx, tx, ws, "count_insights", maxInsights, errs.Say("saved insights")); err != nil {
		return err
	}
	if in.ID, err = number(ctx, tx, ws, "insight"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, queries.Get("insert_insight"), ws, in.ID, in.Name, in.Description, string(in.Spec.Kind), in.BuiltIn, in.Created, in.By); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, queries.Get("insert_insight_version"), ws, in.ID, 1, string(raw), in.Created, in.By)
	return err
}

// room refuses one thing more than a workspace may have.
func room(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, count string, limit int64, what *errs.Text) error {
	var n int64
	if err := tx.QueryRow(ctx, queries.Get(count), []any{ws}, &n); err != nil {
		return err
	}
	if n >= limit {
		return errs.New(errs.Conflict, "too_many", "a workspace has at most %d %v: delete some first", limit, what)
	}
	return nil
}

// ChangeInsight changes an insight. Another question makes a new version; a new
// name does not.
func (s *Service) ChangeInsight(ctx context.Context, ws core.WorkspaceID, id int64, c InsightChange, by string) (out Insight, err error) {
	var raw []byte
	if c.Spec != nil {
		if raw, err = encodeSpec(c.Spec); err != nil {
			return out, err
		}
	}
	now := s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		in, err := readInsight(ctx, tx, ws, id)
		if err != nil {
			return err
		}
		if c.Name != nil {
			in.Name = *c.Name
		}
		if c.Description != nil {
			in.Description = *c.Description
		}
		if err := checkNames(in.Name, in.Description); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("rename_insight"), in.Name, in.Description, now, ws, id); err != nil {
			return err
		}
		in.Updated = now
		out = in
		if raw == nil {
			return nil
		}
		if old, err := json.Marshal(in.Spec); err != nil || bytes.Equal(old, raw) {
			return err
		}
		if err := tx.QueryRow(ctx, queries.Get("next_insight_version"), []any{string(c.Spec.Kind), now, ws, id}, &out.Version); err != nil {
			return err
		}
		out.Spec = *c.Spec
		_, err = tx.Exec(ctx, queries.Get("insert_insight_version"), ws, id, out.Version, string(raw), now, by)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("change insight: %w", err)
	}
	return out, nil
}

// InsightVersions gives the newest versions of an insight, the latest first.
func (s *Service) InsightVersions(ctx context.Context, ws core.WorkspaceID, id int64) (out []InsightVersion, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := readInsight(ctx, tx, ws, id); err != nil {
			return err
		}
		return tx.Query(ctx, queries.Get("insight_versions"), func(row db.Row) error {
			var v InsightVersion
			var spec string
			if err := row.Scan(&v.Version, &spec, &v.Created, &v.By); err != nil {
				return err
			}
			out = append(out, v)
			return json.Unmarshal([]byte(spec), &out[len(out)-1].Spec)
		}, ws, id, maxVersionsRead)
	})
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	return out, nil
}

// used refuses to delete what something else needs.
func used(use, name string) error {
	if use == "shown_on" {
		return errs.New(errs.Conflict, "in_use", "the dashboard %q uses this insight: take it out there first", name)
	}
	return errs.New(errs.Conflict, "in_use", "the alert %q uses this insight: take it out there first", name)
}

// DeleteInsight deletes an insight that no dashboard shows and no alert watches.
// RestoreInsight brings it back.
func (s *Service) DeleteInsight(ctx context.Context, ws core.WorkspaceID, id int64) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := readInsight(ctx, tx, ws, id); err != nil {
			return err
		}
		for _, use := range []string{"shown_on", "watched_by"} {
			var name string
			switch err := tx.QueryRow(ctx, queries.Get(use), []any{ws, id}, &name); {
			case err == nil:
				return used(use, name)
			case !errors.Is(err, db.ErrNoRows):
				return err
			}
		}
		return s.bury(ctx, tx, ws, "delete_insight", id)
	})
	if err != nil {
		return fmt.Errorf("delete insight: %w", err)
	}
	return nil
}
