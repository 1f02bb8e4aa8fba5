package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// with opens an installation for one command.
func (e *Env) with(w *Where, fn func(ctx context.Context, a *App) error) error {
	if w.Database == "" {
		if _, err := os.Stat(w.Data); err != nil {
			return fmt.Errorf("no installation in %s: %w", w.Data, err)
		}
	}
	a, err := Open(e.Ctx, w.config(), e.Log, e.Clock)
	if err != nil {
		return err
	}
	return errors.Join(fn(e.Ctx, a), a.Close())
}

// withAccess opens only what concerns users and keys, beside a running server
// too.
func (e *Env) withAccess(w *Where, fn func(ctx context.Context, s *access.Service) error) error {
	cfg := w.config()
	if w.Database == "" {
		if _, err := os.Stat(cfg.dsn()); err != nil {
			return fmt.Errorf("no installation in %s: %w", w.Data, err)
		}
	}
	d, err := db.Open(e.Ctx, cfg.dsn())
	if err != nil {
		return err
	}
	return errors.Join(fn(e.Ctx, access.New(d, e.Clock)), d.Close())
}

// VerifyCmd checks a data folder.
type VerifyCmd struct {
	Where
	Sample int `help:"Customers whose fold states are compared with a refold; 0 = all." default:"500"`
}

// Run prints what is wrong and fails unless all is well.
func (v *VerifyCmd) Run(env *Env) error {
	return env.with(&v.Where, func(ctx context.Context, a *App) error {
		r, err := a.Verify(ctx, v.Sample)
		if err != nil {
			return err
		}
		for _, p := range r.Problems {
			fmt.Fprintln(env.Out, "problem:", p)
		}
		fmt.Fprintf(env.Out, "checked %d events, %d customers, %d stage spells, %d segment members, %d refolds\n", r.Events, r.Customers, r.Spells, r.Members, r.Refolded)
		if len(r.Problems) > 0 {
			return fmt.Errorf("%d problems found", len(r.Problems))
		}
		fmt.Fprintln(env.Out, "clean")
		return nil
	})
}

// UserCmd manages users from the command line.
type UserCmd struct {
	List     UserListCmd     `cmd:"" help:"List users."`
	Add      UserAddCmd      `cmd:"" help:"Add a user; the password is read from standard input."`
	Password UserPasswordCmd `cmd:"" help:"Set a user's password, read from standard input."`
	Disable  UserDisableCmd  `cmd:"" help:"Disable a user and end its sessions."`
}

// UserListCmd lists users.
type UserListCmd struct{ Where }

// Run prints a line a user.
func (c *UserListCmd) Run(env *Env) error {
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		users, err := a.Users(ctx, 1)
		for _, u := range users {
			state := "enabled"
			if u.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(env.Out, "%d\t%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Role, state, u.Name)
		}
		return err
	})
}

// UserAddCmd adds a user.
type UserAddCmd struct {
	Where
	Email string      `arg:"" help:"E-mail address."`
	Role  access.Role `help:"Role." default:"marketer" enum:"owner,admin,marketer,analyst,support,developer"`
	Name  string      `help:"Name."`
}

// Run adds the user.
func (c *UserAddCmd) Run(env *Env) error {
	pw, err := env.secretLine()
	if err != nil {
		return err
	}
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		id, err := a.CreateUser(ctx, 1, access.NewUser{Email: c.Email, Name: c.Name, Role: c.Role, Password: pw})
		if err == nil {
			fmt.Fprintf(env.Out, "user %d added\n", id)
		}
		return err
	})
}

// UserPasswordCmd sets a password.
type UserPasswordCmd struct {
	Where
	Email string `arg:"" help:"E-mail address."`
}

// Run sets the password.
func (c *UserPasswordCmd) Run(env *Env) error {
	pw, err := env.secretLine()
	if err != nil {
		return err
	}
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		u, err := userByEmail(ctx, a, c.Email)
		if err != nil {
			return err
		}
		return a.SetPassword(ctx, u.ID, pw, "")
	})
}

// UserDisableCmd disables a user.
type UserDisableCmd struct {
	Where
	Email string `arg:"" help:"E-mail address."`
}

// Run disables the user.
func (c *UserDisableCmd) Run(env *Env) error {
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		u, err := userByEmail(ctx, a, c.Email)
		if err != nil {
			return err
		}
		yes := true
		return a.UpdateUser(ctx, 1, u.ID, nil, &yes)
	})
}

func userByEmail(ctx context.Context, a *access.Service, email string) (access.User, error) {
	users, err := a.Users(ctx, 1)
	if err != nil {
		return access.User{}, err
	}
	for _, u := range users {
		if u.Email == strings.ToLower(email) {
			return u, nil
		}
	}
	return access.User{}, fmt.Errorf("there is no user %s", email)
}

