package inbox

import (
	"net/url"
	"slices"
	"strings"
)

// PixelBody turns the query of a pixel request into the body of one event.
// properties.x, traits.x and context.x (dots nest one level) become members;
// the other names are those of the tracking specification.
func PixelBody(q url.Values) []byte {
	nested := map[string][][2]string{}
	out := []byte{'{'}
	add := func(key string, val []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(quote(out, key), ':'), val...)
	}
	for _, key := range sortedKeys(q) {
		val := q.Get(key)
		head, tail, ok := strings.Cut(key, ".")
		if ok && (head == "properties" || head == "traits" || head == "context") && tail != "" {
			nested[head] = append(nested[head], [2]string{tail, val})
			continue
		}
		switch key {
		case "writeKey", "writekey", "WriteKey", "type":
		case "event", "name", "messageId", "userId", "anonymousId", "previousId", "groupId", "timestamp", "originalTimestamp", "sentAt":
			add(key, quote(nil, clip(val, MaxEventBytes)))
		}
	}
	for _, head := range []string{"context", "properties", "traits"} {
		if pairs := nested[head]; pairs != nil {
			add(head, pixelObject(pairs))
		}
	}
	return append(out, '}')
}

// pixelObject writes pairs as an object; a dot in a name opens an object.
func pixelObject(pairs [][2]string) []byte {
	out := []byte{'{'}
	for i := 0; i < len(pairs); i++ {
		if len(out) > 1 {
			out = append(out, ',')
		}
		head, _, dotted := strings.Cut(pairs[i][0], ".")
		if !dotted {
			out = append(quote(out, pairs[i][0]), ':')
			out = quote(out, pairs[i][1])
			continue
		}
		out = append(quote(out, head), ':', '{')
		for first := true; i < len(pairs) && strings.HasPrefix(pairs[i][0], head+"."); i++ {
			if !first {
				out = append(out, ',')
			}
			first = false
			out = append(quote(out, pairs[i][0][len(head)+1:]), ':')
			out = quote(out, pairs[i][1])
		}
		i--
		out = append(out, '}')
	}
	return append(out, '}')
}

func sortedKeys(q url.Values) []string {
	keys := make([]string, 0, len(q))
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
