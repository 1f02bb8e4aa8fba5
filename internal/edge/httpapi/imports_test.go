package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/tidwall/gjson"
)

// importServer is a whole server with keys of several roles and workspaces.
type importServer struct {
	t    *testing.T
	base string
	keys map[string]string
}

func startImportServer(t *testing.T) *importServer {
	t.Helper()
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Shop", TimeZone: "Europe/Rome", Currency: "EUR"}, access.NewUser{Email: "a@b.c", Password: "a long password"})
	if err != nil {
		t.Fatal(err)
	}
	other := ws + 1
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at)
SELECT $1, 'Other', time_zone, currency, week_start, settings, created_at FROM workspaces WHERE id = $2`, other, ws)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &importServer{t: t, keys: map[string]string{"": ""}}
	for name, k := range map[string]struct {
		ws   core.WorkspaceID
		role access.Role
	}{"admin": {ws, access.Admin}, "analyst": {ws, access.Analyst}, "foreign": {other, access.Admin}} {
		if err := a.LoadWorkspace(ctx, k.ws); err != nil {
			t.Fatal(err)
		}
		if _, s.keys[name], err = a.Access.CreateKey(ctx, k.ws, name, k.role, "test"); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := a.Serve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.base = srv.URL() + "/api/v1"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// do makes a request with a named key and checks the status.
func (s *importServer) do(key, method, path, contentType, body string, status int) string {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if k := s.keys[key]; k != "" {
		req.Header.Set("Authorization", "Bearer "+k)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != status {
		s.t.Errorf("%s %s as %q: %d, want %d: %s", method, path, key, res.StatusCode, status, raw)
	}
	return string(raw)
}

func (s *importServer) post(key, path string, v any, status int) string {
	s.t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(key, "POST", path, "application/json", string(raw), status)
}

func (s *importServer) upload(key, part, text string, status int) string {
	s.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	f, err := w.CreateFormFile(part, "orders.csv")
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = f.Write([]byte(text))
	_ = w.Close()
	return s.do(key, "POST", "/imports/uploads", w.FormDataContentType(), form.String(), status)
}

const importedText = "order_id,customer,at,worth\n1,u1,2024-01-02 10:00,\"1.000,50\"\n2,u2,2024-01-03 10:00,5\nbroken\n"

// TestImports walks through the endpoints as the wizard does.
func TestImports(t *testing.T) {
	t.Parallel()
	s := startImportServer(t)
	up := s.upload("admin", "file", importedText, 201)
	f := gjson.GetMany(up, "upload_id", "name", "encoding", "delimiter", "columns.#.name", "columns.3.samples.0", "rows_estimate", "suggested.map.user_id", "suggested.kind")
	if f[1].Str != "orders.csv" || f[2].Str != "utf-8" || f[3].Str != "," || f[4].Raw != `["order_id","customer","at","worth"]` || f[5].Str != "1.000,50" || f[6].Int() != 3 || f[7].Str != "customer" {
		t.Fatalf("upload %s", up)
	}
	fields := s.do("analyst", "GET", "/imports/fields", "", "", 200)
	if !gjson.Get(fields, `orders.#(key=="time").required`).Bool() || gjson.Get(fields, "customers.0.label").Str == "" || !gjson.Get(fields, "events").IsArray() {
		t.Errorf("fields %s", fields)
	}
	body := map[string]any{"upload_id": f[0].Str, "kind": "orders", "map": map[string]string{"order_id": "order_id", "user_id": "customer", "time": "at", "amount": "worth"},
		"options": map[string]any{"time_zone": "Europe/Rome", "currency": "EUR", "decimal_comma": true, "date_order": "ymd"}}
	dry := s.post("admin", "/imports/dry-run", body, 200)
	if got := gjson.Get(dry, "counts").Raw; got != `{"new":2,"changed":0,"unchanged":0,"refused":1}` {
		t.Errorf("counts %s", got)
	}
	if got := gjson.Get(dry, "sample.0.event.properties.revenue").Raw + gjson.Get(dry, "refused.0.reason").Str + gjson.Get(dry, "refused.0.samples.0.line").Raw; got != "1000.50ragged_row4" {
		t.Errorf("dry run %s", dry)
	}
	if got := s.do("admin", "GET", "/imports", "", "", 200); gjson.Get(got, "imports.#").Int() != 0 {
		t.Errorf("a dry run left %s", got)
	}
	body["save_preset"] = "mine"
	id := gjson.Get(s.post("admin", "/imports", body, 201), "id").Str
	var run string
	for range 2000 {
		if run = s.do("analyst", "GET", "/imports/"+id, "", "", 200); gjson.Get(run, "status").Str != "running" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	g := gjson.GetMany(run, "status", "rows", "events", "rejected", "file", "total_rows", "error", "finished_at")
	if g[0].Str != "done" || g[1].Int() != 3 || g[2].Int() != 2 || g[3].Int() != 1 || g[4].Str != "orders.csv" || g[5].Int() != 3 || g[6].Type != gjson.Null || g[7].Str == "" {
		t.Fatalf("run %s", run)
	}
	if got := s.do("admin", "GET", "/imports/"+id+"/rejected.csv", "", "", 200); got != "line,column,reason,message,row\n4,,ragged_row,\"the row has 1 cells, the file 4 columns\",broken\n" {
		t.Errorf("refused rows %q", got)
	}
	if got := s.do("admin", "GET", "/customers?sort=id", "", "", 200); gjson.Get(got, "customers.0.user_id").Str+gjson.Get(got, "customers.0.revenue.minor").Raw != "u1100050" {
		t.Errorf("customers %s", got)
	}
	if got := s.do("analyst", "GET", "/imports/presets", "", "", 200); gjson.Get(got, "presets.0.name").Str != "mine" || gjson.Get(got, `presets.#(name=="CDNOW").ready`).Raw != "true" {
		t.Errorf("presets %s", got)
	}
}

