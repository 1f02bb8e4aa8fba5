package fold_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// TestOldStatesAreRead keeps a state that the first version of the language
// saved: conditions of that time read it as they did then.
func TestOldStatesAreRead(t *testing.T) {
	t.Parallel()
	p, c := compile(t, `{"all":[{"did":{"event":"Order Completed","op":"gte","value":2,"window":{"last":"30d"}}},{"did":{"event":"Order Completed","measure":"sum","property":"revenue","op":"gt","value":20}},`+
		`{"did":{"event":"Order Completed","measure":"distinct_days","op":"gte","value":2,"window":{"last":"90d"}}},{"did":{"event":"Order Completed","measure":"distinct","property":"sku","op":"gte","value":2}},`+
		`{"trait":{"name":"plan","op":"is","value":"pro"}},{"trait":{"name":"renews","op":"in_last","value":"60d"}},{"not":{"lapse":{"event":"Order Completed","days":45,"gap_multiple":2}}},{"not":{"stage":{"was":"lost"}}}]}`)
	raw, err := hex.DecodeString("000702038080bbdd8305008080bbdd83050080e0d489e45b00090680ad971d80e0cac4eb650006c09a0c80b4891302038080bbdd8305028080bbdd83050480e0d489e45b2802028080f6ba870ab7e9aa978d8d9589910180e0d489e45b97a1d78bcbe9b78fb00105000080c098ccc50700052270726f2205000080c098ccc507000c22313937302d30312d303322030680e0cac4eb6580e0cac4eb6528028080f6ba870a8080bbdd830580e0d489e45b80e0d489e45b")
	if err != nil {
		t.Fatal(err)
	}
	s, rest, err := p.Decode(raw)
	if err != nil || len(rest) > 0 {
		t.Fatalf("an old state is not read: %v, %d bytes left", err, len(rest))
	}
	for day, want := range map[float64]bool{20.25: true, 31: true, 32: false, 64: false} {
		if got := p.Eval(s, c, order(day, "").Time); got != want {
			t.Errorf("at day %g: %v, want %v", day, got, want)
		}
	}
	if again := hex.EncodeToString(p.Append(nil, s)); again != hex.EncodeToString(raw) {
		t.Errorf("the old state is written as %s", again)
	}
}

// TestDecodeRefuses gives Decode states of other programs, cut ones and noise:
// each is refused or read as a state that can be evaluated, never a panic.
func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	conds := []string{`{"did":{"event":"A","window":{"calendar":"last_month"}}}`, `{"did":{"event":"A","measure":"first","property":"v","op":"set","window":{"last":"9d"}}}`,
		`{"keyed":{"by":"cart","when":{"did":{"event":"A"}}}}`, `{"sequence":{"steps":[{"event":"A"},{"event":"A","within":"1d"}]}}`,
		`{"trait":{"name":"p","op":"not_set","for":"1d"}}`, `{"did":{"event":"A"}}`}
	states := make([][]byte, len(conds))
	for i, cond := range conds {
		p, _ := compile(t, cond)
		s := p.New()
		for d := range 3 {
			in := fold.Input{Time: core.Micros(d+1) * core.Day, Kind: core.KindTrack, Name: "A", Props: fold.JSON(`{"cart":"x","v":1}`)}
			p.Apply(s, &in)
		}
		states[i] = p.Append(nil, s)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i, cond := range conds {
		p, c := compile(t, cond)
		for j, raw := range states {
			if _, rest, err := p.Decode(raw); i == j && (err != nil || len(rest) > 0) {
				t.Errorf("%s: its own state is refused: %v", cond, err)
			} else if _, _, err := p.Decode(raw); i < 4 && j < 4 && i != j && err == nil {
				t.Errorf("%s reads the state of %s", cond, conds[j])
			}
			for cut := range raw {
				if _, _, err := p.Decode(raw[:cut]); err == nil {
					t.Errorf("%s reads %d of %d bytes", cond, cut, len(raw))
				}
			}
			for range 300 {
				noise := append([]byte(nil), raw...)
				noise[rnd.IntN(len(noise))] = byte(rnd.IntN(256))
				if s, _, err := p.Decode(noise); err == nil {
					p.Eval(s, c, 5*core.Day)
					p.NextChange(s, 5*core.Day)
				}
			}
		}
	}
}

