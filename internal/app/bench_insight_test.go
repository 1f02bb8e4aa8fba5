package app_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/kit/clock"
)

// TestBenchInsight asks every question of a small history: each has an answer, and
// the bare funnel agrees with the real one.
func TestBenchInsight(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := &app.Env{Streams: app.Streams{Out: &out, Err: &errs}, Ctx: context.Background(), Clock: clock.System{}}
	cmd := app.BenchInsightCmd{Events: 30_000, Dir: t.TempDir(), Here: true}
	if err := cmd.Run(env); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for line := range strings.SplitSeq(out.String(), "\n") {
		if cells := strings.Split(line, " | "); len(cells) == 9 {
			answers[strings.TrimPrefix(cells[0], "| ")] = cells[7]
		}
	}
	if len(answers) != 13 { // 11 questions, the head and the line below it
		t.Errorf("the table has other lines: %s", out.String())
	}
	full, bare := answers["funnel of 4 steps, 7 days"], answers["bare decode and fold of the funnel's columns"]
	if full == "" || full != bare || strings.HasPrefix(full, "0 ") {
		t.Errorf("the funnel says %q, the bare one %q", full, bare)
	}
	if !strings.Contains(out.String(), "times the bare decode") {
		t.Error("the ratio is missing")
	}
	cmd.Ask = "no such question"
	if err := cmd.Run(env); err == nil {
		t.Error("an unknown question was answered")
	}
}
