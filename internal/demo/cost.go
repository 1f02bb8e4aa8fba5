package demo

import (
	"math/rand/v2"
	"time"
)

// Cost is what one campaign, or the team, cost on a day. Amount is in cents.
type Cost struct {
	Day               time.Time // midnight UTC of the date
	Channel, Campaign string
	Salaries          bool
	Amount            int64
}

// centsADay is what a campaign costs a day for each thousand people of the shop
// and each percent of the visits that it brings.
const centsADay = 40

// Costs gives what the shop's paid campaigns and its team cost from the start of
// the story up to a date. A day costs the same whatever the end is. At weekends
// advertising costs a third less.
func Costs(cfg Config, until time.Time) []Cost {
	var out []Cost
	shop := newShop(cfg.Seed)
	for day := cfg.start().UTC().Truncate(24 * time.Hour); !day.After(until); day = day.AddDate(0, 0, 1) {
		rnd := rand.New(rand.NewPCG(cfg.Seed, uint64(day.Unix())))
		for _, c := range shop.campaigns {
			if c.medium != "cpc" && c.medium != "paid_social" && c.medium != "affiliate" {
				continue
			}
			amount := int64(c.weight) * centsADay * int64(cfg.People) / 1000 * int64(80+rnd.IntN(41)) / 100
			if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
				amount = amount * 2 / 3
			}
			out = append(out, Cost{Day: day, Channel: c.source, Campaign: c.name, Amount: amount})
		}
		if day.Day() == 1 {
			out = append(out, Cost{Day: day, Channel: "team", Salaries: true, Amount: int64(cfg.People) * 15})
		}
	}
	return out
}
