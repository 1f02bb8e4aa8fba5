package inbox

import (
	"context"
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// eraseStep is how many rows one query of an erasure reads.
const eraseStep = 500

// Naming counts the batches received before an instant that still wait, and of
// them those in which names finds something.
func (s *Service) Naming(ctx context.Context, ws core.WorkspaceID, before core.Micros, names func(text []byte) bool) (waiting, hits int64, err error) {
	after := int64(0)
	for more := true; more; {
		more = false
		n := 0
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Query(ctx, s.q.Get("inbox_received_before"), func(row db.Row) error {
				var encoding int64
				var meta string
				var body []byte
				if err := row.Scan(&after, &encoding, &meta, &body); err != nil {
					return err
				}
				if encoding == encodingS2 {
					plain, err := s2.Decode(nil, body)
					if err != nil {
						return fmt.Errorf("decompress batch %d: %w", after, err)
					}
					body = plain
				}
				n++
				waiting++
				if names([]byte(meta)) || names(body) {
					hits++
				}
				return nil
			}, ws, after, before, eraseStep)
		})
		if err != nil {
			return 0, 0, fmt.Errorf("look through the inbox: %w", err)
		}
		more = n == eraseStep
	}
	return waiting, hits, nil
}

// HeldNaming gives the events in quarantine, received before an instant, in
// which names finds something.
func (s *Service) HeldNaming(ctx context.Context, ws core.WorkspaceID, before core.Micros, names func(text []byte) bool) ([]int64, error) {
	var out []int64
	after := int64(0)
	for {
		n := 0
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Query(ctx, s.q.Get("quarantine_received_before"), func(row db.Row) error {
				var event, message, detail, meta string
				var envelope, raw []byte
				if err := row.Scan(&after, &event, &message, &detail, &meta, &envelope, &raw); err != nil {
					return err
				}
				n++
				for _, text := range [][]byte{raw, envelope, []byte(meta), []byte(message), []byte(detail), []byte(event)} {
					if names(text) {
						out = append(out, after)
						break
					}
				}
				return nil
			}, ws, after, before, eraseStep)
		})
		if err != nil {
			return nil, fmt.Errorf("look through quarantine: %w", err)
		}
		if n < eraseStep {
			return out, nil
		}
	}
}

// ForgetHeld deletes events from quarantine and tells how many were there.
func (s *Service) ForgetHeld(ctx context.Context, ws core.WorkspaceID, ids []int64) (int64, error) {
	total := int64(0)
	for len(ids) > 0 {
		step := min(eraseStep, len(ids))
		n, err := s.DeleteQuarantine(ctx, ws, HeldFilter{IDs: ids[:step]})
		if err != nil {
			return total, err
		}
		total, ids = total+n, ids[step:]
	}
	return total, nil
}

// gone says what becomes of a message that broke a rule and whose customer was
// erased: it is held without body, or dropped. It tells nothing about others.
func (w *Work) gone(m *core.Message) (code, counter string) {
	if w.s.Refused == nil {
		return "", ""
	}
	return w.s.Refused(w.Workspace, m)
}

var errErased = errs.Say("the event is older than the erasure of its customer")
