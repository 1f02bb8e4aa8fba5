package access

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Workspace is a tenant with its settings.
type Workspace struct {
	ID        core.WorkspaceID
	Name      string
	TimeZone  string // IANA
	Currency  string // ISO 4217
	WeekStart int    // 1 Monday, 7 Sunday
	Settings  Extra
	CreatedAt core.Micros
}

// Extra are the settings that are data of other rooms, kept as JSON.
type Extra struct {
	// LapseDays is after how many days without an order a customer counts as
	// dormant in KPIs.
	LapseDays int `json:"lapse_days,omitempty"`
	// RefundDate says whether refunds count on the "refund" or the "order" date.
	RefundDate string          `json:"refund_date,omitempty"`
	Identity   json.RawMessage `json:"identity,omitempty"`
	Targets    json.RawMessage `json:"targets,omitempty"`
	// Staff names the workspace's own people, who count in no number: e-mail
	// addresses, or what follows the @ (@shop.it), lower case.
	Staff []string `json:"staff,omitempty"`
	// BackupDays is after how many days a backup is to be deleted.
	BackupDays int `json:"backup_retention_days,omitempty"`
}

// BackupRetention gives BackupDays or its default.
func (e *Extra) BackupRetention() int {
	if e.BackupDays == 0 {
		return 30
	}
	return e.BackupDays
}

// Lapse gives LapseDays or its default.
func (e *Extra) Lapse() int {
	if e.LapseDays == 0 {
		return 90
	}
	return e.LapseDays
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

func (w *Workspace) check() error {
	if strings.TrimSpace(w.Name) == "" {
		return errs.Field("name", "bad_name", "a workspace needs a name of up to 200 characters")
	}
	if err := checkName("name", w.Name); err != nil {
		return err
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil || w.TimeZone == "" || w.TimeZone == "Local" {
		return errs.Field("time_zone", "bad_time_zone", "a time zone has a name of the IANA list, such as Europe/Rome")
	}
	if !currencyForm.MatchString(w.Currency) {
		return errs.Field("currency", "bad_currency", "a currency has a code of three capital letters, such as EUR")
	}
	if w.WeekStart != 1 && w.WeekStart != 7 {
		return errs.Field("week_start", "bad_week_start", "the week starts on 1 (Monday) or 7 (Sunday)")
	}
	if l := w.Settings.LapseDays; l < 0 || l > 3660 {
		return errs.Field("lapse_days", "bad_lapse", "the lapse lies between 1 and 3,660 days")
	}
	if d := w.Settings.BackupDays; d < 0 || d > 3650 {
		return errs.Field("backup_retention_days", "bad_retention", "backups are kept 1 to 3,650 days")
	}
	if err := checkStaff(w.Settings.Staff); err != nil {
		return err
	}
	if r := w.Settings.RefundDate; r != "" && r != "refund" && r != "order" {
		return errs.Field("refund_date", "bad_refund_date", "refunds count on the refund or the order date")
	}
	return nil
}

// maxStaff bounds the rules of own people.
const maxStaff = 200

func checkStaff(rules []string) error {
	if len(rules) > maxStaff {
		return errs.Field("staff", "too_many", "at most %d addresses can be named", maxStaff)
	}
	for i, r := range rules {
		if at := strings.LastIndexByte(r, '@'); at < 0 || at == len(r)-1 || len(r) > 320 || strings.ContainsAny(r, " \t\r\n") {
			return errs.Field(fmt.Sprintf("staff[%d]", i), "bad_address", "own people are named by an e-mail address, or by what follows the @ (@shop.it)")
		}
	}
	return nil
}

// staffRules brings rules into their form: a bare domain gets its @.
func staffRules(rules []string) []string {
	out := make([]string, 0, len(rules))
	for _, r := range rules {
		if r = strings.ToLower(strings.TrimSpace(r)); r != "" && !strings.Contains(r, "@") {
			r = "@" + r
		}
		if r != "" && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// Zone is the workspace's time zone.
func (w *Workspace) Zone() *time.Location {
	z, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

// Workspaces gives all workspaces.
func (s *Service) Workspaces(ctx context.Context) ([]Workspace, error) {
	var out []Workspace
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("workspaces"), func(row db.Row) error {
			var w Workspace
			var extra string
			if err := row.Scan(&w.ID, &w.Name, &w.TimeZone, &w.Currency, &w.WeekStart, &extra, &w.CreatedAt); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(extra), &w.Settings); err != nil {
				return fmt.Errorf("read settings of workspace %d: %w", w.ID, err)
			}
			out = append(out, w)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return out, nil
}

// Workspace gives one workspace, from memory once read.
func (s *Service) Workspace(ctx context.Context, id core.WorkspaceID) (Workspace, error) {
	w, version, ok := s.spaces.get(id)
	if ok {
		return w, nil
	}
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		w, err = readWorkspace(ctx, tx, id)
		return err
	})
	if err != nil {
		return Workspace{}, err
	}
	s.spaces.put(id, w, version)
	return w, nil
}

// First gives the workspace that was set up with the installation: whoever runs
// the installation owns it.
func (s *Service) First(ctx context.Context) (core.WorkspaceID, error) {
	var id core.WorkspaceID
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, queries.Get("first_workspace"), nil, &id)
	})
	if err != nil {
		return 0, fmt.Errorf("read first workspace: %w", err)
	}
	return id, nil
}

