// Package collect is the HTTP door for events: the paths of the tracking
// specification and their known misspellings, a pixel, the settings documents
// that client libraries ask for, and Ciclo's own browser script.
//
// It finds the write key, reads and decompresses the body within bounds, and
// hands it to the inbox. An ingest path never redirects: client libraries count
// a redirect as success and the events would vanish. Therefore paths are looked
// up here and not by http.ServeMux, which redirects to clean a path.
package collect
