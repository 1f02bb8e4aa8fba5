package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go"
)

// secrets are values that only one customer has.
func secrets() map[string]string {
	return map[string]string{"user": "ann-secret-7731", "email": "ann.secret@example.test", "phone": "+393331234567", "device": "dev-ann-9917", "name": "Annunziata Segreta",
		"coupon": "ANNCOUPON77", "message": "msg-of-ann-3", "note": "likes anchovies 4411", "group": "circle-of-ann", "address": "203.0.113.77"}
}

// everything gives all texts that an installation holds: every value of every
// table, packed ones unpacked, every value of every event file, and the bytes of
// all files.
func everything(t *testing.T, a *app.App) []byte {
	t.Helper()
	var out bytes.Buffer
	dumpTables(t, a.DB, &out)
	if err := a.Timeline.Scan(context.Background(), timeline.Request{Workspace: 1, Workers: 1, Columns: []string{timeline.ColID, timeline.ColProps, timeline.ColRest, timeline.ColContext}},
		func(_ int, _ core.CustomerID, r *timeline.Rows) error {
			for i := range r.Time {
				fmt.Fprintf(&out, "%s %s %s %+v\n", r.ID[i], r.Props[i], r.Rest[i], r.Context[i])
			}
			return nil
		}); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(a.Config.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "secret" {
			return err
		}
		raw, err := os.ReadFile(path)
		out.Write(raw)
		if strings.HasSuffix(path, ".parquet") {
			dumpParquet(t, raw, &out)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func dumpTables(t *testing.T, d *db.DB, out io.Writer) {
	t.Helper()
	q := `SELECT name FROM sqlite_schema WHERE type = 'table'`
	if d.Dialect() == db.Postgres {
		q = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
	}
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		var tables []string
		err := tx.Query(context.Background(), q, func(row db.Row) error {
			var name string
			err := row.Scan(&name)
			tables = append(tables, name)
			return err
		})
		if err != nil {
			return err
		}
		if len(tables) < 20 {
			t.Fatalf("only %d tables were found", len(tables))
		}
		for _, name := range tables {
			if err := tx.Query(context.Background(), `SELECT * FROM `+name, func(row db.Row) error { return dumpRow(row, out) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func dumpRow(row db.Row, out io.Writer) error {
	cols, err := row.(interface{ Columns() ([]string, error) }).Columns()
	if err != nil {
		return err
	}
	vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	if err := row.Scan(ptrs...); err != nil {
		return err
	}
	for _, v := range vals {
		if raw, ok := v.([]byte); ok {
			if plain, err := s2.Decode(nil, raw); err == nil {
				raw = append(raw, plain...)
			}
			fmt.Fprintf(out, "%s\n", raw)
			continue
		}
		fmt.Fprintf(out, "%v\n", v)
	}
	return nil
}

func dumpParquet(t *testing.T, raw []byte, out io.Writer) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 64)
		for {
			n, err := rows.ReadRows(buf)
			for _, r := range buf[:n] {
				for _, v := range r {
					fmt.Fprintf(out, "%s\n", v.String())
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// found lists the secrets that text holds.
func found(text []byte) []string {
	low := bytes.ToLower(text)
	var out []string
	for what, v := range secrets() {
		if bytes.Contains(low, []byte(strings.ToLower(v))) {
			out = append(out, what)
		}
	}
	return out
}

// fillWithAnn puts ann into every store, beside bob who had one of her devices.
func fillWithAnn(t *testing.T, b *bench) (ann, bob core.CustomerID) {
	t.Helper()
	ctx, s := context.Background(), secrets()
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test"); err != nil {
		t.Fatal(err)
	}
	b.Lifecycle.Wait()
	list := b.segment("list", "")
	b.segment("buyers", `{"did":{"event":"Order Completed"}}`)
	ctxOf := obj{"ip": s["address"], "groupId": s["group"]}
	b.send(obj{"type": "page", "anonymousId": s["device"], "messageId": "1", "timestamp": b.at(-40), "context": ctxOf},
		obj{"type": "identify", "userId": s["user"], "anonymousId": s["device"], "messageId": "2", "timestamp": b.at(-39), "traits": obj{"email": s["email"], "phone": s["phone"], "name": s["name"]}, "context": ctxOf},
		obj{"type": "track", "event": "Order Completed", "userId": s["user"], "messageId": s["message"], "timestamp": b.at(-38), "properties": obj{"order_id": "o-ann", "revenue": 12.5, "coupon": s["coupon"]}},
		obj{"type": "identify", "userId": s["user"], "anonymousId": "kiosk", "messageId": "4", "timestamp": b.at(-30), "traits": obj{"plan": "a"}},
		obj{"type": "identify", "userId": "bob", "anonymousId": "kiosk", "messageId": "5", "timestamp": b.at(-20), "traits": obj{"email": "bob@example.test"}},
		obj{"type": "page", "anonymousId": "kiosk", "messageId": "6", "timestamp": b.at(-19)},
		obj{"type": "alias", "userId": s["user"], "previousId": "old-ann", "messageId": "7", "timestamp": b.at(-18)})
	if _, err := b.Timeline.Seal(ctx, 1); err != nil {
		t.Fatal(err)
	}
	b.send(obj{"type": "track", "event": "Order Completed", "userId": s["user"], "messageId": "8", "timestamp": b.at(-2), "properties": obj{"order_id": "o-ann-2", "revenue": 3, "coupon": s["coupon"]}},
		obj{"type": "page", "userId": "bob", "messageId": "9", "timestamp": b.at(-2)},
		obj{"type": "track", "event": "Lost", "userId": "null", "messageId": "10", "timestamp": b.at(-2), "properties": obj{"text": "of " + s["email"]}})
	ann, bob = find(t, b, s["user"]).ID, find(t, b, "bob").ID
	if _, err := b.Segments.Change(ctx, 1, list.ID, []core.CustomerID{ann}, true, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Customers.AddNote(ctx, 1, ann, "me", s["note"]); err != nil {
		t.Fatal(err)
	}
	csv := "user_id,email,time\n" + s["user"] + "," + s["email"] + ",not a time\ncarl,carl@example.test,2025-12-01\n"
	plan := connect.Plan{Kind: connect.Customers, Map: map[string]string{"user_id": "user_id", "email": "email", "time": "time"}}
	for _, imported := range []bool{true, false} {
		u, err := b.Imports.Upload(ctx, 1, "people.csv", strings.NewReader(csv))
		if err != nil {
			t.Fatal(err)
		}
		if !imported {
			continue
		}
		id, err := b.Imports.Start(ctx, 1, u.ID, plan, "test")
		if err != nil {
			t.Fatal(err)
		}
		for run := (connect.Run{Status: connect.Running}); run.Status == connect.Running; b.clock.Advance(20 * time.Millisecond) {
			b.drain()
			if run, err = b.Imports.Get(ctx, 1, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	// One more waits unprocessed.
	body := `{"batch":[{"type":"track","event":"Wait","userId":"` + s["user"] + `","messageId":"11","timestamp":"` + b.at(-1) + `","properties":{"coupon":"` + s["coupon"] + `"}}]}`
	if _, err := b.Inbox.Accept(ctx, inbox.Door{Source: b.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch, Imported: true}, Body: []byte(body), Received: core.FromTime(b.clock.Now())}); err != nil {
		t.Fatal(err)
	}
	return ann, bob
}

// TestErasedNowhere is the proof: before, every value is found; afterwards none
// is, in no table, event file or other file of the installation.
func TestErasedNowhere(t *testing.T) {
	t.Parallel()
	for _, action := range []string{customer.Delete, customer.DeleteAndSuppress} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, b *bench) {
				ctx := context.Background()
				ann, bob := fillWithAnn(t, b)
				if got := found(everything(t, b.App)); len(got) != len(secrets()) {
					t.Fatalf("before, only %v are found", got)
				}
				e := b.eraseOne(ann, action, "letter of "+secrets()["email"])
				if got := found(everything(t, b.App)); len(got) > 0 {
					t.Errorf("%v are left", got)
				}
				want := map[string]bool{"timeline_segments": true, "timeline_tail": true, "quarantine": true, "import_rejects": true, "import_files": true, "inbox": true,
					"identifiers": true, "notes": true, "fold_states": true, "stage_spells": true, "segment_stays": true, "customers": true, "identifier_homes": true}
				for _, s := range e.Stores {
					if want[s.Store] && (s.Before == 0 || s.After != 0) {
						t.Errorf("store %+v", s)
					}
					delete(want, s.Store)
				}
				if len(want) > 0 {
					t.Errorf("the receipt does not name %v", want)
				}
				if e.FilteredAt == 0 || e.RewrittenAt < e.FilteredAt || e.VerifiedAt < e.RewrittenAt || e.Customers != 1 || e.Unknown != 0 {
					t.Errorf("receipt %+v", e)
				}
				if c, err := b.Customers.Get(ctx, 1, bob); err != nil || c.Events != 3 || c.UserID != "bob" {
					t.Errorf("bob: %+v %v", c, err)
				}
				if r, err := b.Verify(ctx, 0); err != nil || len(r.Problems) > 0 {
					t.Errorf("verify: %v %v", r.Problems, err)
				}
			})
		})
	}
}
