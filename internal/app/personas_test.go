package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/segment"
)

// TestPersonas finds the two kinds of buyers that a shop was given, the same ones
// each time, says in what they differ, and saves one as a segment.
func TestPersonas(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		if _, err := b.Segments.FindPersonas(ctx, 1, "test"); errs.CodeOf(err) != "too_few_buyers" {
			t.Errorf("an empty shop: %v", err)
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		var events []obj
		buy := func(user, category string, orders int, worth, hour float64, coupon bool) {
			for k := range orders {
				p := obj{"order_id": fmt.Sprint(user, k), "revenue": worth + rnd.Float64()*5, "currency": "EUR", "category": category}
				if coupon {
					p["coupon"] = "SAVE"
				}
				events = append(events, obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": fmt.Sprint(user, k), "properties": p,
					"timestamp": b.at(-float64(k*9+1+rnd.IntN(3)) + hour/24), "context": obj{"campaign": obj{"medium": map[bool]string{true: "email", false: "social"}[coupon]}}})
			}
		}
		for i := range 30 {
			buy(fmt.Sprint("rich", i), "watches", 8+rnd.IntN(4), 400, 8, false)
			buy(fmt.Sprint("thrifty", i), "socks", 1+rnd.IntN(2), 8, -3, true)
		}
		b.send(events...)
		p, err := b.Segments.FindPersonas(ctx, 1, "test")
		if err != nil {
			t.Fatal(err)
		}
		if p.Buyers != 60 || len(p.Groups) != 2 || p.Groups[0].Size != 30 || p.Groups[1].Size != 30 || p.Silhouette < 0.5 || p.Money != "revenue" {
			t.Fatalf("personas %+v", p)
		}
		again, err := b.Segments.FindPersonas(ctx, 1, "test")
		if err != nil || again.ID != p.ID+1 || !reflect.DeepEqual(again.Groups, p.Groups) {
			t.Errorf("found anew %+v, %v", again, err)
		}
		names := map[string]bool{}
		for k := range p.Groups {
			for _, lang := range []string{"en", "it", "ro", "xx"} {
				name := p.Groups[k].Name(lang)
				if name == "" || strings.Contains(name, "%") {
					t.Errorf("name %q in %s", name, lang)
				}
				names[name] = true
			}
			if len(p.Groups[k].Contrasts) == 0 {
				t.Errorf("persona %d differs in nothing", k)
			}
		}
		if len(names) != 6 { // English also serves for unknown languages
			t.Errorf("names %v", names)
		}
		if _, err := b.Segments.SavePersona(ctx, 1, p.ID, 0, segment.Definition{Name: "old"}, "test"); errs.CodeOf(err) != "personas_changed" {
			t.Errorf("saving one of an older run: %v", err)
		}
		kind := "rich"
		for _, c := range again.Groups[0].Contrasts {
			if c.Name == segment.FeatureMoney && c.Difference < 0 || c.Name == segment.FeatureCategory+"socks" && c.Difference > 0 {
				kind = "thrifty"
			}
		}
		g, err := b.Segments.SavePersona(ctx, 1, again.ID, 0, segment.Definition{Name: "Persona"}, "test")
		if err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		b.work()
		users := strings.Fields(b.users(g))
		if len(users) != 30 || slices.ContainsFunc(users, func(u string) bool { return !strings.HasPrefix(u, kind) }) {
			t.Errorf("the segment of %s has %v", kind, users)
		}
	})
}
