package mail

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
)

// maxSaid bounds what is kept of a server's answer.
const maxSaid = 500

// fault makes an Error of what went wrong, while the letter was handed over or
// before.
func fault(err error, taking bool) *Error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return &Error{Said: because(err)}
	}
	text := oneLine(answer.Msg)
	if len(text) > maxSaid {
		text = oneLine(text[:maxSaid]) + " …"
	}
	return &Error{Permanent: taking && final(answer.Code), Code: answer.Code, Said: "the mail server says: " + strconv.Itoa(answer.Code) + " " + text}
}

// final says whether an answer holds for good. A server that wants a sign-in, or
// something before, says so with 5 as well: that is a matter of the settings.
func final(code int) bool {
	switch code {
	case 502, 503, 530, 534, 535, 538:
		return false
	}
	return code >= 500
}

// because says why there was no answer, without inner addresses of the network.
func because(err error) string {
	var cert *tls.CertificateVerificationError
	var broken *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &cert):
		return "the certificate of the mail server is not trusted: " + oneLine(cert.Err.Error())
	case errors.As(err, &name):
		return "the name of the mail server is unknown"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the mail server does not answer in time"
	case errors.As(err, &broken) && broken.Op == "dial":
		return "the mail server cannot be reached"
	case errors.Is(err, io.EOF), errors.As(err, &broken):
		return "the mail server broke the connection off"
	}
	text := oneLine(err.Error())
	if len(text) > maxSaid {
		text = oneLine(text[:maxSaid])
	}
	return text
}
