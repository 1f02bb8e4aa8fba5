package insight

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Bounds of annotations.
const (
	maxAnnotations     = 10_000
	maxAnnotationsRead = 2000
	maxAnnotationText  = 500
)

// Annotation is a note on the axis of time: a moment, or a span up to Until.
type Annotation struct {
	ID      int64
	At      core.Micros
	Until   core.Micros // 0 of a moment
	Text    string
	Created core.Micros
	By      string
}

// AnnotationChange changes the parts that are not nil; Until 0 makes a moment.
type AnnotationChange struct {
	At, Until *core.Micros
	Text      *string
}

// Instants that an annotation may name: the years 1900 to 2300.
const (
	firstInstant = -2_208_988_800 * core.Second
	lastInstant  = 10_413_792_000 * core.Second
)

func checkInstant(field string, t core.Micros) error {
	if t < firstInstant || t >= lastInstant {
		return errs.Field(field, "bad_instant", "must be microseconds UTC between the years 1900 and 2300")
	}
	return nil
}

func (a *Annotation) check() error {
	if err := checkInstant("at", a.At); err != nil {
		return err
	}
	if err := checkInstant("until", a.Until); err != nil {
		return err
	}
	if a.Until != 0 && a.Until <= a.At {
		return errs.Field("until", "bad_until", "must lie after at")
	}
	return checkText("text", a.Text, true, maxAnnotationText)
}

// Annotations gives those that [from, to) touches, in the order of time, at most
// 2,000; an end that is 0 is open.
func (s *Service) Annotations(ctx context.Context, ws core.WorkspaceID, from, to core.Micros) ([]Annotation, error) {
	if from == 0 {
		from = firstInstant
	}
	if to == 0 {
		to = lastInstant
	}
	out := []Annotation{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("annotations"), func(row db.Row) error {
			a, err := scanAnnotation(row)
			out = append(out, a)
			return err
		}, ws, to, from, maxAnnotationsRead)
	})
	if err != nil {
		return nil, fmt.Errorf("read annotations: %w", err)
	}
	return out, nil
}

func scanAnnotation(row db.Row) (a Annotation, err error) {
	err = row.Scan(&a.ID, &a.At, &a.Until, &a.Text, &a.Created, &a.By)
	return a, err
}

func readAnnotation(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id int64) (a Annotation, err error) {
	found := false
	err = tx.Query(ctx, queries.Get("annotation"), func(row db.Row) (err error) {
		found = true
		a, err = scanAnnotation(row)
		return err
	}, ws, id)
	if err == nil && !found {
		err = errs.New(errs.NotFound, "unknown_annotation", "there is no annotation %d", id)
	}
	return a, err
}

// Annotate keeps a new annotation.
func (s *Service) Annotate(ctx context.Context, ws core.WorkspaceID, a Annotation, by string) (Annotation, error) {
	if err := a.check(); err != nil {
		return a, err
	}
	a.By, a.Created = by, s.now()
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := room(ctx, tx, ws, "count_annotations", maxAnnotations, errs.Say("annotations")); err != nil {
			return err
		}
		if a.ID, err = number(ctx, tx, ws, "annotation"); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, queries.Get("insert_annotation"), ws, a.ID, a.At, a.Until, a.Text, a.Created, a.By)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("annotate: %w", err)
	}
	return a, nil
}

// ChangeAnnotation changes an annotation.
func (s *Service) ChangeAnnotation(ctx context.Context, ws core.WorkspaceID, id int64, c AnnotationChange) (a Annotation, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if a, err = readAnnotation(ctx, tx, ws, id); err != nil {
			return err
		}
		if c.At != nil {
			a.At = *c.At
		}
		if c.Until != nil {
			a.Until = *c.Until
		}
		if c.Text != nil {
			a.Text = *c.Text
		}
		if err := a.check(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("update_annotation"), a.At, a.Until, a.Text, ws, id)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("change annotation: %w", err)
	}
	return a, nil
}

// DeleteAnnotation deletes an annotation.
func (s *Service) DeleteAnnotation(ctx context.Context, ws core.WorkspaceID, id int64) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := readAnnotation(ctx, tx, ws, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("delete_annotation"), ws, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete annotation: %w", err)
	}
	return nil
}
