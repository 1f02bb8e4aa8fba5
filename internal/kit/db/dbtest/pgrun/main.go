// Command pgrun starts the private PostgreSQL of the tests, runs the command
// given as arguments with its address in the environment, and stops it again.
// One server for all packages is much faster than one each.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: pgrun COMMAND [ARGUMENT …]")
		return 2
	}
	s, err := dbtest.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgrun:", err)
		return 1
	}
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Env = append(os.Environ(), dbtest.EnvPostgres+"="+s.DSN())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if serr := s.Stop(); serr != nil {
		fmt.Fprintln(os.Stderr, "pgrun:", serr)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgrun:", err)
		return 1
	}
	return 0
}
