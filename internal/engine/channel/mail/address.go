package mail

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAddress is the longest address that servers must take (RFC 5321, 4.5.3.1).
const maxAddress = 254

// IsAddress says whether s is one plain address that can be written to, without
// a name beside it.
func IsAddress(s string) bool {
	if len(s) > maxAddress || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`<>"(),:;\`, r) }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && strings.LastIndexByte(s, '@') <= 64
}

// oneLine makes one line of text that goes into a header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	return strings.Join(strings.Fields(s), " ")
}

// server is where letters are handed over.
type server struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	starttls       bool // asked for, and nothing is said without it
}

func (s *server) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// loopback says whether the server is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// readServer reads smtp://user:password@host:587 or smtps://…:465. Its errors
// never hold the text that was read: there is a password in it.
func readServer(text string) (*server, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is not an address such as smtp://user:password@mail.example.com:587; letters such as @ : / # % in the password are written as %40 %3A %2F %23 %25")
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return nil, errors.New("begins with smtp:// (STARTTLS) or smtps:// (TLS from the start)")
	case u.Hostname() == "":
		return nil, errors.New("names no host")
	case u.Path != "" && u.Path != "/" || u.Fragment != "":
		return nil, errors.New("has something behind the port: letters such as @ : / # % in the password are written as %40 %3A %2F %23 %25")
	}
	s := &server{host: u.Hostname(), port: 587, implicit: u.Scheme == "smtps"}
	if s.implicit {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("has a port that is none")
		}
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if s.user == "" && s.password != "" {
		return nil, errors.New("has a password and no user")
	}
	return s, s.readSecurity(u.Query())
}

// readSecurity decides about STARTTLS: wanted everywhere but on this machine,
// unless ?tls=required or ?tls=off says otherwise.
func (s *server) readSecurity(query url.Values) error {
	for name := range query {
		if name != "tls" {
			return errors.New("has a setting that is unknown; tls is the only one")
		}
	}
	switch want := query.Get("tls"); {
	case s.implicit && want != "":
		return errors.New("needs no setting tls: smtps:// is TLS from the start")
	case want == "required":
		s.starttls = true
	case want == "off":
	case want != "":
		return errors.New("has a setting tls that is neither required nor off")
	default:
		s.starttls = !s.implicit && !loopback(s.host)
	}
	return nil
}
