package expr_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/engine/expr"
)

// TestLocal: what a zone can change.
func TestLocal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"did":{"event":"A"}}`:                                                                                     false,
		`{"did":{"event":"A","window":{"last":"30d"}}}`:                                                             false,
		`{"did":{"event":"A","window":{"calendar":"today"}}}`:                                                       true,
		`{"did":{"event":"A","measure":"distinct_days","value":2}}`:                                                 true,
		`{"did":{"event":"A","where":[{"name":"$time","op":"in_last","value":"3d"}]}}`:                              false,
		`{"did":{"event":"A","where":[{"name":"$time","op":"hour","value":3}]}}`:                                    true,
		`{"did":{"event":"A","measure":"last_time","op":"more_than_ago","value":"30d"}}`:                            false,
		`{"did":{"event":"A","measure":"last_time","op":"on","value":"2026-01-01"}}`:                                true,
		`{"did":{"event":"A","measure":"last","property":"due","op":"in_next","value":"3d"}}`:                       true,
		`{"any":[{"not":{"trait":{"name":"born","op":"anniversary","value":0}}}]}`:                                  true,
		`{"trait":{"name":"due","op":"gt","value":"2026-01-01"}}`:                                                   true,
		`{"trait":{"name":"age","op":"gt","value":20}}`:                                                             false,
		`{"trait":{"name":"visits","op":"element","where":[{"name":"at","op":"weekday","value":7}]}}`:               true,
		`{"lapse":{"event":"A","days":30}}`:                                                                         false,
		`{"lapse":{"event":"A","days":30,"gap_multiple":2}}`:                                                        true,
		`{"keyed":{"by":"sku","when":{"did":{"event":"A","measure":"distinct_days","value":2}}}}`:                   true,
		`{"sequence":{"steps":[{"event":"A"},{"event":"B","where":[{"name":"at","op":"before","value":"2026"}]}]}}`: true,
		`{"compare":{"a":{"event":"A"},"op":"gt","b":{"event":"A","window":{"calendar":"last_month"}}}}`:            true,
		`{"stage":{"in":["s"],"since":{"name":"$time","op":"more_than_ago","value":"3d"}}}`:                         false,
		`{"stage":{"in":["s"],"since":{"name":"$time","op":"before","value":"2026-01-01"}}}`:                        true,
		`{"message":{"did":"opened","window":{"calendar":"this_week"}}}`:                                            true,
	} {
		var n expr.Node
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := expr.Local(&n); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestCalendarAsText: what is written down is read as it was.
func TestCalendarAsText(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(&expr.Calendar{Zone: zone, Week: time.Sunday})
	if err != nil || string(raw) != `"Asia/Kathmandu 0"` {
		t.Errorf("%s, %v", raw, err)
	}
	var got expr.Calendar
	if err := json.Unmarshal(raw, &got); err != nil || got.Zone.String() != zone.String() || got.Week != time.Sunday {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{`""`, `"UTC"`, `"UTC 7"`, `"Nowhere/Land 1"`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
