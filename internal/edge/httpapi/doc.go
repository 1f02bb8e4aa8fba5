// Package httpapi serves the API under /api/v1: one operation a route, with its
// permission beside it, described by OpenAPI 3.1. It decides nothing: rooms do.
//
// Errors are problem documents (RFC 9457) with a stable code; refused values
// are never echoed. A browser signs in with an HttpOnly, SameSite cookie and
// repeats its CSRF token on every unsafe request; programs send a bearer key.
package httpapi
