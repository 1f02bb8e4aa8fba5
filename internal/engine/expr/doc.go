// Package expr is the condition language: its JSON form, its checks and its
// human sentence in English, Italian and Romanian. One language serves stage
// models, segments and filters. It knows nothing of storage; package fold
// compiles a Node and runs it.
package expr
