// Command ciclo is the server and its tools in one binary.
package main

import (
	"os"

	"github.com/ciclo/ciclo/internal/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
