package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/ciclo/ciclo/internal/kit/db"
)

// Server is a private PostgreSQL: own temporary folder, own socket, no TCP.
type Server struct {
	dir  string
	proc *exec.Cmd
	cred *syscall.Credential
}

// Start finds Debian's PostgreSQL binaries, makes a cluster in a temporary
// folder and starts it. As root it runs as the user "postgres", since the
// server refuses to run as root.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ciclo-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if os.Geteuid() == 0 {
		if err := s.asPostgres(); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := s.command(filepath.Join(bin, "initdb"), "-D", data, "-U", "ciclo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.proc = s.command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=300",
		"-c", "shared_buffers=128MB", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "log_min_messages=fatal")
	// The server must not outlive a test process that is killed.
	s.proc.SysProcAttr.Pdeathsig = syscall.SIGINT
	if err := s.proc.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return s, s.wait()
}

func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server found below /usr/lib/postgresql: install the Debian package postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

func (s *Server) asPostgres() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("look up user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	return c
}

func (s *Server) wait() error {
	var err error
	for range 200 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		var d *db.DB
		if d, err = db.OpenBare(ctx, s.DSN()); err == nil {
			cancel()
			return d.Close()
		}
		cancel()
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("postgres did not come up: %w", err)
}

// DSN is the address of the server's maintenance database.
func (s *Server) DSN() string {
	q := url.Values{"host": {s.dir}, "user": {"ciclo"}, "sslmode": {"disable"}}
	return "postgres:///postgres?" + q.Encode()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	if err := s.proc.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	_ = s.proc.Wait()
	return os.RemoveAll(s.dir)
}
