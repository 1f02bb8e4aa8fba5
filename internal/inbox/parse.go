package inbox

import (
	"bytes"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// CodeInvalidJSON is the code of a body that cannot be read at all.
const CodeInvalidJSON = "invalid_json"

// piece is one event of a body and where its members lie in the arena.
type piece struct {
	start, end int
	from, to   int // members
	depth      int
	dirty      bool
}

// reader holds the state of one Parse.
type reader struct {
	req    Request
	scan   scanner
	pieces []piece
	batch  bool // the body has a batch array

	writeKey, apiKey, sentAt       []byte
	context, integrations, message []byte
	envelope                       []byte // members to keep for Result.Envelope
	shared                         []pair // members of the envelope's context
	crowded                        bool   // the envelope is too large for so many events
	posthog                        bool
	sent                           core.Micros // of the envelope or the header

	memo   memo
	result Result
}

// maxShared bounds the bytes that an envelope adds to its events in all, so that
// a small body cannot become a large one.
const maxShared = 16 << 20

// Parse reads a body. It fails only when the body as a whole is not readable;
// an event that breaks a rule becomes a Reject beside the others. Properties
// stay raw. It depends on nothing but its argument.
func Parse(req Request) (Result, error) {
	r := &reader{req: req}
	r.scan.b = req.Body
	if err := r.body(); err != nil {
		return Result{}, err
	}
	r.finishEnvelope()
	n := len(r.pieces)
	r.result.Total = n
	r.share(n)
	r.result.Messages = make([]core.Message, 0, n)
	r.result.Raws = make([][]byte, 0, n)
	for i := range r.pieces {
		r.event(i, &r.pieces[i])
	}
	return r.result, nil
}

// share prepares the envelope's context for n events.
func (r *reader) share(n int) {
	if size := len(r.context) + len(r.integrations); size > MaxEventBytes || size*n > maxShared {
		r.crowded = true
		return
	}
	for w := walk(r.context); w.next(); {
		r.shared = append(r.shared, pair{w.key, w.val})
	}
}

// BodyKey finds the write key in a body without reading its events. It gives
// "" when there is none or the body is not JSON.
func BodyKey(body []byte) string {
	r := &reader{req: Request{Meta: Meta{Shape: ShapeBatch}, Body: body}}
	r.scan.b = body
	if err := r.body(); err != nil {
		return ""
	}
	r.finishEnvelope()
	return r.result.WriteKey
}

func unreadable(why string) error {
	return errs.New(errs.Invalid, CodeInvalidJSON, "the body cannot be read: %s", why)
}

// body scans the outermost object.
func (r *reader) body() error {
	b := r.req.Body
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		b = b[3:] // byte order mark
		r.req.Body, r.scan.b = b, b
	}
	if r.req.Shape == ShapeSingle || r.req.Shape == ShapePixel {
		return r.single()
	}
	i := blanks(b, 0)
	if i >= len(b) || b[i] != '{' {
		return unreadable("it is not a JSON object")
	}
	i = blanks(b, i+1)
	for i < len(b) && b[i] != '}' {
		var err error
		if i, err = r.member(i); err != nil {
			return unreadable("it is not valid JSON")
		}
		i = blanks(b, i)
		if i < len(b) && b[i] == ',' {
			i = blanks(b, i+1)
			if i < len(b) && b[i] == '"' {
				continue
			}
			return unreadable("it is not valid JSON")
		}
		break
	}
	if i >= len(b) || b[i] != '}' {
		return unreadable("it is not valid JSON")
	}
	if i = blanks(b, i+1); i != len(b) {
		return unreadable("there is text behind the object")
	}
	if !r.batch {
		return r.unbatched()
	}
	return nil
}

// unbatched takes an object without a batch for one event, if it looks so.
func (r *reader) unbatched() error {
	for w := walk(r.req.Body[blanks(r.req.Body, 0):]); w.next(); {
		if k := string(w.key); k == "type" || k == "event" {
			return r.single()
		}
	}
	return unreadable("batch is missing")
}