// TestKeyedIsBounded: a customer with very many carts keeps the newest ones.
func TestKeyedIsBounded(t *testing.T) {
	t.Parallel()
	p, c := compile(t, `{"keyed":{"by":"cart","when":{"did":{"event":"A","op":"gte","value":2}}}}`)
	s := p.New()
	add := func(i, cart int) {
		in := fold.Input{Time: core.Micros(i) * core.Second, Kind: core.KindTrack, Name: "A", Props: fold.JSON(fmt.Sprintf(`{"cart":%d}`, cart))}
		p.Apply(s, &in)
	}
	for i := range 1500 {
		add(i, i)
	}
	if n := len(p.Append(nil, s)); n > 40_000 {
		t.Errorf("the state has %d bytes", n)
	}
	add(1500, 3) // forgotten: it starts again
	if p.Eval(s, c, core.Day) {
		t.Error("the oldest cart is still there")
	}
	add(1501, 1400)
	if !p.Eval(s, c, core.Day) {
		t.Error("a new cart was forgotten")
	}
	if _, rest, err := p.Decode(p.Append(nil, s)); err != nil || len(rest) > 0 {
		t.Errorf("decode: %v", err)
	}
}

// TestFirstInWindowIsBounded: with more events in a window than are kept, the
// state stays small and the oldest kept event decides.
func TestFirstInWindowIsBounded(t *testing.T) {
	t.Parallel()
	p, c := compile(t, `{"did":{"event":"A","measure":"first","property":"v","op":"is","value":0,"window":{"last":"30d"}}}`)
	s := p.New()
	for i := range 12_000 {
		in := fold.Input{Time: core.Micros(i) * core.Second, Kind: core.KindTrack, Name: "A", Props: fold.JSON(fmt.Sprintf(`{"v":%d}`, i))}
		p.Apply(s, &in)
	}
	if !p.Eval(s, c, core.Day) || p.Eval(s, c, 30*core.Day) {
		t.Error("the first event of the window is another")
	}
	if _, rest, err := p.Decode(p.Append(nil, s)); err != nil || len(rest) > 0 {
		t.Errorf("decode: %v", err)
	}
}

// TestMidnightOfEveryZone: a local day begins where the one before ends, also
// where clocks skip or repeat midnight or a whole day.
func TestMidnightOfEveryZone(t *testing.T) {
	t.Parallel()
	for _, name := range strings.Fields("UTC Europe/Rome Europe/Bucharest America/Sao_Paulo Africa/Cairo Asia/Beirut America/St_Johns Pacific/Apia Pacific/Kwajalein Australia/Lord_Howe Asia/Kathmandu America/Havana") {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		cal := expr.Calendar{Zone: zone, Week: time.Sunday}
		for day := int64(3000); day < 21_000; day++ {
			start, end := cal.Start(day), cal.Start(day+1)
			if start > end {
				t.Fatalf("%s: day %d ends before it begins", name, day)
			}
			if start == end {
				continue // the zone left it out
			}
			if cal.Day(start) != day || cal.Day(end-1) != day || cal.Day(start+(end-start)/2) != day {
				t.Fatalf("%s: day %d from %d to %d is numbered %d, %d", name, day, start, end, cal.Day(start), cal.Day(end-1))
			}
			for _, u := range []expr.Unit{expr.Weeks, expr.Months, expr.Quarters, expr.Years} {
				n := cal.Period(u, start)
				if from, to := cal.PeriodStart(u, n), cal.PeriodStart(u, n+1); from > start || to < end {
					t.Fatalf("%s: day %d is not inside its period %d of unit %d", name, day, n, u)
				}
			}
		}
	}
}
