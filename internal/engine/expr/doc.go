// Package expr is the condition language: its JSON form, its checks and its
// human sentence in English, Italian and Romanian. One language serves stage
// models, segments and filters. It knows nothing of storage; package fold
// compiles a Node and runs it.
//
// A condition is one of
//
//	{"all":[…]} {"any":[…]} {"not":…}
//	{"trait":{"name","op","value","ignore_case","where","for"}}
//	{"did":{"kind","event","where":[…],"measure","property","op","value","window"}}
//	{"sequence":{"steps":[{"event","where","not","within"}],"window"}}
//	{"compare":{"a","op","b","factor"}}
//	{"keyed":{"by","when":…}}
//	{"lapse":{"event","days","gap_multiple","min_days","max_days"}}
//	{"sample":{"salt","from","to"}}
//	{"stage":{"model","was" | "in","since","from" | "entered","from","window"}}
//	{"segment":{"key"}}
//	{"consent":{"channel","topic","state":[…]}}
//	{"message":{"did","channel","message","journey","op","value","window"}}
//	{"rfm":{"r":[…],"f":[…],"m":[…]}}
//
// Types matter: a comparison with a value of another type is false. A missing
// value satisfies only not_set, is_not, not_contains and not_in.
//
// Spans are exact durations and half-open: what happened a span ago to the
// microsecond is outside, what must happen within a span comes before its end.
// Dates without an hour are days of the workspace's zone, from their first
// instant to the first of the next; "between" two dates takes in the last day.
// Weeks begin on the workspace's day. An anniversary of 29 February falls on 28
// February in common years.
//
// A pattern is RE2 and sees the first 4,096 bytes of a text. References tells
// what a condition reads, Timed whether it changes with time alone, Lasting
// whether who satisfies it stays. Expand replaces what a condition names outside
// of the timeline (segments, scores, messages) by what it stands for.
package expr
