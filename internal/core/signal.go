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

// SegmentMoved is the signal that a customer entered or left a segment.
type SegmentMoved struct {
	Machine  int64 // version of the segment, as a fold
	Customer CustomerID
	In       bool // entered, else left
	At       Micros
	N        int64 // of the customer's stay in this machine that begins or ends, from 1
	// Evidence: the event behind the move, or a timer (ByTimer) and nothing else.
	ByTimer   bool
	EventID   string
	EventName string
	EventKind Kind
	EventAt   Micros
}

// Signal is StageMoved, SegmentMoved, or a type of the room that emits it. Reactors switch on
// it.
type Signal any
