// Package mail hands letters to an SMTP server: the driver of the channel
// e-mail. It keeps nothing; whoever sends keeps the letter until Send says what
// became of it.
//
// A server's answer decides: an address or letter that it refuses is refused for
// good (Error.Permanent), all else may be tried again: no connection, no answer
// in time, a sign-in that fails, a sender that the server does not know, "try
// later". When the connection breaks while the server takes the letter nobody can
// know whether it did: it is tried again under the same Message-ID, by which a
// repeat can be told.
package mail
