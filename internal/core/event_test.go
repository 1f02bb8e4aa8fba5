package core_test

import (
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for k := core.KindTrack; k <= core.KindSignal; k++ {
		if back, ok := core.ParseKind(k.String()); !ok || back != k || k.String() == "" {
			t.Errorf("kind %d is written %q and read %d", k, k, back)
		}
	}
	for _, name := range []string{"", "Track", "bogus"} {
		if k, ok := core.ParseKind(name); ok {
			t.Errorf("%q is kind %d", name, k)
		}
	}
	if got := core.Kind(99).String(); got != "" {
		t.Errorf("an unknown kind is %q", got)
	}
}

// TestStoredNumbers pins what is stored: a change would read old data wrongly.
func TestStoredNumbers(t *testing.T) {
	t.Parallel()
	if core.KindTrack != 1 || core.KindIdentify != 2 || core.KindPage != 3 || core.KindScreen != 4 || core.KindGroup != 5 || core.KindAlias != 6 || core.KindSignal != 7 {
		t.Error("the number of a kind changed")
	}
	for bit, f := range []core.Flags{core.FlagTimeInvalid, core.FlagTimeClamped, core.FlagLate, core.FlagNoMessageID, core.FlagIDConflict, core.FlagBot,
		core.FlagTest, core.FlagBadMoney, core.FlagNoCurrency, core.FlagUnplanned, core.FlagImported, core.FlagHistoric} {
		if f != 1<<bit {
			t.Errorf("flag %d has the value %d", bit, f)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 12, 0, 7, 123_456_789, time.FixedZone("x", 7200))
	if m := core.FromTime(at); !core.ToTime(m).Equal(at.Truncate(time.Microsecond)) || core.ToTime(m).Location() != time.UTC {
		t.Errorf("%s became %s", at, core.ToTime(m))
	}
	if core.Day != 86_400_000_000 || core.ToTime(0).Year() != 1970 {
		t.Error("the unit is not the microsecond since 1970")
	}
}

func TestOrderOfEvents(t *testing.T) {
	t.Parallel()
	a, b, c := core.Event{Time: 1, Seq: 9}, core.Event{Time: 2, Seq: 1}, core.Event{Time: 2, Seq: 2}
	for _, p := range [][2]*core.Event{{&a, &b}, {&b, &c}, {&a, &c}} {
		if !p[0].Before(p[1]) || p[1].Before(p[0]) || p[0].Before(p[0]) {
			t.Errorf("%+v and %+v are out of order", p[0], p[1])
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	const obj = `{"a":{"b":"deep"},"a.b":"flat","n":1.50,"t":true,"z":null,"l":[1,"x",null],"o":{"k":1},"wild*":"w","x|y":2,"#":"h","q\"":"quote","@this":"at","e":"","big":12345678901234567890}`
	for path, want := range map[string]string{"a.b": "flat", "n": "1.50", "t": "true", "l": `[1,"x",null]`, "o": `{"k":1}`, "o.k": "1", "wild*": "w", "x|y": "2", "#": "h", `q"`: "quote", "@this": "at", "e": "", "big": "12345678901234567890"} {
		v, ok := core.Lookup([]byte(obj), path)
		if !ok || v.Display() != want {
			t.Errorf("%s: %q, %v, want %q", path, v.Display(), ok, want)
		}
	}
	for _, path := range []string{"z", "missing", "a.c", "wild"} {
		if v, ok := core.Lookup([]byte(obj), path); ok {
			t.Errorf("%s: found %+v", path, v)
		}
	}
	if _, ok := core.Lookup(nil, "a"); ok {
		t.Error("found something in nothing")
	}
	if v, ok := core.Lookup([]byte(obj), "l"); !ok || v.Kind != core.ValueList || len(v.List) != 3 || v.List[1].Text != "x" {
		t.Errorf("list: %+v", v)
	}
}

func TestValuesAsTimes(t *testing.T) {
	t.Parallel()
	want := core.FromTime(time.Date(2026, 5, 4, 12, 0, 7, 0, time.UTC))
	for raw, ok := range map[string]bool{`"2026-05-04T12:00:07Z"`: true, `"2026-05-04T14:00:07+02:00"`: true, `"2026-05-04 12:00:07"`: true, `1777896007`: true, `1777896007000`: true,
		`"yesterday"`: false, `12`: false, `true`: false, `[]`: false} {
		v, _ := core.ParseJSON([]byte(raw))
		if got, is := v.AsTime(); is != ok || ok && got != want {
			t.Errorf("%s: %s, %v", raw, core.ToTime(got), is)
		}
	}
	if _, ok := core.ParseJSON([]byte(`null`)); ok {
		t.Error("null is a value")
	}
	if got := (core.Value{Kind: core.ValueTime, Time: want}).Display(); got != "2026-05-04T12:00:07Z" {
		t.Errorf("written %q", got)
	}
	if got := (core.Value{Kind: core.ValueNumber, Num: 0.1}).Display(); got != "0.1" {
		t.Errorf("written %q", got)
	}
}
