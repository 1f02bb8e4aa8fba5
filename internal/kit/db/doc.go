// Package db is the one door to the SQL authority: SQLite (default) or
// PostgreSQL, behind the same two calls, Read and Write, and one SQL text.
//
// SQLite has one writer that group-commits: functions handed to Write at the
// same time share one durable commit, each inside its own savepoint, so one
// that fails is undone alone. Readers use a pool of their own (WAL).
//
// Statements keep to the subset both engines share: placeholders are $1, $2, …
// numbered in order of first appearance, ids come from the application, times
// are BIGINT microseconds. A comment of the form /*sqlite: TEXT */ is opened for
// SQLite only and /*postgres: TEXT */ for PostgreSQL only.
package db
