// Package timeline stores every event of every customer and reads them back in
// timeline order: by time, then by log position.
//
// An event lives in one of two places. The tail holds what was appended lately:
// rows of table timeline_tail, a batch a row, mirrored in memory. Sealed
// segments hold the rest: immutable Parquet files under
// <dir>/timeline/<workspace>/, one UTC calendar month each, sorted by customer,
// time and log position, and listed in table timeline_segments. The SQL database
// is the one authority: a file that the table does not list does not exist.
//
// Invariants: sealing, compaction and erasure write and sync files first, then
// swap manifest and tail rows in one transaction; a file is removed only when no
// reader and no Hold keeps it; a reader sees one moment of tail and manifest.
//
// Merging customers rewrites nothing. Rows carry the customer's number at
// write and the identifier that tracked them; a reader asks Homes where the rows
// of moved numbers live now, and compaction writes that down.
package timeline