// secretLine reads one line, which never stands among the arguments where
// other users of the machine could see it.
func (e *Env) secretLine() (string, error) {
	fmt.Fprint(e.Err, "password: ")
	line, err := bufio.NewReader(e.In).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// KeyCmd manages API keys.
type KeyCmd struct {
	List   KeyListCmd   `cmd:"" help:"List API keys."`
	Create KeyCreateCmd `cmd:"" help:"Make an API key and print it."`
	Revoke KeyRevokeCmd `cmd:"" help:"Revoke an API key."`
}

// KeyListCmd lists keys.
type KeyListCmd struct{ Where }

// Run prints a line a key.
func (c *KeyListCmd) Run(env *Env) error {
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		keys, err := a.Keys(ctx, 1)
		for _, k := range keys {
			used := "never used"
			if k.LastUsed != 0 {
				used = "used " + core.ToTime(k.LastUsed).Format(time.RFC3339)
			}
			fmt.Fprintf(env.Out, "%d\t%s…\t%s\t%s\t%s\n", k.ID, k.Prefix, k.Role, used, k.Name)
		}
		return err
	})
}

// KeyCreateCmd makes a key.
type KeyCreateCmd struct {
	Where
	Name string      `arg:"" help:"What the key is for."`
	Role access.Role `help:"Role." default:"analyst" enum:"owner,admin,marketer,analyst,support,developer"`
}

// Run prints the key once.
func (c *KeyCreateCmd) Run(env *Env) error {
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error {
		_, secret, err := a.CreateKey(ctx, 1, c.Name, c.Role, "command line")
		if err == nil {
			fmt.Fprintln(env.Out, secret)
		}
		return err
	})
}

// KeyRevokeCmd revokes a key.
type KeyRevokeCmd struct {
	Where
	ID int64 `arg:"" help:"Number of the key."`
}

// Run revokes the key.
func (c *KeyRevokeCmd) Run(env *Env) error {
	return env.withAccess(&c.Where, func(ctx context.Context, a *access.Service) error { return a.DeleteKey(ctx, 1, c.ID) })
}

// ExportCmd writes data as JSON lines.
type ExportCmd struct {
	Where
	What string `arg:"" help:"customers or events." enum:"customers,events"`
	File string `arg:"" help:"File to write, - for standard output." default:"-"`
}

// Run writes one JSON object a line.
func (c *ExportCmd) Run(env *Env) error {
	return env.with(&c.Where, func(ctx context.Context, a *App) error {
		out := env.Out
		if c.File != "-" {
			f, err := os.Create(c.File)
			if err != nil {
				return err
			}
			defer f.Close()
			out = f
		}
		w := bufio.NewWriterSize(out, 1<<20)
		enc := json.NewEncoder(w)
		var err error
		if c.What == "customers" {
			err = a.exportCustomers(ctx, enc)
		} else {
			err = a.exportEvents(ctx, enc)
		}
		return errors.Join(err, w.Flush())
	})
}

func (a *App) exportCustomers(ctx context.Context, enc *json.Encoder) error {
	f := customer.Filter{Sort: "id", Limit: 1000}
	for {
		page, err := a.Customers.List(ctx, 1, f)
		if err != nil {
			return err
		}
		for _, c := range page.Customers {
			if err := enc.Encode(map[string]any{"id": c.ID, "user_id": c.UserID, "email": c.Email, "name": c.Name, "first_seen": core.ToTime(c.FirstSeen),
				"last_seen": core.ToTime(c.LastSeen), "events": c.Events, "orders": c.Orders, "revenue_minor": c.Revenue, "traits": json.RawMessage(c.Traits)}); err != nil {
				return err
			}
		}
		if page.Next == nil {
			return nil
		}
		f.After = page.Next
	}
}

func (a *App) exportEvents(ctx context.Context, enc *json.Encoder) error {
	return a.Timeline.Scan(ctx, timeline.Request{Workspace: 1, Workers: 1, Columns: []string{timeline.ColID, timeline.ColProps, timeline.ColReceived, timeline.ColSource}},
		func(_ int, c core.CustomerID, r *timeline.Rows) error {
			var e core.Event
			for i := range r.Time {
				e = core.Event{}
				r.Event(i, &e)
				props := json.RawMessage(e.Props)
				if len(props) == 0 {
					props = json.RawMessage("{}")
				}
				if err := enc.Encode(map[string]any{"customer": c, "id": e.ID, "time": core.ToTime(e.Time), "received": core.ToTime(e.Received), "kind": e.Kind.String(),
					"name": e.Name, "source": e.Source, "properties": props}); err != nil {
					return err
				}
			}
			return nil
		})
}

// OpenAPICmd prints the description of the API.
type OpenAPICmd struct{}

// Run prints openapi.json.
func (OpenAPICmd) Run(env *Env) error {
	doc, err := httpapi.New(httpapi.Deps{}).OpenAPI()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.Out, string(doc))
	return err
}
