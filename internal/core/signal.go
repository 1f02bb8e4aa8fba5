package core

// StageMoved is the signal that a customer changed stage in a stage model.
type StageMoved struct {
	Model    string
	Version  int
	Customer CustomerID
	From, To string // "" is no stage
	At       Micros
	// Live is false when the move was found by recomputing the past: reactors
	// with outward effects leave those alone.
	Live bool
}

// TraitChanged is the signal that a trait of a customer took a new value.
type TraitChanged struct {
	Customer CustomerID
	Name     string
	At       Micros
}

// CustomersMerged is the signal that From was absorbed by Into.
type CustomersMerged struct {
	From, Into CustomerID
	At         Micros
}

// CustomersSplit is the signal that an un-merge gave From its own timeline
// again.
type CustomersSplit struct {
	From, Into CustomerID
	At         Micros
}

// Signal is one of the types above. Reactors switch on it.
type Signal any
