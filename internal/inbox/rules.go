package inbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Action says what happens to a property.
type Action string

// Actions on a property. Hash replaces the value by a keyed hash, the same for
// the same text, which cannot be turned back. Encrypt replaces it by a text
// that only Reveal turns back.
const (
	Allow   Action = "allow"
	Hash    Action = "hash"
	Encrypt Action = "encrypt"
	DropP   Action = "drop"
)

// PropertyRule applies to a property or trait by name, in every event of a
// source. A dot reaches into an object.
type PropertyRule struct {
	Path   string `json:"path"`
	Action Action `json:"action"`
}

// rules are the compiled settings of a source.
type rules struct {
	plan       *plan
	properties *propertyRules
	networks   *Networks
}

func (s *Service) compile(src *Source) (*rules, error) {
	p, err := compilePlan(src.Settings.Plan)
	if err != nil {
		return nil, err
	}
	pr, err := s.compileProperties(src.Workspace, &src.Settings, nil)
	if err != nil {
		return nil, err
	}
	n, err := s.known.With(src.Settings.Bots.Networks)
	if err != nil {
		return nil, err
	}
	return &rules{plan: p, properties: pr, networks: n}, nil
}

type propertyRules struct {
	root   *ruleNode
	secret []byte
	vault  *vault
	ws     core.WorkspaceID
	hashed []string // paths that are hashed
}

// ruleNode is what is known about one name: an action, or rules for members.
type ruleNode struct {
	action Action
	kids   map[string]*ruleNode
	only   bool // members without a rule are dropped
}

// compileProperties makes the rules of a source. Paths in done were hashed
// before and are left alone: a hash of a hash would be another value.
func (s *Service) compileProperties(ws core.WorkspaceID, set *Settings, done []string) (*propertyRules, error) {
	if len(set.Properties) == 0 && !set.OnlyListed {
		return nil, nil
	}
	root := &ruleNode{kids: map[string]*ruleNode{}, only: set.OnlyListed}
	out := &propertyRules{root: root, secret: s.keys.property, vault: s.keys.vault, ws: ws}
	for i, r := range set.Properties {
		field := fmt.Sprintf("settings.properties[%d]", i)
		switch r.Action {
		case Allow, Hash, Encrypt, DropP:
		default:
			return nil, errs.Field(field, "invalid_action", "action must be allow, hash, encrypt or drop")
		}
		parts := strings.Split(r.Path, ".")
		if r.Path == "" || len(parts) > 8 {
			return nil, errs.Field(field, "invalid_path", "a path has one to eight names")
		}
		n := root
		for _, p := range parts {
			if p == "" {
				return nil, errs.Field(field, "invalid_path", "a path must not hold empty names")
			}
			if n.kids[p] == nil {
				n.kids[p] = &ruleNode{kids: map[string]*ruleNode{}, only: set.OnlyListed}
			}
			n = n.kids[p]
		}
		n.action = r.Action
		if r.Action == Hash {
			out.hashed = append(out.hashed, r.Path)
			if slices.Contains(done, r.Path) {
				n.action = Allow
			}
		}
	}
	return out, nil
}

// apply rewrites properties, traits and context traits of m.
func (p *propertyRules) apply(m *core.Message) {
	if p == nil {
		return
	}
	m.Props = p.object(m.ID, m.Props)
	m.ContextTraits = p.object(m.ID, m.ContextTraits)
}

// object gives raw, of message id, with the rules applied; nil when nothing is
// left.
func (p *propertyRules) object(id string, raw []byte) []byte {
	if p == nil || len(raw) == 0 || raw[0] != '{' {
		return raw
	}
	a := applied{p, id}
	out := a.members(make([]byte, 0, len(raw)), raw, p.root)
	if len(out) == 2 {
		return nil
	}
	return out
}

// applied is the rules at work on one message.
type applied struct {
	*propertyRules
	id string
}

