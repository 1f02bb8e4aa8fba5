package customer_test

import (
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
)

func TestNames(t *testing.T) {
	t.Parallel()
	n := customer.NewNames([]core.Identifier{{Type: "email", Value: "ann@x.io"}, {Type: "user_id", Value: "7"}, {Type: "user_id", Value: "u-4411"}, {Type: "phone", Value: "+393331234567"}, {Type: "custom", Value: "Zoë"}})
	for text, want := range map[string]bool{
		`{"email":"Ann@X.io"}`: true, `{"email":"joann@x.io"}`: false, `{"email":"ann@x.iot"}`: false, `https://s.io/?e=ann@x.io&b=1`: true,
		`{"userId":"7"}`: true, `{"quantity":7}`: false, `a,7,b`: true, `17`: false, `{"id":"u-4411"}`: true, `u-44112`: false,
		`{"email":"ann\u0040x.io"}`: true, `"zo\u00eb"`: true, `tel:+393331234567`: true, `{"path":"\/u-4411\/"}`: true, ``: false,
	} {
		if got := n.In([]byte(text)); got != want {
			t.Errorf("In(%s) = %v", text, got)
		}
	}
	if got, want := n.Redact("letter of Ann@x.io, u-4411"), "letter of [erased], [erased]"; got != want {
		t.Errorf("Redact gives %q, want %q", got, want)
	}
	if customer.NewNames(nil).In([]byte("ann")) {
		t.Error("nobody is found")
	}
}
