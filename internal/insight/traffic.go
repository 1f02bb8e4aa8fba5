package insight

import (
	"sort"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// class says what an event means for traffic.
type class uint8

const (
	unread        class = iota // not looked at yet
	classNothing               // done to the customer, or by a server: no visit
	classAct                   // any other thing the customer did
	classView                  // a page or screen
	classOrder                 // belongs to a visit under way, begins none
	classLead                  // makes somebody known
	classIdentify              // the same, but no act of its own
	classPromoViewed
	classPromoClicked
	classInvite
	classReferral
	classOffered // something better, or something more
	classTaken
	classSent
	classArrived
	classBounced
	classOpened
	classClicked
	classUnsubscribed
	classComplaint
)

// classOf reads the standard names of the commerce, e-mail and B2B vocabularies.
func classOf(kind core.Kind, name string) class {
	switch kind {
	case core.KindPage, core.KindScreen:
		return classView
	case core.KindIdentify:
		return classIdentify
	case core.KindTrack:
	default:
		return classNothing
	}
	switch name {
	case core.EventOrderCompleted:
		return classOrder
	case "Signed Up", "Account Created", "Lead Generated", "Lead Captured", "Trial Started":
		return classLead
	case "Promotion Viewed":
		return classPromoViewed
	case "Promotion Clicked":
		return classPromoClicked
	case "Invite Sent":
		return classInvite
	case "Referral Completed":
		return classReferral
	case "Upsell Offered":
		return classOffered
	case "Upsell Accepted":
		return classTaken
	case "Email Sent":
		return classSent
	case "Email Delivered":
		return classArrived
	case "Email Bounced":
		return classBounced
	case "Email Opened":
		return classOpened
	case "Email Link Clicked":
		return classClicked
	case "Unsubscribed", "Email Unsubscribed":
		return classUnsubscribed
	case "Email Marked as Spam":
		return classComplaint
	case core.EventOrderRefunded, core.EventOrderCancelled, "Order Updated", "Order Shipped", "Order Delivered":
		return classNothing
	}
	for _, prefix := range [...]string{"Email ", "Push Notification ", "SMS ", "Subscription "} {
		if strings.HasPrefix(name, prefix) {
			return classNothing
		}
	}
	return classAct
}

// message is one e-mail to one customer.
type message struct {
	at                                                  core.Micros
	sent, arrived, bounced, opened, human, clicked, out bool
	complaint                                           bool
}

// visit is one session under way.
type visit struct {
	start, last core.Micros
	views       int64
	key, bought bool
}

// traffic folds the names and times of one customer's events into tallies. Each
// worker has its own.
type traffic struct {
	w      *windows
	lapse  core.Micros
	until  core.Micros // span within which leads convert
	skip   core.Flags
	orders map[core.CustomerID]*history
	class  []class // by name and kind, see look

	t    *tally
	c    core.CustomerID
	paid []*order // of the customer at hand, by time
	own  []*order
	now  visit
	live bool
	mail message
	has  bool
	lead core.Micros
	led  bool
	seen uint32 // windows with a visit, by bit
	// windows with a referral, an offer, and an offer taken
	referred, offered, taken uint32
	// sessions and views of the current window
	sessions, views int64
}

// look gives the class of row i, remembering names.
func (f *traffic) look(r *timeline.Rows, i int) class {
	k := int(r.Name[i])<<3 | int(r.Kind[i]&7)
	for k >= len(f.class) {
		f.class = append(f.class, make([]class, k+64-len(f.class))...)
	}
	if f.class[k] == unread {
		f.class[k] = classOf(core.Kind(r.Kind[i]), r.NameOf(r.Name[i]))
	}
	return f.class[k]
}

// add folds all rows of a customer.
func (f *traffic) add(t *tally, c core.CustomerID, r *timeline.Rows) {
	f.begin(t, c)
	for i := range r.Len() {
		flags, k := core.Flags(r.Flags[i]), f.look(r, i)
		if k >= classSent {
			if flags&core.FlagTest&f.skip == 0 {
				f.post(k, r.Time[i], flags&core.FlagBot != 0)
			}
			continue
		}
		if k == classNothing || flags&f.skip != 0 {
			continue
		}
		f.act(k, r.Time[i], flags)
	}
	f.end()
}

func (f *traffic) begin(t *tally, c core.CustomerID) {
	f.t, f.c, f.live, f.has, f.led, f.seen, f.sessions, f.views = t, c, false, false, false, 0, 0, 0
	f.referred, f.offered, f.taken = 0, 0, 0
	f.paid, f.own = nil, nil
	h := f.orders[c]
	if h == nil {
		return
	}
	for i := range h.orders {
		if h.orders[i].paid() {
			f.paid = append(f.paid, &h.orders[i])
		}
	}
	f.own = h.own()
}

// act takes something that the customer did.
func (f *traffic) act(k class, at core.Micros, flags core.Flags) {
	if (k == classLead || k == classIdentify && flags&core.FlagImported == 0) && !f.led {
		f.lead, f.led = at, true
	}
	if k == classIdentify {
		return
	}
	if k == classOrder {
		if f.live && at-f.now.last < idle {
			f.now.last, f.now.key = at, true
			f.now.bought = f.now.bought || f.paidAt(at)
		}
		return
	}
	a, b := f.w.place(at)
	now := windowBits(a, b)
	f.seen |= now
	switch k {
	case classInvite:
		f.t.add(a, b, cInvites, 1)
	case classReferral:
		f.t.add(a, b, cReferrals, 1)
		f.referred |= now
	case classOffered:
		f.offered |= now
	case classTaken:
		f.taken |= now & f.offered
	case classPromoViewed:
		f.t.add(a, b, cPromoViewed, 1)
	case classPromoClicked:
		f.t.add(a, b, cPromoClicked, 1)
	}
	if !f.live || at-f.now.last >= idle {
		f.close()
		f.now, f.live = visit{start: at}, true
	}
	f.now.last = at
	if k == classView {
		f.now.views++
	}
	f.now.key = f.now.key || k == classLead
}

// windowBits gives windows as bits.
func windowBits(a, b int) (n uint32) {
	if a >= 0 {
		n |= 1 << a
	}
	if b >= 0 {
		n |= 1 << b
	}
	return n
}

func (f *traffic) paidAt(t core.Micros) bool {
	i := sort.Search(len(f.paid), func(i int) bool { return f.paid[i].at >= t })
	return i < len(f.paid) && f.paid[i].at == t
}

// close counts the visit under way in the windows that it began in.
func (f *traffic) close() {
	if !f.live {
		return
	}
	f.live = false
	a, b := f.w.place(f.now.start)
	if a < 0 {
		return
	}
	v := &f.now
	f.t.add(a, b, cSessions, 1)
	f.t.add(a, b, cViews, v.views)
	if v.views == 1 {
		f.t.add(a, b, cSingle, 1)
	}
	if v.views >= 2 || v.key {
		f.t.add(a, b, cEngaged, 1)
	}
	if v.bought {
		f.t.add(a, b, cSessionsBuying, 1)
	}
	if a == current {
		f.sessions++
		f.views += v.views
	}
}

// post takes what became of an e-mail. It belongs to the customer's latest one,
// since events rarely say to which.
func (f *traffic) post(k class, at core.Micros, machine bool) {
	m := &f.mail
	switch {
	case k == classSent:
		f.deliver()
		f.mail, f.has = message{at: at, sent: true}, true
	case k == classArrived && (!f.has || !m.sent || m.arrived || m.bounced):
		f.deliver()
		f.mail, f.has = message{at: at, arrived: true}, true
	case !f.has:
	case k == classArrived:
		m.arrived = true
	case k == classBounced:
		m.bounced = true
	case k == classOpened:
		m.opened, m.human = true, m.human || !machine
	case k == classClicked && !machine:
		m.clicked, m.opened, m.human = true, true, true
	case k == classUnsubscribed:
		m.out = true
	case k == classComplaint:
		m.complaint = true
	}
}

// deliver counts the message at hand in the windows that it was sent in.
func (f *traffic) deliver() {
	if !f.has {
		return
	}
	f.has = false
	m := &f.mail
	a, b := f.w.place(m.at)
	if a < 0 {
		return
	}
	add := func(k counter, is bool) {
		if is {
			f.t.add(a, b, k, 1)
		}
	}
	add(cMailSent, m.sent)
	add(cMailArrived, m.sent && !m.bounced)
	if m.bounced {
		return
	}
	add(cMailDelivered, true)
	add(cMailOpened, m.opened)
	add(cMailHumanDelivered, !m.opened || m.human)
	add(cMailHumanOpened, m.human)
	add(cMailClicked, m.clicked)
	add(cMailUnsubscribed, m.out)
	add(cMailComplaints, m.complaint)
}

// end counts what stands open and what is counted once a customer.
func (f *traffic) end() {
	f.close()
	f.deliver()
	f.t.pair(pairViews, f.c, f.views, f.sessions)
	for i := range windowCount {
		if f.seen&(1<<i) == 0 {
			continue
		}
		f.t.sums[i][cVisitors]++
		f.said(i)
		from, to := f.w.span(i)
		if before(f.paid, to) > before(f.paid, from) {
			f.t.sums[i][cVisitorsBuying]++
		}
	}
	f.won()
}

// said counts what a customer did for others, or was offered, in window i.
func (f *traffic) said(i int) {
	s, bit := &f.t.sums[i], uint32(1)<<i
	_, to := f.w.span(i)
	if n := before(f.own, to); f.referred&bit != 0 && n > 0 && to-f.own[n-1].at < f.lapse {
		s[cReferrers]++
	}
	if f.offered&bit != 0 {
		s[cOffered]++
	}
	if f.taken&bit != 0 {
		s[cOfferTaken]++
	}
}

// won counts a lead in the cohort of the window that it came in, and whether it
// became a customer in time. Who bought before was no lead.
func (f *traffic) won() {
	if !f.led || len(f.own) > 0 && f.own[0].at < f.lead {
		return
	}
	a, b := f.w.place(f.lead)
	if a < 0 {
		return
	}
	d := stats.Duration{Length: min(f.w.end-f.lead, f.until)}
	f.t.add(a, b, cLeads, 1)
	switch {
	case len(f.own) > 0 && f.own[0].at < f.lead+f.until:
		d = stats.Duration{Length: f.own[0].at - f.lead, Ended: true}
		f.t.add(a, b, cLeadsWon, 1)
	case f.lead+f.until > f.w.end:
		f.t.add(a, b, cLeadsPending, 1)
	}
	f.t.spells[a] = append(f.t.spells[a], d)
	if b >= 0 {
		f.t.spells[b] = append(f.t.spells[b], d)
	}
}
