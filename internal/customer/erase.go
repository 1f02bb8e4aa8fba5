package customer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Actions of an erasure.
const (
	Suppress          = "suppress"            // drop future events of the identifiers
	Delete            = "delete"              // clear all stores
	DeleteAndSuppress = "delete_and_suppress" // both; the default
	Unsuppress        = "unsuppress"          // let the identifiers in again
	Anonymise         = "anonymise"           // keep events without who it was
)

// Scopes of an erasure.
const (
	ScopeCustomer   = "customer"   // all there is
	ScopeRange      = "range"      // the events of a time range
	ScopeProperties = "properties" // named properties and traits
)

// Statuses of an erasure, in order.
const (
	Accepted  = "accepted"  // stored, to be worked on
	Filtered  = "filtered"  // tombstones are set and reads leave the data out
	Rewritten = "rewritten" // files are rewritten and rows are gone
	Verified  = "verified"  // a scan found nothing left
)

// MaxErased bounds the customers and identifiers of one request.
const MaxErased = 5000

const maxErasedProperties = 100

// StoreCount is how much of one store concerned the customers, before and after.
type StoreCount struct {
	Store  string `json:"store"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// ErasureScope says what of a customer goes.
type ErasureScope struct {
	Kind       string      `json:"kind"`
	From       core.Micros `json:"from,omitempty"` // of ScopeRange, half open on event time; 0 = open
	To         core.Micros `json:"to,omitempty"`
	Properties []string    `json:"properties,omitempty"` // of ScopeProperties; with Anonymise those that go beside the personal ones
}

// ErasureRequest asks for an erasure.
type ErasureRequest struct {
	Action      string // "" takes the default for the scope
	Scope       ErasureScope
	Customers   []core.CustomerID
	Identifiers []core.Identifier // known or not
	By, Reason  string
}

// Kept is a file that could not go yet: an import still reads it.
type Kept struct {
	Import int64  `json:"import" doc:"Import that still reads the file"`
	File   string `json:"file"`
}

// Erasure is one request with its receipt.
type Erasure struct {
	Workspace   core.WorkspaceID
	ID          int64
	Action      string
	Status      string
	Scope       ErasureScope
	Customer    core.CustomerID // when the request names just one
	Requested   int64           // customers and identifiers asked for
	Unknown     int64           // of them, those that nobody was known by
	Customers   int64           // customers found
	ByUser      string
	Reason      string
	RequestedAt core.Micros
	FilteredAt  core.Micros
	RewrittenAt core.Micros
	VerifiedAt  core.Micros
	Done, Total int64 // progress of the rewrite, in stores
	Attempts    int64 // that failed
	Error       string
	FailedAt    core.Micros
	Stores      []StoreCount
	Kept        []Kept
}

// Whole says whether everything of the customers goes.
func (e *Erasure) Whole() bool { return e.Action == Delete || e.Action == DeleteAndSuppress }

// Clears says whether the erasure takes data away, rather than only letting
// identifiers in or not.
func (e *Erasure) Clears() bool { return e.Action != Suppress && e.Action != Unsuppress }

// Gone says whether the customers themselves cease to exist.
func (e *Erasure) Gone() bool { return e.Whole() && e.Scope.Kind == ScopeCustomer }

// Count notes how much of a store there was and is. A repeated attempt finds
// less than the first: the larger count stands.
func (e *Erasure) Count(store string, before, after int64) {
	for i := range e.Stores {
		if s := &e.Stores[i]; s.Store == store {
			s.Before, s.After = max(s.Before, before), after
			return
		}
	}
	e.Stores = append(e.Stores, StoreCount{store, before, after})
}

// PersonalProperties are the properties that anonymising takes out of events.
func PersonalProperties() []string {
	return []string{"email", "phone", "name", "first_name", "last_name", "firstName", "lastName", "firstname", "lastname", "full_name", "fullName",
		"username", "address", "birthday", "birthdate", "avatar", "customer_email", "customer_name", "user_id", "userId"}
}

// check completes and validates a request.
func (r *ErasureRequest) check(now core.Micros) error {
	if r.Scope.Kind == "" {
		r.Scope.Kind = ScopeCustomer
	}
	if r.Action == "" {
		r.Action = DeleteAndSuppress
		if r.Scope.Kind != ScopeCustomer {
			r.Action = Delete
		}
	}
	switch r.Action {
	case Suppress, Delete, DeleteAndSuppress, Unsuppress, Anonymise:
	default:
		return bad("action", "unknown_action", "an action is suppress, delete, delete_and_suppress, unsuppress or anonymise")
	}
	n := len(r.Customers) + len(r.Identifiers)
	if n == 0 {
		return bad("customers", "nobody_to_erase", "name at least one customer or identifier")
	}
	if n > MaxErased {
		return bad("customers", "too_many_ids", "one request takes up to %d customers and identifiers, this one names %d: split it", MaxErased, n)
	}
	if err := r.checkScope(now); err != nil {
		return err
	}
	return r.normalise()
}

func bad(field, code, format string, args ...any) error {
	e := errs.New(errs.Unprocessable, code, format, args...)
	e.Field = field
	return e
}

func (r *ErasureRequest) checkScope(now core.Micros) error {
	s := &r.Scope
	if s.Kind != ScopeCustomer && r.Action != Delete {
		return bad("scope.kind", "scope_needs_delete", "a time range or properties can only be deleted; the other actions concern the whole customer")
	}
	switch s.Kind {
	case ScopeCustomer:
		s.From, s.To = 0, 0
		if r.Action != Anonymise {
			s.Properties = nil
		}
	case ScopeRange:
		s.Properties = nil
		if s.From == 0 && s.To == 0 {
			return bad("scope.from", "empty_range", "a time range needs a beginning or an end")
		}
		if s.To == 0 || s.To > now {
			s.To = now + 1 // what comes later is not meant
		}
		if s.From >= s.To {
			return bad("scope.to", "empty_range", "the time range must begin in the past and before it ends")
		}
	case ScopeProperties:
		s.From, s.To = 0, 0
		if len(s.Properties) == 0 {
			return bad("scope.properties", "no_properties", "name at least one property or trait")
		}
	default:
		return bad("scope.kind", "unknown_scope", "a scope is customer, range or properties")
	}
	if len(s.Properties) > maxErasedProperties {
		return bad("scope.properties", "too_many_properties", "one request takes up to %d properties", maxErasedProperties)
	}
	for i, p := range s.Properties {
		if s.Properties[i] = strings.TrimSpace(p); s.Properties[i] == "" || utf8.RuneCountInString(p) > 200 {
			return bad(fmt.Sprintf("scope.properties[%d]", i), "bad_property", "the name of a property has 1 to 200 characters")
		}
	}
	slices.Sort(s.Properties)
	s.Properties = slices.Compact(s.Properties)
	return nil
}

// normalise brings identifiers into the form they are stored in.
func (r *ErasureRequest) normalise() error {
	slices.Sort(r.Customers)
	r.Customers = slices.Compact(r.Customers)
	if len(r.Customers) > 0 && r.Customers[0] < 1 {
		return bad("customers", "bad_customer", "a customer number is a whole number above 0")
	}
	out := make([]core.Identifier, 0, len(r.Identifiers))
	for i, id := range r.Identifiers {
		id.Type = strings.TrimSpace(id.Type)
		value, ok := Normalize(id.Type, id.Value)
		if !ok || id.Type == "" || len(id.Type) > 100 {
			return bad(fmt.Sprintf("identifiers[%d]", i), "bad_identifier", "the identifier at place %d is not usable: it needs a type, and a value of that type of up to 1,024 bytes", i+1)
		}
		out = append(out, core.Identifier{Type: id.Type, Value: value})
	}
	SortIdentifiers(out)
	r.Identifiers = slices.Compact(out)
	return nil
}

// RequestErasure stores a request. It is carried out in the background.
func (s *Service) RequestErasure(ctx context.Context, ws core.WorkspaceID, r ErasureRequest) (*Erasure, error) {
	now := core.FromTime(s.clock.Now())
	if err := r.check(now); err != nil {
		return nil, err
	}
	e := &Erasure{Workspace: ws, Action: r.Action, Status: Accepted, Scope: r.Scope, Requested: int64(len(r.Customers) + len(r.Identifiers)),
		ByUser: r.By, Reason: r.Reason, RequestedAt: now}
	if len(r.Customers) == 1 && len(r.Identifiers) == 0 {
		e.Customer = r.Customers[0]
	}
	rows, err := s.subjects(ws, &r)
	if err != nil {
		return nil, err
	}
	scope, err := json.Marshal(e.Scope)
	if err != nil {
		return nil, fmt.Errorf("write scope: %w", err)
	}
	store := func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_erasure"), []any{ws}, &e.ID); err != nil {
			return err
		}
		e.ID++
		if _, err := tx.Exec(ctx, queries.Get("insert_erasure"), ws, e.ID, e.Action, e.Status, e.Customer, e.ByUser, e.Reason, now, string(scope), e.Requested); err != nil {
			return err
		}
		for i := range rows {
			rows[i][1] = e.ID
		}
		return tx.Bulk(ctx, db.Insert{Table: "erasure_subjects", Columns: []string{"workspace_id", "erasure", "n", "customer", "sealed"}, Rows: rows})
	}
	for try := 0; ; try++ {
		err = s.db.Write(ctx, store)
		if err == nil {
			break
		}
		if !errors.Is(err, db.ErrUnique) || try == 5 { // another node took the number
			return nil, fmt.Errorf("store erasure: %w", err)
		}
	}
	select {
	case s.erasures <- struct{}{}:
	default:
	}
	return e, nil
}

// ErasureWake is signalled after each request. It is a hint.
func (s *Service) ErasureWake() <-chan struct{} { return s.erasures }

// subjects gives the rows of a request; the erasure's number is filled in later.
func (s *Service) subjects(ws core.WorkspaceID, r *ErasureRequest) ([][]any, error) {
	rows := make([][]any, 0, len(r.Customers)+len(r.Identifiers))
	for _, c := range r.Customers {
		rows = append(rows, []any{ws, 0, len(rows), c, ""})
	}
	for _, id := range r.Identifiers {
		sealed, err := s.seal(id)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []any{ws, 0, len(rows), 0, sealed})
	}
	return rows, nil
}

// receiptText is what the column receipt holds. Receipts of older versions are
// a bare list of stores.
type receiptText struct {
	Stores []StoreCount `json:"stores"`
	Kept   []Kept       `json:"kept,omitempty"`
}

func (e *Erasure) scan(row db.Row) error {
	var scope, receipt string
	err := row.Scan(&e.Workspace, &e.ID, &e.Action, &e.Status, &e.Customer, &e.ByUser, &e.Reason, &e.RequestedAt, &e.VerifiedAt, &receipt, &scope,
		&e.Requested, &e.Unknown, &e.Customers, &e.FilteredAt, &e.RewrittenAt, &e.Done, &e.Total, &e.Attempts, &e.Error, &e.FailedAt)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(scope), &e.Scope); err != nil {
		return fmt.Errorf("read scope of erasure %d: %w", e.ID, err)
	}
	if e.Scope.Kind == "" {
		e.Scope.Kind = ScopeCustomer
	}
	if strings.HasPrefix(receipt, "[") {
		return json.Unmarshal([]byte(receipt), &e.Stores)
	}
	var r receiptText
	err = json.Unmarshal([]byte(receipt), &r)
	e.Stores, e.Kept = r.Stores, r.Kept
	return err
}

func (s *Service) readErasures(ctx context.Context, query string, args ...any) ([]Erasure, error) {
	var out []Erasure
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get(query), func(row db.Row) error {
			var e Erasure
			err := e.scan(row)
			out = append(out, e)
			return err
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	return out, nil
}

// Erasures gives the receipts, newest first; before continues below a number, 0
// begins.
func (s *Service) Erasures(ctx context.Context, ws core.WorkspaceID, before int64, limit int) ([]Erasure, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return s.readErasures(ctx, "erasures", ws, before, limit)
}

// Erasure gives one receipt.
func (s *Service) Erasure(ctx context.Context, ws core.WorkspaceID, id int64) (*Erasure, error) {
	list, err := s.readErasures(ctx, "erasure", ws, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.New(errs.NotFound, "erasure_not_found", "there is no erasure %d", id)
	}
	return &list[0], nil
}

// UnfinishedErasures gives the erasures of all workspaces that are not yet
// verified, oldest first.
func (s *Service) UnfinishedErasures(ctx context.Context) ([]Erasure, error) {
	return s.readErasures(ctx, "unfinished_erasures")
}

// Backup is one backup that a receipt names.
type Backup struct {
	Name string
	Made core.Micros
	Due  core.Micros // when it should be deleted
}

// NoteBackup records a backup that was made of the whole installation.
func (s *Service) NoteBackup(ctx context.Context, name string) error {
	return RecordBackup(ctx, s.db, name, s.clock.Now())
}

// RecordBackup is NoteBackup for a command that runs beside a server.
func RecordBackup(ctx context.Context, d *db.DB, name string, at time.Time) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("insert_backup"), 0, 0, name, core.FromTime(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("record backup: %w", err)
	}
	return nil
}

// Backups gives the backups made before an instant, newest first, with when
// they fall due after so many days.
func (s *Service) Backups(ctx context.Context, before core.Micros, days int) ([]Backup, error) {
	var out []Backup
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("backups"), func(row db.Row) error {
			var b Backup
			err := row.Scan(&b.Name, &b.Made)
			b.Due = b.Made + core.Micros(days)*core.Day
			out = append(out, b)
			return err
		}, before)
	})
	if err != nil {
		return nil, fmt.Errorf("read backups: %w", err)
	}
	return out, nil
}
