package task

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/host"
)

func me() ownfile.Owners { return ownfile.Owners{uint32(max(os.Geteuid(), 0))} }

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPM2(t *testing.T) {
	home := t.TempDir()
	put(t, filepath.Join(home, "pm2.pid"), "50")
	put(t, filepath.Join(home, "pids", "web-0.pid"), "90\n")
	put(t, filepath.Join(home, "pids", "my-app-1.pid"), "91")
	put(t, filepath.Join(home, "pids", "my-app-2.pid"), "92")
	put(t, filepath.Join(home, "pids", "7-3.pid"), "93")
	put(t, filepath.Join(home, "pids", "odd.pid"), "94")
	put(t, filepath.Join(home, "pids", "junk-4.pid"), "rm -rf")
	want := manage.Tasks{
		90: {Supervisor: 50, Name: "web", Config: home},
		91: {Supervisor: 50, Name: "my-app", ID: "1", Config: home},
		92: {Supervisor: 50, Name: "my-app", ID: "2", Config: home},
		93: {Supervisor: 50, Name: "7", ID: "3", Config: home},
	}
	if got := PM2(home, 50, me()); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := PM2(home, 51, me()); len(got) != 0 {
		t.Errorf("of another daemon: %+v", got)
	}
	// With one name the daemon itself serves under it, in cluster mode.
	for _, file := range []string{"my-app-1.pid", "my-app-2.pid", "7-3.pid"} {
		if err := os.Remove(filepath.Join(home, "pids", file)); err != nil {
			t.Fatal(err)
		}
	}
	if got := PM2(home, 50, me())[50]; got.Name != "web" {
		t.Errorf("the daemon's task is %+v", got)
	}
}

const conf = `; a comment
[unix_http_server]
file=%(here)s/s.sock   ; the path
[include]
files = conf.d/*.ini
[program:web]
command=node
autorestart=TRUE
[program:quiet]
[program:once]
autorestart = false
`

func TestParseSupervisorConf(t *testing.T) {
	got := parseSupervisorConf([]byte(conf), "/etc/s")
	want := supervisorConf{
		socket: "/etc/s/s.sock", include: []string{"conf.d/*.ini"},
		restarts: map[string]string{"web": "true", "quiet": "unexpected", "once": "false"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := parseSupervisorConf([]byte("[unix_http_server]\nfile=/x\nusername=u\n"), "/"); !got.locked {
		t.Error("a password is overlooked")
	}
}

const info = `<?xml version='1.0'?><methodResponse><params><param><value><array><data>
<value><struct><member><name>name</name><value><string>web</string></value></member>
<member><name>group</name><value><string>g</string></value></member>
<member><name>pid</name><value><int>90</int></value></member></struct></value>
</data></array></value></param></params></methodResponse>`

// answering is a supervisord whose socket does what it is told.
func answering(t *testing.T, serve func(net.Conn)) *host.Process {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no supervisord there")
	}
	dir, err := os.MkdirTemp("", "pw") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	put(t, filepath.Join(dir, "s.conf"), conf)
	put(t, filepath.Join(dir, "conf.d", "more.ini"), "[program:g]\nautorestart=unexpected\n")
	l, err := net.Listen("unix", filepath.Join(dir, "s.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	uid := me()[0]
	return &host.Process{PID: 50, UID: &uid, Command: []string{"python3", "supervisord", "-c", filepath.Join(dir, "s.conf")}}
}

func reply(text string) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		request := make([]byte, 4096)
		_, _ = c.Read(request)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	}
}

func TestSupervisord(t *testing.T) {
	p := answering(t, reply(info))
	got, err := Supervisord(t.Context(), p, me())
	if err != nil {
		t.Fatal(err)
	}
	want := manage.Task{Supervisor: 50, Name: "g:web", Config: p.Command[3], Restarts: new(true), Policy: "autorestart=true"}
	if !reflect.DeepEqual(got, manage.Tasks{90: want}) {
		t.Errorf("got  %+v\nwant %+v", got[90], want)
	}
	*p.UID++
	if _, err := Supervisord(t.Context(), p, me()); runtime.GOOS == "linux" && !errors.Is(err, ErrStranger) {
		t.Errorf("a socket of another user: %v", err)
	}
}

// A socket that hangs, lies or talks without end costs little and no more.
func TestHostileSupervisord(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"hangs":   func(net.Conn) {},
		"garbage": func(c net.Conn) { fmt.Fprint(c, "\x00\x1b[2J"); c.Close() },
		"empty":   reply(""),
		"fault":   reply("<methodResponse><fault><value/></fault></methodResponse>"),
		"endless": func(c net.Conn) {
			defer c.Close()
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
			for _, err := c.Write(bytes.Repeat([]byte("<a>"), 1<<14)); err == nil; {
				_, err = c.Write(bytes.Repeat([]byte("<a>"), 1<<14))
			}
		},
		"redirect": func(c net.Conn) {
			defer c.Close()
			fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			got, err := Supervisord(ctx, answering(t, serve), me())
			if err == nil || len(got) > 0 {
				t.Errorf("got %+v, %v", got, err)
			}
			if ctx.Err() != nil {
				t.Error("it was waited for")
			}
		})
	}
}

func FuzzParseProcessInfo(f *testing.F) {
	f.Add([]byte(info))
	f.Add([]byte(strings.ReplaceAll(info, "<int>90</int>", "<i4>-1</i4>")))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ParseProcessInfo(text)
		if err != nil && len(list) > 0 {
			t.Errorf("an error, and %+v", list)
		}
	})
}

func FuzzParseSupervisorConf(f *testing.F) {
	f.Add([]byte(conf))
	f.Add([]byte("[]\n=\n[include]\nfiles="))
	f.Fuzz(func(t *testing.T, text []byte) { parseSupervisorConf(text, "/etc") })
}
