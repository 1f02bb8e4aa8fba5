// Package connect brings data in from files: CSV of customers, events and
// orders becomes events that enter through the inbox like any other.
//
// A file is stored first (Upload), looked at (format, columns, a suggested
// mapping), tried (DryRun writes nothing) and then run in the background. A run
// reads the file once into a spool of rows, sorts the rows by time, groups order
// lines to orders, and sends batches to the inbox, so that each customer's
// history arrives in order. Every event has an id that depends only on the file,
// so a run that is repeated, or resumed after a kill, adds nothing twice: the
// inbox drops what it knows.
//
// Tables: imports, import_rejects, import_presets, import_sources. Files:
// <data>/imports/: uploads, spools (removed at start) and lists of event ids,
// which only dry runs read.
//
// Invariants: rows read = rows in events + rows rejected; a run whose
// checkpoint says n events has had at least n accepted; memory is bounded by
// about 100 bytes a row or order, never by the size of cells.
package connect
