package inbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed networks.json
var networksText []byte

// MaxNetworks bounds the networks that one source names itself.
const MaxNetworks = 200

// Networks tells which addresses belong to crawlers: the built-in list, and
// what a source adds.
type Networks struct {
	list []network
}

type network struct {
	prefix netip.Prefix
	origin networkOrigin
}

// networkOrigin is whose network an address belongs to.
type networkOrigin struct{ class, name string }

// mark gives the origin as it is stored beside a batch; parse reads it back.
func (o networkOrigin) mark() string {
	if o.class == "" {
		return ""
	}
	return o.class + ":" + o.name
}

func originOf(mark string) networkOrigin {
	class, name, _ := strings.Cut(mark, ":")
	return networkOrigin{class, name}
}

// KnownNetworks gives the built-in list.
func KnownNetworks() (*Networks, error) {
	var file struct {
		Networks []struct {
			Name     string         `json:"name"`
			Class    string         `json:"class"`
			Prefixes []netip.Prefix `json:"prefixes"`
		} `json:"networks"`
	}
	if err := json.Unmarshal(networksText, &file); err != nil {
		return nil, fmt.Errorf("read known networks: %w", err)
	}
	n := &Networks{}
	for _, x := range file.Networks {
		for _, p := range x.Prefixes {
			n.list = append(n.list, network{p, networkOrigin{x.Class, x.Name}})
		}
	}
	return n, nil
}

// With gives n and the networks that a source names: prefixes, or single
// addresses.
func (n *Networks) With(own []string) (*Networks, error) {
	if len(own) == 0 {
		return n, nil
	}
	if len(own) > MaxNetworks {
		return nil, errs.Field("settings.bots.networks", "too_many", "at most %d networks can be named", MaxNetworks)
	}
	out := &Networks{}
	if n != nil {
		out.list = append(out.list, n.list...)
	}
	for i, text := range own {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			a, aerr := netip.ParseAddr(strings.TrimSpace(text))
			if aerr != nil || a.Zone() != "" {
				return nil, errs.Field(fmt.Sprintf("settings.bots.networks[%d]", i), "invalid_network", "%q is neither an address nor a network such as 203.0.113.0/24", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out.list = append(out.list, network{p.Masked(), networkOrigin{"network", p.String()}})
	}
	return out, nil
}

// find gives whose network an address lies in; empty for nobody known.
func (n *Networks) find(ip string) networkOrigin {
	if n == nil || ip == "" {
		return networkOrigin{}
	}
	a, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return networkOrigin{}
	}
	a = a.Unmap().WithZone("")
	for i := range n.list {
		if n.list[i].prefix.Contains(a) {
			return n.list[i].origin
		}
	}
	return networkOrigin{}
}
