// Package access knows who may do what: workspaces with their settings, users
// and their roles, sessions, API keys, and the audit log.
//
// Tables: workspaces, users, members, sessions, api_keys, audit_log.
//
// Invariants: passwords are stored as argon2id, session tokens and API keys as
// SHA-256 of 256 random bits; a workspace always has an owner that is enabled.
package access
