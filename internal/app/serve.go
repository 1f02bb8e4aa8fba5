package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/edge/webui"
)

// Version is the program's version, from the build.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Server is an App that serves: listener open, workers running.
type Server struct {
	*App
	Addr    net.Addr
	API     *httpapi.API
	http    *http.Server
	collect *collect.Handler
	stop    context.CancelFunc
	workers sync.WaitGroup
	ready   readiness
	serving chan error
}

type readiness struct {
	mu  sync.Mutex
	why string // "" = ready
}

func (r *readiness) set(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.why = why
}

func (r *readiness) get() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

func (a *App) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, p := range a.Config.Proxies {
		pre, err := netip.ParsePrefix(p)
		if err != nil {
			ip, ierr := netip.ParseAddr(p)
			if ierr != nil {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a network", p)
			}
			pre = netip.PrefixFrom(ip, ip.BitLen())
		}
		out = append(out, pre)
	}
	return out, nil
}

// Serve opens the listener and starts the workers.
func (a *App) Serve(ctx context.Context) (*Server, error) {
	proxies, err := a.proxies()
	if err != nil {
		return nil, err
	}
	s := &Server{App: a, serving: make(chan error, 1)}
	s.collect = collect.New(collect.Deps{Inbox: a.Inbox, Clock: a.Clock, Log: a.Log, TrustedProxies: proxies})
	s.API = httpapi.New(httpapi.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Access: a.Access, Inbox: a.Inbox, Customers: a.Customers,
		Lifecycle: a.Lifecycle, Segments: a.Segments, Hooks: a.Hooks, Insight: a.Insight, Timeline: a.Timeline, Pipeline: a.Pipeline, Imports: a.Imports, Mail: a.mail, Version: Version(), Running: a.running, Loaded: a.LoadWorkspace, TrustedProxies: proxies, Secure: strings.HasPrefix(a.Config.PublicURL, "https://")})
	ln, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", a.Config.Listen, err)
	}
	s.Addr = ln.Addr()
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: collect.MaxHeaderBytes}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.start(ctx)
	go func() {
		err := s.http.Serve(ln)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.serving <- err
	}()
	return s, nil
}

// start runs the workers. They stop, in Stop, in this order: the door first, so
// that nothing new comes in; then the pipeline, which ends its batch; then
// upkeep.
func (s *Server) start(ctx context.Context) {
	run := func(name string, fn func(context.Context) error) {
		s.workers.Add(1)
		go func() {
			defer s.workers.Done()
			if err := fn(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("worker stopped", "worker", name, "error", err)
				s.ready.set(name + " stopped")
			}
		}()
	}
	run("pipeline", s.Pipeline.Run)
	run("timeline", s.Timeline.Maintain)
	run("inbox", s.Inbox.Maintain)
	run("database", func(ctx context.Context) error { return s.DB.Tend(ctx, s.Clock) })
	run("imports", s.Imports.Resume)
	run("jobs", s.Jobs.Run)
	run("erasures", s.Erasures)
	run("alerts", s.Insight.WatchAlerts)
	run("lifecycle", func(ctx context.Context) error {
		spaces, err := s.Access.Workspaces(ctx)
		if err != nil {
			return err
		}
		for _, w := range spaces {
			if err := s.Lifecycle.Resume(ctx, w.ID); err != nil {
				return err
			}
			if err := s.Segments.Resume(ctx, w.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *App) running(ws core.WorkspaceID) []httpapi.Work {
	var out []httpapi.Work
	for _, w := range a.work.Running(ws) {
		o := httpapi.Work{ID: w.ID, Kind: w.Kind, Label: w.Label, Done: w.Done, Total: w.Total}
		if took := a.Clock.Now().Sub(w.Started).Seconds(); took > 0.5 && w.Done > 0 {
			o.Rate = float64(w.Done) / took
			o.ETASeconds = float64(max(0, w.Total-w.Done)) / o.Rate
		}
		out = append(out, o)
	}
	return out
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics())
	mux.Handle("/api/", s.API)
	mux.Handle("/", webui.Handler())
	return s.collect.Beside(mux)
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	why := s.ready.get()
	if why == "" {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if _, err := s.Inbox.Pending(ctx); err != nil {
			why = "database does not answer"
		}
	}
	if why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// URL is the address to open in a browser.
func (s *Server) URL() string {
	if s.Config.PublicURL != "" {
		return s.Config.PublicURL
	}
	return "http://" + s.Addr.String()
}

// Wait blocks until serving ends.
func (s *Server) Wait() error { return <-s.serving }

// Stop ends serving: clients are told to come back, requests under way end,
// workers finish what they began.
func (s *Server) Stop(ctx context.Context) error {
	s.ready.set("shutting down")
	s.collect.Stop()
	err := s.http.Shutdown(ctx)
	s.Imports.Stop()
	s.stop()
	s.Lifecycle.Wait()
	s.Segments.Wait()
	s.workers.Wait()
	return err
}