// TestImportsRefused tries what must not work.
func TestImportsRefused(t *testing.T) {
	t.Parallel()
	s := startImportServer(t)
	up := gjson.Get(s.upload("admin", "file", importedText, 201), "upload_id").Str
	body := map[string]any{"upload_id": up, "kind": "orders", "map": map[string]string{"user_id": "customer", "time": "at", "amount": "worth"}}
	for key, status := range map[string]int{"": 401, "analyst": 403} {
		s.upload(key, "file", importedText, status)
		s.post(key, "/imports/dry-run", body, status)
		s.post(key, "/imports", body, status)
		s.do(key, "GET", "/imports/1/rejected.csv", "", "", status)
	}
	for _, path := range []string{"/imports", "/imports/1", "/imports/fields", "/imports/presets"} {
		s.do("", "GET", path, "", "", 401)
	}
	s.post("foreign", "/imports/dry-run", body, 404)
	s.post("foreign", "/imports", body, 404)
	id := gjson.Get(s.post("admin", "/imports", body, 201), "id").Str
	s.do("foreign", "GET", "/imports/"+id, "", "", 404)
	s.do("foreign", "GET", "/imports/"+id+"/rejected.csv", "", "", 404)
	if got := s.do("foreign", "GET", "/imports", "", "", 200); gjson.Get(got, "imports.#").Int() != 0 {
		t.Errorf("imports of another workspace: %s", got)
	}
	s.do("admin", "GET", "/imports/99", "", "", 404)
	s.do("admin", "GET", "/imports/x/rejected.csv", "", "", 422)
	s.upload("admin", "other", importedText, 400)
	s.upload("admin", "file", "", 400)
	s.do("admin", "POST", "/imports/uploads", "text/csv", importedText, 400)
	s.do("admin", "POST", "/imports/uploads", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nid\n", 400)
	// The first upload may be imported, and thus gone, by now.
	body["upload_id"] = gjson.Get(s.upload("admin", "file", importedText, 201), "upload_id").Str
	body["map"] = map[string]string{"user_id": "customer", "time": "nowhere", "amount": "worth"}
	if got := s.post("admin", "/imports/dry-run", body, 400); gjson.Get(got, "errors.0.location").Str != "map.time" {
		t.Errorf("problem %s", got)
	}
}
