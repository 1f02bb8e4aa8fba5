package inbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

func TestClockRule(t *testing.T) {
	t.Parallel()
	const clockFlags = core.FlagTimeInvalid | core.FlagTimeClamped | core.FlagLate
	for times, want := range map[string]struct {
		at    core.Micros
		flags core.Flags
	}{
		`"timestamp":"2026-05-04T10:00:00Z","sentAt":"2026-05-04T10:00:05Z"`:                                            {at("2026-05-04T12:00:02Z"), 0},
		`"originalTimestamp":"2026-05-04T10:00:00Z","timestamp":"2020-01-01T00:00:00Z","sentAt":"2026-05-04T10:00:05Z"`: {at("2026-05-04T12:00:02Z"), 0},
		`"timestamp":"2020-01-01T00:00:00Z","sentAt":"2026-05-04T12:00:07Z"`:                                            {at("2020-01-01T00:00:00Z"), core.FlagLate},
		`"timestamp":"2026-05-04T12:00:01Z"`:                                                                            {at("2026-05-04T12:00:01Z"), 0},
		`"timestamp":"2026-05-04T12:01:07Z"`:                                                                            {at("2026-05-04T12:01:07Z"), 0},
		`"timestamp":"2026-05-04T12:01:07.000001Z"`:                                                                     {received, core.FlagTimeClamped},
		`"timestamp":"2026-05-04T11:45:07Z"`:                                                                            {at("2026-05-04T11:45:07Z"), 0},
		`"timestamp":"2026-05-04T11:45:06Z"`:                                                                            {at("2026-05-04T11:45:06Z"), core.FlagLate},
		`"sentAt":"2026-05-04T10:00:05Z"`:                                                                               {received, 0},
		`"timestamp":null`:                                                                                              {received, 0},
		`"timestamp":"yesterday"`:                                                                                       {received, core.FlagTimeInvalid},
		`"timestamp":{}`:                                                                                                {received, core.FlagTimeInvalid},
		`"timestamp":"12026-05-04T12:00:00Z"`:                                                                           {received, core.FlagTimeInvalid},
		`"timestamp":"2026-13-04T12:00:00Z"`:                                                                            {received, core.FlagTimeInvalid},
		`"timestamp":"2026-02-29T12:00:00Z"`:                                                                            {received, core.FlagTimeInvalid},
		`"timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-01-01T00:00:00Z"`:                                            {received, core.FlagTimeInvalid},
		`"timestamp":"2026-05-04T12:00:01Z","sentAt":"broken"`:                                                          {at("2026-05-04T12:00:01Z"), 0},
		`"originalTimestamp":"broken","timestamp":"2026-05-04T12:00:01Z"`:                                               {at("2026-05-04T12:00:01Z"), 0},
	} {
		m := one(t, `{"type":"track","event":"e","userId":"u",`+times+`}`)
		if m.Time != want.at || m.Flags&clockFlags != want.flags {
			t.Errorf("%s: got %s flags %b, want %s flags %b", times, core.ToTime(m.Time), m.Flags&clockFlags, core.ToTime(want.at), want.flags)
		}
	}
}

func TestSentAtPlaces(t *testing.T) {
	t.Parallel()
	const event = `{"type":"track","event":"e","userId":"u","timestamp":"2026-05-04T10:00:00Z"`
	for _, x := range []struct{ envelope, own, header, want string }{
		{``, ``, "2026-05-04T10:00:05Z", "2026-05-04T12:00:02Z"},
		{`,"sentAt":"2026-05-04T10:00:06Z"`, ``, "2026-05-04T10:00:05Z", "2026-05-04T12:00:01Z"},
		{`,"sentAt":"2026-05-04T10:00:06Z"`, `,"sentAt":"2026-05-04T10:00:07Z"`, "2026-05-04T10:00:05Z", "2026-05-04T12:00:00Z"},
		{``, ``, "", "2026-05-04T10:00:00Z"},
	} {
		m := parse(t, inbox.Request{Meta: inbox.Meta{SentAt: x.header}, Body: []byte(`{"batch":[` + event + x.own + `}]` + x.envelope + `}`)}).Messages[0]
		if m.Time != at(x.want) || m.Original != at("2026-05-04T10:00:00Z") {
			t.Errorf("%+v: got %s", x, core.ToTime(m.Time))
		}
	}
}

func TestTimeForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"2026-05-04T10:00:00Z"`: "2026-05-04T10:00:00Z", `"2026-05-04T10:00:00.1Z"`: "2026-05-04T10:00:00.1Z", `"2026-05-04T10:00:00.123456789Z"`: "2026-05-04T10:00:00.123456Z",
		`"2026-05-04T10:00:00.123+02:00"`: "2026-05-04T08:00:00.123Z", `"2026-05-04T10:00:00-0530"`: "2026-05-04T15:30:00Z", `"2026-05-04 10:00:00"`: "2026-05-04T10:00:00Z",
		`"2026-05-04T10:00"`: "2026-05-04T10:00:00Z", `"2026-05-04"`: "2026-05-04T00:00:00Z", `1777888800000`: "2026-05-04T10:00:00Z", `1777888800`: "2026-05-04T10:00:00Z",
		`1777888800.25`: "2026-05-04T10:00:00.25Z", `"2026-05-04t10:00:00z"`: "2026-05-04T10:00:00Z", `"2024-02-29T00:00:00Z"`: "2024-02-29T00:00:00Z", `"1970-01-01T00:00:00Z"`: "1970-01-01T00:00:00.000001Z",
	} {
		if m := one(t, `{"type":"track","event":"e","userId":"u","timestamp":`+text+`}`); m.Original != at(want) || m.Flags&core.FlagTimeInvalid != 0 {
			t.Errorf("%s: got %s", text, core.ToTime(m.Original))
		}
	}
}

// TestTimesAgainstStandardLibrary walks days, offsets and fractions.
func TestTimesAgainstStandardLibrary(t *testing.T) {
	t.Parallel()
	for day := -300_000; day < 100_000; day += 97 {
		want := time.Unix(int64(day)*86400, 0).UTC().Add(time.Duration(day&0xFFFF) * time.Millisecond).In(time.FixedZone("", (day%27)*1800))
		if want.Year() < 1 || want.Year() > 9998 {
			continue
		}
		text := want.Format("2006-01-02T15:04:05.000Z07:00")
		if m := one(t, fmt.Sprintf(`{"type":"track","event":"e","userId":"u","timestamp":%q}`, text)); m.Original != core.FromTime(want) {
			t.Fatalf("%s: got %s", text, core.ToTime(m.Original))
		}
	}
}
