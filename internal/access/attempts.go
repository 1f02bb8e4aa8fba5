package access

import (
	"net/netip"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// What failed sign-ins are counted by, and how many are free. One address that
// guesses at one e-mail address is stopped soon; the other bounds are wide, so
// that nobody is locked out by a stranger's guesses: all guesses together at
// one e-mail address are slowed to one in maxPause[byEmail].
const (
	byPair = iota
	byAddress
	byEmail
	kinds
)

var (
	free     = [kinds]int{5, 30, 100}
	maxPause = [kinds]time.Duration{15 * time.Minute, 15 * time.Minute, 30 * time.Second}
)

// maxAttempts bounds the memory of attempts, per kind.
const maxAttempts = 20_000

// attempts counts failed sign-ins, to slow down guessing. One is counted before
// the password is looked at and taken back when it was right: guesses made at
// once count as well.
type attempts struct {
	mu sync.Mutex
	by [kinds]map[string]attempt
}

type attempt struct {
	n     int
	until time.Time // when the next is let through
	last  time.Time
}

// forget is after what time without a failure all is forgiven.
const forget = 24 * time.Hour

// begin counts an attempt, or says how long to wait.
func (a *attempts) begin(keys [kinds]string, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for kind, key := range keys {
		if t := a.by[kind][key]; t.n >= free[kind] && now.Before(t.until) {
			return errs.New(errs.Busy, "too_many_attempts", "too many failed sign-ins: try again in %d seconds", int(t.until.Sub(now).Seconds())+1)
		}
	}
	for kind, key := range keys {
		if a.by[kind] == nil {
			a.by[kind] = map[string]attempt{}
		}
		t := a.by[kind][key]
		if now.Sub(t.last) > forget {
			t = attempt{}
		}
		t.n++
		t.last = now
		over := max(0, t.n-free[kind])
		t.until = now.Add(min(time.Duration(1<<min(over, 10))*time.Second, maxPause[kind]))
		a.room(kind, key)
		a.by[kind][key] = t
	}
	return nil
}

// right takes an attempt back. The failures before it are forgiven where only
// this caller made them.
func (a *attempts) right(keys [kinds]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.by[byPair], keys[byPair])
	for _, kind := range [2]int{byAddress, byEmail} {
		t := a.by[kind][keys[kind]]
		if t.n--; t.n <= 0 {
			delete(a.by[kind], keys[kind])
			continue
		}
		a.by[kind][keys[kind]] = t
	}
}

// room makes place for one more key: the one that failed longest ago goes,
// among some, so that a flood of keys does not free the ones that are slowed.
func (a *attempts) room(kind int, key string) {
	m := a.by[kind]
	if _, ok := m[key]; ok || len(m) < maxAttempts {
		return
	}
	oldest, looked := "", 0
	for k, t := range m {
		if oldest == "" || t.last.Before(m[oldest].last) {
			oldest = k
		}
		if looked++; looked == 100 {
			break
		}
	}
	delete(m, oldest)
}

// keysOf gives what an attempt is counted by. Of an IPv6 address the network
// counts, since one caller has all of it.
func keysOf(email, address string) [kinds]string {
	if ip, err := netip.ParseAddr(address); err == nil {
		ip = ip.Unmap().WithZone("")
		address = ip.String()
		if ip.Is6() {
			if p, err := ip.Prefix(64); err == nil {
				address = p.String()
			}
		}
	}
	return [kinds]string{byPair: address + " " + email, byAddress: address, byEmail: email}
}
