// Package mailtest is a mail server in the process, for tests: a real one that
// speaks SMTP over a socket, takes letters and refuses what it is told to.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Letter is one that was taken.
type Letter struct {
	From string
	To   []string
	Raw  string
	User string // who signed in
	TLS  bool
}

// Message reads a letter.
func (l *Letter) Message(t testing.TB) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(l.Raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Options of a server.
type Options struct {
	User, Password string        // "": nobody signs in
	Mechanisms     []string      // default PLAIN
	TLS            bool          // offers STARTTLS
	Implicit       bool          // speaks TLS from the start
	At             string        // host:port; default a free port of this machine
	Slow           time.Duration // before it answers to a recipient
}

// Server is a running mail server.
type Server struct {
	Addr  string
	Roots *x509.CertPool // that trust its certificate
	opt   Options
	smtp  *smtp.Server
	ln    net.Listener

	mu      sync.Mutex
	letters []Letter
	tried   int
	answer  func(n int, to string) error
	drop    bool
}

// New starts a server that stops with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{opt: o}
	if o.At == "" {
		o.At = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", o.At)
	if err != nil {
		t.Fatal(err)
	}
	s.Addr, s.ln = ln.Addr().String(), ln
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, secure := c.TLSConnectionState()
		x := &session{server: s, conn: c}
		x.TLS = secure
		return x, nil
	}))
	s.smtp.Domain, s.smtp.ErrorLog = "mail.test", discard{}
	s.smtp.AllowInsecureAuth = !o.TLS
	if o.TLS || o.Implicit {
		var conf *tls.Config
		conf, s.Roots = certificate(t)
		if o.Implicit {
			ln = tls.NewListener(ln, conf)
		} else {
			s.smtp.TLSConfig = conf
		}
	}
	go func() { _ = s.smtp.Serve(ln) }()
	t.Cleanup(s.Close)
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

// Close stops the server: nobody is at home any more.
func (s *Server) Close() {
	_ = s.ln.Close() // it may not have begun to serve yet
	_ = s.smtp.Close()
}

// Answer sets what is said to recipients: n counts them from 1, nil takes the
// letter.
func (s *Server) Answer(fn func(n int, to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = fn
}

// Drop makes the server take letters and break off before it says so.
func (s *Server) Drop(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = on
}

// Refuse is an answer such as 550 "no such user".
func Refuse(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Letters gives what was taken.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// Tried tells how often a recipient was named.
func (s *Server) Tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

type session struct {
	Letter
	server *Server
	conn   *smtp.Conn
}

func (x *session) Reset()        { x.From, x.To = "", nil }
func (x *session) Logout() error { return nil }

func (x *session) AuthMechanisms() []string {
	if x.server.opt.User == "" {
		return nil
	}
	if m := x.server.opt.Mechanisms; len(m) > 0 {
		return m
	}
	return []string{sasl.Plain}
}

func (x *session) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != x.server.opt.User || password != x.server.opt.Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "bad user or password"}
		}
		x.User = user
		return nil
	}
	if mech == "LOGIN" {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login asks for user and password, one after the other.
type login struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if x.server.opt.User != "" && x.User == "" {
		return smtp.ErrAuthRequired
	}
	x.From = from
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	time.Sleep(x.server.opt.Slow)
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	x.server.tried++
	if x.server.answer != nil {
		if err := x.server.answer(x.server.tried, to); err != nil {
			return err
		}
	}
	x.To = append(x.To, to)
	return nil
}

func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	l := x.Letter
	l.Raw, l.To = string(raw), append([]string(nil), x.To...)
	x.server.letters = append(x.server.letters, l)
	if x.server.drop {
		_ = x.conn.Close()
		return errors.New("dropped")
	}
	return nil
}

// certificate is one for this machine that only its own roots trust.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}