func readWorkspace(ctx context.Context, tx *db.Tx, id core.WorkspaceID) (Workspace, error) {
	w := Workspace{ID: id}
	var extra string
	err := tx.QueryRow(ctx, queries.Get("workspace"), []any{id}, &w.Name, &w.TimeZone, &w.Currency, &w.WeekStart, &extra, &w.CreatedAt)
	if errors.Is(err, db.ErrNoRows) {
		return w, errs.New(errs.NotFound, "unknown_workspace", "there is no workspace %d", id)
	}
	if err == nil {
		err = json.Unmarshal([]byte(extra), &w.Settings)
	}
	if err != nil {
		return w, fmt.Errorf("read workspace %d: %w", id, err)
	}
	return w, nil
}

// WorkspaceUpdate changes the fields that are not nil.
type WorkspaceUpdate struct {
	Name, TimeZone, Currency *string
	WeekStart                *int
	LapseDays                *int
	RefundDate               *string
	BackupDays               *int
	Staff                    *[]string
	Identity, Targets        json.RawMessage
}

// UpdateWorkspace changes a workspace's settings.
func (s *Service) UpdateWorkspace(ctx context.Context, id core.WorkspaceID, u WorkspaceUpdate) (Workspace, error) {
	return s.ChangeWorkspace(ctx, id, func(w *Workspace) error {
		set(&w.Name, u.Name)
		set(&w.TimeZone, u.TimeZone)
		set(&w.Currency, u.Currency)
		set(&w.WeekStart, u.WeekStart)
		set(&w.Settings.LapseDays, u.LapseDays)
		set(&w.Settings.RefundDate, u.RefundDate)
		set(&w.Settings.BackupDays, u.BackupDays)
		if u.Staff != nil {
			w.Settings.Staff = staffRules(*u.Staff)
		}
		if u.Identity != nil {
			w.Settings.Identity = u.Identity
		}
		if u.Targets != nil {
			w.Settings.Targets = u.Targets
		}
		return nil
	})
}

// OnCurrency sets what is called in the transaction that changes a workspace's
// currency. Call it before use.
func (s *Service) OnCurrency(fn func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) error) {
	s.newCurrency = fn
}

// ChangeWorkspace lets edit change a workspace as it stands now; no other change
// comes in between. edit may run more than once.
func (s *Service) ChangeWorkspace(ctx context.Context, id core.WorkspaceID, edit func(w *Workspace) error) (Workspace, error) {
	var out Workspace
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("lock_workspace"), id); err != nil {
			return err
		}
		w, err := readWorkspace(ctx, tx, id)
		if err != nil {
			return err
		}
		was := w.Currency
		if err := edit(&w); err != nil {
			return err
		}
		if err := w.check(); err != nil {
			return err
		}
		extra, err := json.Marshal(w.Settings)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("update_workspace"), w.Name, w.TimeZone, w.Currency, w.WeekStart, string(extra), w.ID); err != nil {
			return err
		}
		out = w
		tx.AfterCommit(s.spaces.clear)
		if was != w.Currency && s.newCurrency != nil {
			return s.newCurrency(ctx, tx, id)
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("update workspace: %w", err)
	}
	return out, nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// NeedsSetup says whether there is no workspace yet.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	all, err := s.Workspaces(ctx)
	return len(all) == 0, err
}

// Setup makes the first workspace and its owner.
func (s *Service) Setup(ctx context.Context, w Workspace, owner NewUser) (core.WorkspaceID, error) {
	owner.Role = Owner
	w.ID = 1
	if w.WeekStart == 0 {
		w.WeekStart = 1
	}
	if err := w.check(); err != nil {
		return 0, err
	}
	// Asked first as well: hashing a password for everybody who tries is dear.
	if needed, err := s.NeedsSetup(ctx); err != nil || !needed {
		return 0, cmp.Or(err, errSetUp())
	}
	u, err := s.prepare(ctx, owner)
	if err != nil {
		return 0, err
	}
	now := core.FromTime(s.clock.Now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var n int64
		if err := tx.QueryRow(ctx, queries.Get("count_workspaces"), nil, &n); err != nil {
			return err
		}
		if n > 0 {
			return errSetUp()
		}
		if _, err := tx.Exec(ctx, queries.Get("insert_workspace"), w.ID, w.Name, w.TimeZone, w.Currency, w.WeekStart, "{}", now); err != nil {
			return err
		}
		var user int64
		if err := tx.QueryRow(ctx, queries.Get("next_user"), nil, &user); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("insert_user"), user, u.Email, u.Name, u.Locale, u.hash, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("insert_member"), w.ID, user, string(Owner))
		return err
	})
	if errors.Is(err, db.ErrUnique) { // two at once
		err = errSetUp()
	}
	if err != nil {
		return 0, fmt.Errorf("set up: %w", err)
	}
	return w.ID, nil
}

func errSetUp() error {
	return errs.New(errs.Conflict, "already_set_up", "this installation is set up already: sign in")
}
