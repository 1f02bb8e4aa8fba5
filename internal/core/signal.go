package core

// StageMoved is the signal that a customer changed stage in a stage model.
type StageMoved struct {
	Machine  int64 // version of the model, as a fold
	Customer CustomerID
	From, To string // stage keys; "" is no stage
	At       Micros
	// Opens and Closes number the customer's spells in this machine, from 1; 0
	// means that none begins or ends (a move from or to no stage).
	Opens, Closes int64
	// Evidence: the event behind the move, or a timer (ByTimer) and nothing else.
	ByTimer   bool
	EventID   string
	EventName string
	EventKind Kind
	EventAt   Micros
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
