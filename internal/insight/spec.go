package insight

import (
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Spec chooses a report.
type Spec struct {
	Workspace core.WorkspaceID
	// From and To are the period, half open; 0 in To means now, 0 in From the
	// DefaultSpan before To.
	From, To core.Micros
	// Window is how long after entering something may convert: leads to
	// customers, a stage to a later one.
	Window core.Micros
	// Model is the stage model whose stages are reported; 0 the default one.
	Model int64
	// CostLag is how long before a customer is won its cost arises: CAC and what
	// stands on it count the costs of a period so much earlier.
	CostLag     core.Micros
	IncludeBots bool // bots, test orders and own people count as well
	Settings    Settings
}

// Settings are those of the workspace that change numbers.
type Settings struct {
	Currency  string
	Zone      *time.Location
	LapseDays int // without an order, until a customer is dormant
	// ByOrderDate counts refunds on the date of their order instead of their own.
	ByOrderDate bool
	Targets     Targets
	Staff       []string    // rules of own people; see Deps.Staff
	rates       *core.Rates // into Currency, as of the question
}

// Defaults of a Spec.
const (
	DefaultSpan   = 30 * core.Day
	DefaultWindow = 30 * core.Day
)

// idle is how long a customer is silent before a session has ended.
const idle = 30 * core.Minute

func (s *Spec) lapse() core.Micros { return core.Micros(s.Settings.LapseDays) * core.Day }

// period gives the range of the report as of now.
func (s *Spec) period(now core.Micros) (from, to core.Micros) {
	from, to = s.From, s.To
	if to == 0 {
		to = now
	}
	if from == 0 {
		from = to - DefaultSpan
	}
	return from, to
}
