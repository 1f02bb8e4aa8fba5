package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/segment"
)

func (a *API) segmentMembers() {
	const tag = "segments"
	handle(a, route{method: "GET", path: "/segments/{id}/members", summary: "Members of a segment", perm: access.ReadCustomers, tag: tag}, a.listMembers)
	a.raw("GET /segments/{id}/members.csv", access.Export, a.exportMembers, file{summary: "Members of a segment as CSV", tag: tag, content: "text/csv"})
	handle(a, route{method: "POST", path: "/segments/{id}/members", summary: "Put customers on a static segment's list", perm: access.WriteCustomers, audit: "segment.add", tag: tag},
		func(ctx context.Context, p *access.Principal, in *changeMembers) (*Body[changedOut], error) {
			return a.changeMembers(ctx, p, in, true)
		})
	handle(a, route{method: "DELETE", path: "/segments/{id}/members", summary: "Take customers off a static segment's list", perm: access.WriteCustomers, audit: "segment.remove", tag: tag},
		func(ctx context.Context, p *access.Principal, in *changeMembers) (*Body[changedOut], error) {
			return a.changeMembers(ctx, p, in, false)
		})
	a.raw("POST /segments/{id}/import", access.WriteCustomers, a.importMembers, file{summary: "Put the customers of a CSV file on a static segment's list: one column named user_id, email, phone, anonymous_id or customer", tag: tag, upload: "file"})
}

// MembersIn chooses and orders members as in the list of customers.
type MembersIn struct {
	SegmentPath
	Q      string `query:"q" doc:"Name, e-mail, any identifier, or customer number" maxLength:"500"`
	Sort   string `query:"sort" default:"-last_seen" doc:"As in the list of customers"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"1000"`
	Cursor string `query:"cursor"`
}

func (a *API) listMembers(ctx context.Context, p *access.Principal, in *MembersIn) (*Body[listOut], error) {
	if _, err := a.Segments.Get(p.Workspace, in.ID); err != nil {
		return nil, err
	}
	return a.listCustomers(ctx, p, &listIn{Q: in.Q, Segment: in.ID, Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor})
}

func (a *API) exportMembers(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	id, err := pathNumber(r, "id")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if _, err := a.Segments.Get(p.Workspace, id); err != nil {
		a.fail(w, r, err)
		return
	}
	a.writeCustomers(w, r, p, &listIn{Segment: id, Sort: "id", Limit: 1000}, "segment.export", "segment-"+itoa(id)+".csv")
}

type changeMembers struct {
	SegmentPath
	Body struct {
		Customers []int64 `json:"customers" minItems:"1" maxItems:"10000"`
	}
}

type changedOut struct {
	Changed int64 `json:"changed" doc:"How many were not as wanted before"`
}

func (a *API) changeMembers(ctx context.Context, p *access.Principal, in *changeMembers, add bool) (*Body[changedOut], error) {
	ids := make([]core.CustomerID, len(in.Body.Customers))
	for i, id := range in.Body.Customers {
		ids[i] = customerID(id)
	}
	if _, err := a.Segments.Get(p.Workspace, in.ID); err != nil {
		return nil, err
	}
	list, err := a.Customers.Survivors(ctx, p.Workspace, ids)
	if err != nil {
		return nil, err
	}
	n, err := a.Segments.Change(ctx, p.Workspace, in.ID, list, add, p.Label())
	if err != nil {
		return nil, err
	}
	return body(changedOut{n})
}

// maxMemberBytes bounds a file of members.
const maxMemberBytes = 64 << 20

type importedOut struct {
	Rows    int64    `json:"rows"`
	Changed int64    `json:"changed"`
	Unknown int64    `json:"unknown"`
	Samples []string `json:"unknown_samples"`
}

// importMembers puts the customers that a file names on a list.
func (a *API) importMembers(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	id, err := pathNumber(r, "id")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	out, err := a.readMembers(w, r, p, id)
	if err == nil {
		err = a.audit(callOf(r.Context()), p, "segment.import")
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			err = errs.Wrap(err, errs.TooLarge, "too_large", "the file is larger than 64 MiB: split it")
		}
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // the client is gone when this fails
}

func (a *API) readMembers(w http.ResponseWriter, r *http.Request, p *access.Principal, id int64) (*importedOut, error) {
	if _, err := a.Segments.Get(p.Workspace, id); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxMemberBytes)
	part, err := formFile(r, formOnly())
	if err != nil {
		return nil, err
	}
	out := &importedOut{Samples: []string{}}
	out.Rows, err = segment.ReadFile(part, func(ids []core.Identifier) error { return a.addMembers(r.Context(), p, id, ids, out) })
	return out, formError(err)
}

func (a *API) addMembers(ctx context.Context, p *access.Principal, id int64, part []core.Identifier, out *importedOut) error {
	found, err := a.membersOf(ctx, p, part)
	if err != nil {
		return err
	}
	var list []core.CustomerID
	for i, c := range found {
		if c != 0 {
			list = append(list, c)
			continue
		}
		if out.Unknown++; len(out.Samples) < 20 {
			out.Samples = append(out.Samples, part[i].Value)
		}
	}
	n, err := a.Segments.Change(ctx, p.Workspace, id, list, true, p.Label())
	out.Changed += n
	return err
}

// membersOf finds customers by identifier or number; 0 where there is none.
func (a *API) membersOf(ctx context.Context, p *access.Principal, part []core.Identifier) ([]core.CustomerID, error) {
	if len(part) == 0 || part[0].Type != segment.ByNumber {
		return a.Customers.Find(ctx, p.Workspace, part)
	}
	out := make([]core.CustomerID, len(part))
	for i := range part {
		n, err := strconv.ParseInt(part[i].Value, 10, 64)
		if err != nil {
			continue
		}
		c, err := a.Customers.Get(ctx, p.Workspace, customerID(n))
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[i] = c.ID
	}
	return out, nil
}