// single scans a body that is one event.
func (r *reader) single() error {
	s := &r.scan
	s.members = s.members[:0]
	r.pieces = r.pieces[:0]
	start := blanks(s.b, 0)
	if start >= len(s.b) || s.b[start] != '{' {
		return unreadable("it is not a JSON object")
	}
	end, err := s.value(start)
	if err != nil || blanks(s.b, end) != len(s.b) {
		return unreadable("it is not valid JSON")
	}
	r.pieces = append(r.pieces, piece{start, end, 0, len(s.members), s.depth, s.dirty})
	for _, m := range s.members {
		switch string(s.b[m.ks:m.ke]) {
		case "writeKey":
			r.writeKey = s.b[m.vs:m.ve]
		case "api_key":
			r.apiKey = s.b[m.vs:m.ve]
		case "sent_at":
			r.sentAt = s.b[m.vs:m.ve]
		}
	}
	return nil
}

// member scans one member of the outermost object.
func (r *reader) member(i int) (int, error) {
	s := &r.scan
	b := s.b
	if b[i] != '"' {
		return i, errJSON
	}
	end, err := s.text(i + 1)
	if err != nil {
		return end, err
	}
	rawKey := b[i+1 : end-1]
	key := rawKey
	if bytes.IndexByte(rawKey, '\\') >= 0 {
		key = []byte(unquote(rawKey))
	}
	end = blanks(b, end)
	if end >= len(b) || b[end] != ':' {
		return end, errJSON
	}
	start := blanks(b, end+1)
	if start < len(b) && b[start] == '[' && string(key) == "batch" {
		return r.elements(start)
	}
	mark := len(s.members)
	end, err = s.value(start)
	s.members = s.members[:mark]
	if err != nil {
		return end, err
	}
	val := b[start:end]
	if s.depth > maxDepth {
		return end, nil
	}
	if s.dirty {
		val = clean(nil, val)
	}
	r.envelopeMember(string(key), val)
	return end, nil
}

// envelopeMember notes a member of the envelope; the last of a key wins.
func (r *reader) envelopeMember(key string, val []byte) {
	switch key {
	case "writeKey":
		r.writeKey = val
		return
	case "api_key":
		r.apiKey = val
		return
	case "sentAt", "sent_at":
		r.sentAt = val
	case "context":
		r.context = val
	case "integrations":
		r.integrations = val
	default:
		return
	}
	if len(r.envelope) == 0 {
		r.envelope = append(r.envelope, '{')
	} else {
		r.envelope = append(r.envelope, ',')
	}
	r.envelope = append(quote(r.envelope, key), ':')
	r.envelope = append(r.envelope, val...)
}

// elements scans the array of events at i.
func (r *reader) elements(i int) (int, error) {
	s := &r.scan
	b := s.b
	r.batch, r.pieces, s.members = true, r.pieces[:0], s.members[:0]
	i = blanks(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		start, from := blanks(b, i), len(s.members)
		end, err := s.value(start)
		if err != nil {
			return end, err
		}
		r.pieces = append(r.pieces, piece{start, end, from, len(s.members), s.depth, s.dirty})
		i = blanks(b, end)
		if i >= len(b) {
			return i, errJSON
		}
		switch b[i] {
		case ',':
			i++
		case ']':
			return i + 1, nil
		default:
			return i, errJSON
		}
	}
}

// finishEnvelope decides what was in the envelope for all events.
func (r *reader) finishEnvelope() {
	if len(r.envelope) > 0 {
		r.result.Envelope = append(r.envelope, '}')
	}
	key, _ := identifier(r.writeKey)
	if api, _ := identifier(r.apiKey); key == "" && api != "" {
		key, r.posthog = api, true
	}
	if key == "" {
		key = r.eventKey()
	}
	r.posthog = r.posthog || r.req.PostHog
	r.result.WriteKey, r.result.PostHog = key, r.posthog
	if t, _, ok := readTime(r.sentAt); ok {
		r.sent = t
	} else if t, ok := parseTime(r.req.SentAt); ok {
		r.sent = t
	}
}

// eventKey finds a key inside the first event that has one.
func (r *reader) eventKey() string {
	b := r.scan.b
	for _, p := range r.pieces {
		for _, m := range r.scan.members[p.from:p.to] {
			switch string(b[m.ks:m.ke]) {
			case "writeKey":
				if k, _ := identifier(b[m.vs:m.ve]); k != "" {
					return k
				}
			case "api_key":
				if k, _ := identifier(b[m.vs:m.ve]); k != "" {
					r.posthog = true
					return k
				}
			}
		}
	}
	return ""
}
