package customer

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/ciclo/ciclo/internal/core"
	"golang.org/x/text/unicode/norm"
)

// Normalize brings an identifier value into its normal form: Unicode NFC
// without invisible characters and outer blanks; e-mail in lower case; phone in
// E.164. ok is false when nothing usable remains.
func Normalize(typ, value string) (normal string, ok bool) {
	value = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != ' ' {
			return -1
		}
		return r
	}, value))
	if !isASCII(value) {
		value = norm.NFC.String(value)
	}
	switch typ {
	case core.TypeEmail:
		value = strings.ToLower(value)
		at := strings.LastIndexByte(value, '@')
		if at <= 0 || at == len(value)-1 || strings.ContainsAny(value, " \t,;<>\"") {
			return value, false
		}
	case core.TypePhone:
		value = e164(value)
	}
	return value, value != "" && len(value) <= 1024
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// e164 keeps numbers in international form; a national one has no country to
// stand for, so it gives "".
func e164(s string) string {
	var b strings.Builder
	if strings.HasPrefix(s, "+") {
		s = strings.Replace(s, "(0)", "", 1) // the zero that is dialled inside the country only
	}
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -.()/", r):
		default:
			return ""
		}
	}
	out := b.String()
	if after, ok := strings.CutPrefix(out, "00"); ok {
		out = "+" + after
	}
	if len(out) < 8 || len(out) > 16 || out[0] != '+' || out[1] == '0' {
		return ""
	}
	return out
}

var zeros = regexp.MustCompile(`^[0-]*$`)

// blockedAlways are values that never identify anybody, compared in lower case.
func blockedAlways() []string {
	return []string{"-1", "null", "none", "nil", "nan", "undefined", "true", "false", "anonymous", "guest",
		"distinctid", "distinct_id", "id", "email", "not_authenticated", "[object object]"}
}

// Blocked says whether a normalised value never identifies anybody, by the
// fixed list or the workspace's own.
func (s *Settings) Blocked(value string) bool {
	v := strings.ToLower(value)
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		v = v[1 : len(v)-1]
	}
	if zeros.MatchString(v) {
		return true
	}
	return slices.Contains(s.fixed(), v) || slices.Contains(s.BlockedValues, v)
}

// Window names over how long a limit counts.
type Window string

// Windows of limits.
const (
	Ever  Window = "ever"
	Week  Window = "week"
	Month Window = "month"
	Year  Window = "year"
)

func (w Window) span() core.Micros {
	switch w {
	case Week:
		return 7 * core.Day
	case Month:
		return 30 * core.Day
	case Year:
		return 365 * core.Day
	}
	return 0
}

// Limit bounds how many identifiers of one type a customer has.
type Limit struct {
	Type   string `json:"type"`
	Max    int    `json:"max" minimum:"1" maximum:"1000"`
	Window Window `json:"window" enum:"ever,week,month,year"`
}

// Settings are a workspace's rules of identity.
type Settings struct {
	Limits        []Limit  `json:"limits"`
	BlockedValues []string `json:"blocked_values"`
	// TraitTypes names traits whose value is an identifier of the type of the
	// same name, from the next event on.
	TraitTypes []string `json:"trait_types" required:"false" maxItems:"50"`
	// SharedDevice is "split_at_switch" (default) or "stay_with_first".
	SharedDevice string `json:"shared_device" enum:"split_at_switch,stay_with_first"`
	fixedList    []string
}

func (s *Settings) fixed() []string {
	if s.fixedList == nil {
		s.fixedList = blockedAlways()
	}
	return s.fixedList
}

// DefaultSettings are the rules of a new workspace.
func DefaultSettings() Settings {
	return Settings{
		Limits: []Limit{
			{core.TypeUserID, 1, Ever}, {core.TypeEmail, 5, Ever}, {core.TypePhone, 5, Ever},
			{core.TypeAnonymousID, 5, Week}, {core.TypeDeviceID, 5, Week}, {core.TypePushToken, 5, Week}, {core.TypeGAClientID, 5, Week},
		},
		SharedDevice: "split_at_switch", BlockedValues: []string{}, TraitTypes: []string{}, fixedList: blockedAlways(),
	}
}

// limit gives the bound for a type; custom types have 5, ever.
func (s *Settings) limit(typ string) Limit {
	for _, l := range s.Limits {
		if l.Type == typ {
			return l
		}
	}
	return Limit{typ, 5, Ever}
}

// Bounds on one customer, beyond which nothing attaches or merges any more.
const (
	MaxMerges      = 100
	MaxIdentifiers = 1000
)

// device says whether identifiers of a type belong to a device, which several
// people may use one after another.
func device(typ string) bool {
	switch typ {
	case core.TypeAnonymousID, core.TypeDeviceID, core.TypePushToken, core.TypeGAClientID:
		return true
	}
	return false
}

// rank orders types by priority: user_id, e-mail, then by name.
func rank(typ string) string {
	switch typ {
	case core.TypeUserID:
		return "\x00"
	case core.TypeEmail:
		return "\x01"
	}
	return typ
}

// SortIdentifiers orders identifiers by priority, then by value.
func SortIdentifiers(ids []core.Identifier) {
	slices.SortFunc(ids, func(a, b core.Identifier) int {
		if c := strings.Compare(rank(a.Type), rank(b.Type)); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// identifiersOf collects the usable identifiers of a message by priority.
func (s *Settings) identifiersOf(m *core.Message) []core.Identifier {
	out := make([]core.Identifier, 0, 4)
	add := func(typ, value string) {
		if value == "" {
			return
		}
		v, ok := Normalize(typ, value)
		if !ok || s.Blocked(v) {
			return
		}
		id := core.Identifier{Type: typ, Value: v}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	add(core.TypeUserID, m.UserID)
	add(core.TypeAnonymousID, m.AnonymousID)
	if m.Kind != core.KindGroup {
		s.addTraits(m.Props, add)
	}
	s.addTraits(m.ContextTraits, add)
	if m.Kind == core.KindIdentify {
		s.addTraitTypes(m.Props, add)
	}
	s.addTraitTypes(m.ContextTraits, add)
	for _, x := range m.External {
		add(x.Type, x.Value)
	}
	SortIdentifiers(out)
	return out
}

func (s *Settings) addTraits(obj []byte, add func(typ, value string)) {
	if len(obj) == 0 {
		return
	}
	for _, typ := range [2]string{core.TypeEmail, core.TypePhone} {
		if v, ok := core.Lookup(obj, typ); ok && v.Kind == core.ValueText {
			add(typ, v.Text)
		}
	}
}

// addTraitTypes adds the traits that the settings name. A number counts as its
// text, as ids do.
func (s *Settings) addTraitTypes(traits []byte, add func(typ, value string)) {
	if len(traits) == 0 {
		return
	}
	for _, typ := range s.TraitTypes {
		if v, ok := core.Lookup(traits, typ); ok && (v.Kind == core.ValueText || v.Kind == core.ValueNumber) {
			add(typ, v.Text)
		}
	}
}
