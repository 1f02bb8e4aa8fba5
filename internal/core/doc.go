// Package core holds the nouns every room shares: Event, Customer, Identifier,
// Value, Money, Window, Signal, Actor, WorkspaceID. It does no I/O and knows
// neither HTTP nor SQL.
//
// Units: every instant is an int64 of microseconds since the Unix epoch, UTC
// (type Micros); money is an int64 of minor units beside an ISO 4217 code.
package core
