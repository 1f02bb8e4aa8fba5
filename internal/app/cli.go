package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/conf"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Where says which installation a command works on.
type Where struct {
	Data     string `help:"Data folder." default:"./ciclo-data" type:"path"`
	Database string `help:"PostgreSQL address (postgres://…). Default: SQLite in the data folder." placeholder:"URL"`
}

// Serving are the settings of a server.
type Serving struct {
	Listen         string   `help:"Address and port to listen on." default:"127.0.0.1:8600"`
	PublicURL      string   `help:"Address that browsers use, when it is another." placeholder:"URL"`
	TrustedProxies []string `help:"Addresses or networks of proxies that may tell the caller's address." placeholder:"CIDR"`
	SealEvents     int      `help:"Events not yet in files at which they are sealed." default:"200000"`
	AllowPrivate   bool     `help:"Let webhooks call addresses that are not public." name:"allow-private-targets"`
	SMTP           string   `help:"Mail server for letters: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. Better set as CICLO_SMTP, since it holds a password." name:"smtp" placeholder:"URL"`
	MailFrom       string   `help:"Whom letters come from: \"Name <address>\"." placeholder:"ADDRESS"`
	MaxPending     int64    `help:"Events that may wait in the inbox before clients are told to come back." default:"5000000"`
}

// CLI is the command line.
type CLI struct {
	Config    string     `help:"Configuration file (TOML); keys are flag names." type:"existingfile" placeholder:"FILE"`
	LogLevel  string     `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string     `help:"text or json." enum:"text,json" default:"text"`
	Serve     ServeCmd   `cmd:"" help:"Run the server."`
	Demo      DemoCmd    `cmd:"" help:"Make a seeded demo shop and serve it."`
	Import    ImportCmd  `cmd:"" help:"Import customers, events or orders from a CSV file."`
	Verify    VerifyCmd  `cmd:"" help:"Check a data folder; exit 0 only when clean."`
	Backup    BackupCmd  `cmd:"" help:"Write a backup, also while the server runs."`
	Restore   RestoreCmd `cmd:"" help:"Restore a backup into an empty folder."`
	User      UserCmd    `cmd:"" help:"Manage users."`
	Key       KeyCmd     `cmd:"" help:"Manage API keys."`
	Export    ExportCmd  `cmd:"" help:"Write customers or events as JSON lines."`
	OpenAPI   OpenAPICmd `cmd:"" name:"openapi" help:"Print the description of the API."`
	Bench     BenchCmds  `cmd:"" help:"Measure this machine and print a table."`
	Version   VersionCmd `cmd:"" help:"Print the version."`
}

// Env is what commands share.
type Env struct {
	Streams
	Ctx   context.Context
	Log   *slog.Logger
	Clock clock.Clock
}

// ServeCmd runs the server.
type ServeCmd struct {
	Where
	Serving
}

func (w *Where) config() Config { return Config{Data: w.Data, Database: w.Database} }

func (s *ServeCmd) config() Config {
	c := s.Where.config()
	c.AllowPrivate, c.SMTP, c.MailFrom = s.AllowPrivate, s.SMTP, s.MailFrom
	c.Listen, c.PublicURL, c.Proxies, c.MaxPending, c.SealEvents = s.Listen, s.PublicURL, s.TrustedProxies, s.MaxPending, s.SealEvents
	return c
}

// Run serves until a signal comes.
func (s *ServeCmd) Run(env *Env) error {
	return env.serve(s.config(), func(ctx context.Context, srv *Server) error {
		fmt.Fprintf(env.Out, "url: %s\n", srv.URL())
		return nil
	})
}

// serve opens and serves an installation until the context ends; started runs
// once the server answers.
func (e *Env) serve(cfg Config, started func(ctx context.Context, s *Server) error) error {
	a, err := Open(e.Ctx, cfg, e.Log, e.Clock)
	if err != nil {
		return err
	}
	srv, err := a.Serve(e.Ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if err := started(e.Ctx, srv); err != nil {
		return errors.Join(err, e.shut(srv), a.Close())
	}
	e.Log.Info("serving", "url", srv.URL(), "data", cfg.Data, "database", a.DB.Dialect().String())
	done := make(chan error, 1)
	go func() { done <- srv.Wait() }()
	select {
	case err = <-done:
	case <-e.Ctx.Done():
		e.Log.Info("stopping: requests under way end first")
	}
	return errors.Join(err, e.shut(srv), a.Close())
}

func (e *Env) shut(srv *Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.Ctx), 20*time.Second)
	defer cancel()
	return srv.Stop(ctx)
}

// VersionCmd prints the version.
type VersionCmd struct{}

// Run prints the version.
func (VersionCmd) Run(env *Env) error {
	_, err := fmt.Fprintln(env.Out, "ciclo", Version())
	return err
}

// Main runs the command line and gives the exit code.
func Main(args []string, st Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, args, st); err != nil {
		fmt.Fprintln(st.Err, "ciclo:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, st Streams) error {
	var cli CLI
	parser, err := kong.New(&cli, kong.Name("ciclo"), kong.Description("Customer lifecycle management."), kong.UsageOnError(),
		kong.DefaultEnvars(strings.TrimSuffix(conf.Prefix, "_")), kong.Writers(st.Out, st.Err))
	if err != nil {
		return err
	}
	known := flagNames(parser.Model.Node)
	if err := conf.CheckEnvironment(func(f string) bool { return known[f] }, "TEST_", "BENCH_", "CONFORMANCE"); err != nil {
		return err
	}
	if file := configFlag(args); file != "" {
		resolver, err := conf.File(file, func(f string) bool { return known[f] })
		if err != nil {
			return err
		}
		if err := kong.Resolvers(resolver).Apply(parser); err != nil {
			return err
		}
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		return err
	}
	env := &Env{Streams: st, Ctx: ctx, Log: logger(st.Err, cli.LogLevel, cli.LogFormat), Clock: clock.System{}}
	return kctx.Run(env)
}

// flagNames collects the flags of all commands.
func flagNames(n *kong.Node) map[string]bool {
	out := map[string]bool{}
	for _, f := range n.Flags {
		out[f.Name] = true
	}
	for _, c := range n.Children {
		for f := range flagNames(c) {
			out[f] = true
		}
	}
	return out
}

// configFlag finds the configuration file before the other flags are read,
// since it resolves them.
func configFlag(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv(conf.Prefix + "CONFIG")
}

func logger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the flag's enum holds only levels
	opts := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
