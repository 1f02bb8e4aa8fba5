package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// TestPartsAreKept makes an error in each way and takes it apart.
func TestPartsAreKept(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk")
	for _, err := range []error{
		errs.New(errs.Conflict, "taken", "key %q is taken, %d %%", "a", 7), errs.Field("key", "taken", "key %q is taken, %d %%", "a", 7), errs.Wrap(cause, errs.Busy, "taken", "key %q is taken, %d %%", "a", 7),
	} {
		var e *errs.Error
		if !errors.As(fmt.Errorf("save: %w", err), &e) {
			t.Fatalf("%v is no Error", err)
		}
		said := e.Said()
		if e.Message != `key "a" is taken, 7 %` || said.Error() != e.Message || said.Format != "key %q is taken, %d %%" || len(said.Args) != 2 || e.Code != "taken" {
			t.Errorf("%+v says %+v", e, said)
		}
	}
	if err := errs.Wrap(nil, errs.Busy, "taken", "taken"); err != nil {
		t.Errorf("nothing wrapped is %v", err)
	}
	if err := errs.Wrap(cause, errs.Busy, "taken", "taken"); !errors.Is(err, cause) || err.Error() != "taken: disk" || errs.KindOf(err) != errs.Busy || errs.CodeOf(err) != "taken" {
		t.Errorf("a wrapped cause is %v", err)
	}
	if e := (&errs.Error{Message: "50 % off"}); e.Said().Error() != "50 % off" {
		t.Errorf("a bare message says %q", e.Said().Error())
	}
	if x := errs.Say("%v of %s", errs.Say("part"), "all"); x.Error() != "part of all" || x.Said() != x {
		t.Errorf("a text says %q", x.Error())
	}
}
