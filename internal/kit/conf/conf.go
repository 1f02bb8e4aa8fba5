// Package conf reads settings that need a restart: flags over environment over
// file over defaults. Unknown keys are errors. What an admin edits while the
// program runs is not here: it is a row in the database.
package conf

import (
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// Prefix begins the names of environment variables: --data is CICLO_DATA.
const Prefix = "CICLO_"

// File gives a kong resolver over a TOML file whose keys are flag names, with _
// or - between words. A key that is no flag of any command is an error.
func File(path string, known func(flag string) bool) (kong.Resolver, error) {
	var values map[string]any
	if _, err := toml.DecodeFile(path, &values); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	byFlag := make(map[string]any, len(values))
	for k, v := range values {
		name := strings.ReplaceAll(k, "_", "-")
		if !known(name) {
			return nil, fmt.Errorf("configuration %s: unknown key %q", path, k)
		}
		if list, ok := v.([]any); ok {
			parts := make([]string, len(list))
			for i, p := range list {
				parts[i] = fmt.Sprint(p)
			}
			v = strings.Join(parts, ",")
		}
		byFlag[name] = v
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		return byFlag[flag.Name], nil
	}), nil
}

// CheckEnvironment refuses variables with the prefix that set no flag, so that
// a misspelt one does not pass silently. allowed lists names with other uses.
func CheckEnvironment(known func(flag string) bool, allowed ...string) error {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		rest, ours := strings.CutPrefix(name, Prefix)
		if !ours {
			continue
		}
		flag := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if known(flag) || contains(allowed, rest) {
			continue
		}
		return fmt.Errorf("environment variable %s sets nothing: unknown key", name)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s || strings.HasSuffix(x, "_") && strings.HasPrefix(s, x) {
			return true
		}
	}
	return false
}
