package customer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// A trait named in the settings joins customers as an identifier of its own
// type would; an unnamed one does not.
func TestTraitNamedInTheSettings(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		set := customer.DefaultSettings()
		set.TraitTypes = []string{"loyalty_card"}
		s := newService(t, d, set)
		msgs := []msg{
			{ID: "1", Kind: core.KindIdentify, AnonymousID: "web", Time: 1, Props: []byte(`{"loyalty_card":778899,"shoe_size":"42"}`)},
			{ID: "2", Kind: core.KindIdentify, AnonymousID: "till", Time: 2, Props: []byte(`{"loyalty_card":" 778899 "}`)},
			{ID: "3", Kind: core.KindIdentify, AnonymousID: "other", Time: 3, Props: []byte(`{"loyalty_card":"1","shoe_size":"42"}`)},
			{ID: "4", Kind: core.KindTrack, Name: "Tried On", AnonymousID: "mirror", Time: 4, Props: []byte(`{"loyalty_card":"778899"}`)},
			{ID: "5", Kind: core.KindTrack, Name: "Tried On", AnonymousID: "app", Time: 5, ContextTraits: []byte(`{"loyalty_card":"778899"}`)},
		}
		who := resolved(t, d, s, feedEach(t, d, s, msgs), msgs)
		if who[0] != who[1] || who[0] != who[4] {
			t.Errorf("one card, yet customers %v", who)
		}
		if who[2] == who[0] {
			t.Error("a trait that no setting names joined two customers")
		}
		if who[3] == who[0] {
			t.Error("a property of a track call counted as a trait")
		}
	})
}

func TestTraitTypesAreChecked(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{""}, {"email"}, {"user_id"}, {"card", "card"}, {strings.Repeat("x", 101)}} {
		set := customer.DefaultSettings()
		set.TraitTypes = names
		var e *errs.Error
		if err := set.Check(); !errors.As(err, &e) || !strings.HasPrefix(e.Field, "trait_types[") {
			t.Errorf("%q: %v", names, err)
		}
	}
}

func TestPhoneNormalForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+39 06 1234 5678": "+390612345678", "0039 06 12345678": "+390612345678", "+44 (0)20 7946 0018": "+442079460018",
		"06 12345678": "", "+0123456789": "", "+39": "", "+1 (555) 010-9999": "+15550109999", "call me": "",
	} {
		got, ok := customer.Normalize(core.TypePhone, in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v, want %q", in, got, ok, want)
		}
	}
}
