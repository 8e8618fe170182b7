//go:build unix

package crash

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// cluster is a Postgres of our own, which may be stopped.
type cluster struct {
	t         *testing.T
	bin, data string
	port      int
	as        *syscall.SysProcAttr // Postgres refuses to be run by root
}

// newCluster makes a database and starts it; the test is skipped where Postgres is not installed.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		t.Skip("no initdb in /usr/lib/postgresql/*/bin")
	}
	dir, err := os.MkdirTemp("", "adsyncbot-postgres-") //nolint:usetesting // the parents of t.TempDir are closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &cluster{t: t, bin: found[len(found)-1], data: filepath.Join(dir, "data")}
	if os.Getuid() == 0 {
		c.as = as(t, "postgres")
		if err := os.Chown(dir, int(c.as.Credential.Uid), int(c.as.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	c.run("initdb", "-D", c.data, "-A", "trust", "-U", "postgres")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.run("pg_ctl", "-D", c.data, "-m", "immediate", "-w", "stop") })
	c.start()
	return c
}

func as(t *testing.T, name string) *syscall.SysProcAttr {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Skip(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func (c *cluster) run(program string, args ...string) {
	c.t.Helper()
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir = filepath.Dir(c.data)
	cmd.SysProcAttr = c.as
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Errorf("%s: %v\n%s", program, err, out)
	}
}

func (c *cluster) start() {
	c.t.Helper()
	c.run("pg_ctl", "-D", c.data, "-w", "-l", filepath.Join(filepath.Dir(c.data), "log"),
		"-o", fmt.Sprintf("-c listen_addresses=127.0.0.1 -p %d -k '' -c fsync=off", c.port), "start")
}

func (c *cluster) stop(how string) {
	c.t.Helper()
	c.run("pg_ctl", "-D", c.data, "-m", how, "-w", "stop")
}

func (c *cluster) url() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

// A database that goes away in the middle of a cycle and comes back is waited for: by its replicas and by those who ask.
func TestARestartedPostgresIsSurvived(t *testing.T) {
	t.Parallel()
	long(t)
	for _, how := range []string{"fast", "immediate"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			s := open(t, c.url(), "")
			s.start()
			s.start()
			s.ask()
			s.ask()
			if err := s.Servers[server].WaitRunning(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.stop(how)
			s.ask() // and is told that nothing was started
			c.start()
			s.store.Pool().Reset() // the harness's own connections are gone, too
			s.settled()
			for i, p := range s.processes {
				if p.Err != nil {
					t.Errorf("replica %d ended: %v", i, p.Err)
				}
			}
		})
	}
}
