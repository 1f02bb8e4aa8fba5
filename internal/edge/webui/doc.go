// Package webui serves the single-page web UI that `npm run build` in web/ leaves in dist/.
//
// The files are embedded, so the binary needs nothing at run time. Without a built UI (a checkout
// without Node) the handler answers with a small stub page, and everything else keeps working.
//
// Invariants: HTML is never cached and carries a fresh CSP nonce for each response; files under
// /assets/ have a content hash in their name and are cached for a year; paths of the API are never
// answered with HTML.
package webui