func (p applied) members(dst, raw []byte, n *ruleNode) []byte {
	dst = append(dst, '{')
	first := true
	for w := walk(raw); w.next(); {
		key := unquote(w.key)
		kid := n.kids[key]
		if kid == nil && n == p.root && w.val[0] == '{' && nestsTraits(key) {
			kid = p.root
		}
		if kid == nil && n.only || kid != nil && kid.action == DropP {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, w.key...)
		dst = append(dst, '"', ':')
		dst = p.value(dst, w.val, kid)
	}
	return append(dst, '}')
}

// nestsTraits says whether PostHog's clients put traits under that property,
// to which the rules apply as to those of an identify.
func nestsTraits(key string) bool { return key == "$set" || key == "$set_once" || key == "$group_set" }

func (p applied) value(dst, raw []byte, n *ruleNode) []byte {
	switch {
	case n == nil:
		return append(dst, raw...)
	case n == p.root:
		return p.members(dst, raw, n)
	case (n.action == Hash || n.action == Encrypt) && raw[0] != 'n':
		return p.hide(dst, raw, n.action)
	case len(n.kids) > 0 && raw[0] == '{':
		inner := n
		if n.only && n.action == Allow {
			inner = &ruleNode{kids: n.kids}
		}
		return p.members(dst, raw, inner)
	case len(n.kids) > 0 && raw[0] == '[':
		dst = append(dst, '[')
		for i, e := range elements(raw) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = p.value(dst, e, n)
		}
		return append(dst, ']')
	}
	return append(dst, raw...)
}

// hide writes the hash or the encrypted form of a value. What is encrypted
// already, as after a stay in quarantine, is opened first.
func (p applied) hide(dst, raw []byte, how Action) []byte {
	if raw[0] == '"' {
		if plain, ok := p.vault.open(p.ws, textOf(raw)); ok {
			if how == Encrypt {
				return append(dst, raw...)
			}
			raw = plain
		}
	}
	if how == Encrypt {
		return quote(dst, p.vault.seal(p.ws, p.id, raw))
	}
	text := string(raw)
	if raw[0] == '"' {
		text = textOf(raw)
	}
	return quote(dst, keyed(p.secret, text)[:32])
}

// event applies the rules to the raw event of message id on its way to
// quarantine: to its properties, traits and context traits, and the address
// policy to its address.
func (p *propertyRules) event(id string, raw []byte, policy IPPolicy) []byte {
	if len(raw) == 0 || raw[0] != '{' || p == nil && policy.Stricter(IPKeep) == IPKeep {
		return raw
	}
	return rewrite(raw, func(key string, val []byte) []byte {
		switch key {
		case "properties":
			return orEmpty(p.object(id, hideAddress(val, policy)))
		case "traits", "$set", "$set_once":
			return orEmpty(p.object(id, val))
		case "context":
			return p.context(id, val, policy)
		}
		return val
	})
}

func (p *propertyRules) context(id string, raw []byte, policy IPPolicy) []byte {
	return rewrite(raw, func(key string, val []byte) []byte {
		switch key {
		case "traits":
			return orEmpty(p.object(id, val))
		case "ip":
			return quote(nil, ApplyIPPolicy(textOf(val), policy))
		}
		return val
	})
}

// hideAddress applies an address policy to the address that PostHog's clients
// put among the properties.
func hideAddress(props []byte, policy IPPolicy) []byte {
	if policy.Stricter(IPKeep) == IPKeep || find(props, "$ip") == nil {
		return props
	}
	return rewrite(props, func(key string, val []byte) []byte {
		if key == "$ip" {
			return quote(nil, ApplyIPPolicy(textOf(val), policy))
		}
		return val
	})
}

func orEmpty(raw []byte) []byte {
	if raw == nil {
		return []byte("{}")
	}
	return raw
}

// rewrite copies an object, putting what edit gives in place of each value.
func rewrite(raw []byte, edit func(key string, val []byte) []byte) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return raw
	}
	out := append(make([]byte, 0, len(raw)), '{')
	for w := walk(raw); w.next(); {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), w.key...), '"', ':')
		out = append(out, edit(unquote(w.key), w.val)...)
	}
	return append(out, '}')
}
