package inbox

import (
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Action says what happens to a property.
type Action string

// Actions on a property. Hash replaces the value by a keyed hash, the same for
// the same text, which cannot be turned back.
const (
	Allow Action = "allow"
	Hash  Action = "hash"
	DropP Action = "drop"
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
}

func compileRules(set Settings, secret []byte) (*rules, error) {
	p, err := compilePlan(set.Plan)
	if err != nil {
		return nil, err
	}
	pr, err := compileProperties(set, secret)
	if err != nil {
		return nil, err
	}
	return &rules{plan: p, properties: pr}, nil
}

type propertyRules struct {
	root   *ruleNode
	secret []byte
}

// ruleNode is what is known about one name: an action, or rules for members.
type ruleNode struct {
	action Action
	kids   map[string]*ruleNode
	only   bool // members without a rule are dropped
}

func compileProperties(set Settings, secret []byte) (*propertyRules, error) {
	if len(set.Properties) == 0 && !set.OnlyListed {
		return nil, nil
	}
	root := &ruleNode{kids: map[string]*ruleNode{}, only: set.OnlyListed}
	for i, r := range set.Properties {
		field := fmt.Sprintf("settings.properties[%d]", i)
		switch r.Action {
		case Allow, Hash, DropP:
		default:
			return nil, errs.Field(field, "invalid_action", "action must be allow, hash or drop")
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
	}
	return &propertyRules{root: root, secret: secret}, nil
}

// apply rewrites properties, traits and context traits of m.
func (p *propertyRules) apply(m *core.Message) {
	if p == nil {
		return
	}
	m.Props = p.object(m.Props)
	m.ContextTraits = p.object(m.ContextTraits)
}

// object gives raw with the rules applied; nil when nothing is left.
func (p *propertyRules) object(raw []byte) []byte {
	if p == nil || len(raw) == 0 || raw[0] != '{' {
		return raw
	}
	out := p.members(make([]byte, 0, len(raw)), raw, p.root)
	if len(out) == 2 {
		return nil
	}
	return out
}

func (p *propertyRules) members(dst, raw []byte, n *ruleNode) []byte {
	dst = append(dst, '{')
	first := true
	for w := walk(raw); w.next(); {
		kid := n.kids[unquote(w.key)]
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

func (p *propertyRules) value(dst, raw []byte, n *ruleNode) []byte {
	switch {
	case n == nil:
		return append(dst, raw...)
	case n.action == Hash && raw[0] != 'n':
		text := string(raw)
		if raw[0] == '"' {
			text = textOf(raw)
		}
		return quote(dst, keyed(p.secret, text)[:32])
	case len(n.kids) > 0 && raw[0] == '{':
		inner := *n
		inner.only = n.only && n.action != Allow
		return p.members(dst, raw, &inner)
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

// event applies the rules to a raw event on its way to quarantine: to its
// properties, traits and context traits, and the address policy to its
// address.
func (r *rules) event(raw []byte, policy IPPolicy) []byte {
	if len(raw) == 0 || raw[0] != '{' || r.properties == nil && policy.Stricter(IPKeep) == IPKeep {
		return raw
	}
	return rewrite(raw, func(key string, val []byte) []byte {
		switch key {
		case "properties", "traits", "$set", "$set_once":
			return orEmpty(r.properties.object(val))
		case "context":
			return r.context(val, policy)
		}
		return val
	})
}

func (r *rules) context(raw []byte, policy IPPolicy) []byte {
	return rewrite(raw, func(key string, val []byte) []byte {
		switch key {
		case "traits":
			return orEmpty(r.properties.object(val))
		case "ip":
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
