// Package app wires the rooms together: it opens stores, starts and stops
// workers in order, and holds the subcommands. Nothing here decides anything
// about customers.
package app
