package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// product is an article of the shop. Money is in cents.
type product struct {
	id, name, category string
	price, cost        int64
}

type shop struct {
	products  []product
	campaigns []campaign
}

type campaign struct {
	source, medium, name string
	weight               int
}

func newShop(seed uint64) *shop {
	rnd := rand.New(rand.NewPCG(seed, 0x5109))
	s := &shop{campaigns: []campaign{
		{"", "", "", 34}, {"google", "organic", "", 22}, {"google", "cpc", "brand", 12}, {"google", "cpc", "generic", 8},
		{"instagram", "paid_social", "lookbook", 9}, {"facebook", "paid_social", "retargeting", 5}, {"newsletter", "email", "weekly", 7}, {"partner", "affiliate", "blog", 3},
	}}
	kinds := map[string][]string{
		"Coffee": {"House Blend", "Single Origin", "Espresso", "Decaf", "Cold Brew"}, "Tea": {"Green", "Black", "Rooibos", "Herbal", "White"},
		"Cups": {"Mug", "Espresso Cup", "Travel Mug", "Glass", "Saucer"}, "Brewers": {"Dripper", "French Press", "Moka Pot", "Kettle", "Siphon"},
		"Grinders": {"Hand Grinder", "Burr Grinder", "Spare Burrs"}, "Filters": {"Paper Filter", "Metal Filter", "Cloth Filter"},
		"Sweets": {"Biscotti", "Chocolate", "Nougat", "Caramel"}, "Gifts": {"Gift Box", "Gift Card", "Sampler"},
	}
	for _, cat := range []string{"Coffee", "Tea", "Cups", "Brewers", "Grinders", "Filters", "Sweets", "Gifts"} {
		for _, kind := range kinds[cat] {
			for _, v := range []string{"Classic", "Bio", "Reserve"} {
				price := int64(400+rnd.IntN(4600))/10*10 + 9
				n := len(s.products) + 1
				s.products = append(s.products, product{fmt.Sprintf("P%04d", n), kind + " " + v, cat, price, price * int64(35+rnd.IntN(30)) / 100})
			}
		}
	}
	return s
}

func (s *shop) pick(rnd *rand.Rand) *product {
	// A few articles sell most: the square pulls towards the front.
	f := rnd.Float64()
	return &s.products[int(f*f*float64(len(s.products)))]
}

func (s *shop) campaign(rnd *rand.Rand) campaign {
	n := rnd.IntN(100)
	for _, c := range s.campaigns {
		if n -= c.weight; n < 0 {
			return c
		}
	}
	return s.campaigns[0]
}

// personName makes a pronounceable name that belongs to nobody.
func personName(rnd *rand.Rand) (first, last string) {
	on := []string{"b", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "tr", "st", "cl"}
	vo := []string{"a", "e", "i", "o", "u", "ia", "ea", "io"}
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(on[rnd.IntN(len(on))] + vo[rnd.IntN(len(vo))])
		}
		w := b.String()
		return strings.ToUpper(w[:1]) + w[1:]
	}
	return word(2), word(2 + rnd.IntN(2))
}
