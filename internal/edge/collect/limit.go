package collect

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

// limits holds a rate limiter per source that has a limit.
type limits struct {
	mu sync.Mutex
	by map[limitKey]*rate.Limiter
}

type limitKey struct {
	ws core.WorkspaceID
	id core.SourceID
}

// admit takes events from the source's allowance, or says when to come back. A
// batch larger than the whole allowance counts as the whole.
func (l *limits) admit(src *inbox.Source, events int, now time.Time) error {
	perSecond := src.Settings.RatePerSecond
	if perSecond == 0 {
		return nil
	}
	burst := src.Settings.Burst
	if burst == 0 {
		burst = perSecond * 10
	}
	lim := l.limiter(limitKey{src.Workspace, src.ID}, rate.Limit(perSecond), burst, now)
	res := lim.ReserveN(now, min(events, burst))
	wait := res.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	res.CancelAt(now)
	return inbox.Busy(time.Duration(math.Ceil(wait.Seconds()))*time.Second, "rate_limited", "the source sends more than its limit")
}

func (l *limits) limiter(k limitKey, r rate.Limit, burst int, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	lim := l.by[k]
	if lim == nil {
		if l.by == nil {
			l.by = map[limitKey]*rate.Limiter{}
		}
		lim = rate.NewLimiter(r, burst)
		l.by[k] = lim
	}
	if lim.Limit() != r {
		lim.SetLimitAt(now, r)
	}
	if lim.Burst() != burst {
		lim.SetBurstAt(now, burst)
	}
	return lim
}
