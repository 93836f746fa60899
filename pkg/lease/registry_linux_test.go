package lease

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTakeAndRelease(t *testing.T) {
	folder := privateFolder(t)
	r := open(t, Config{RuntimeDir: folder})
	if r.Folder() != filepath.Join(folder, "portwho") {
		t.Errorf("folder %s", r.Folder())
	}
	taken := take(t, r, mine(), Request{Name: "WEB", Project: "/src"}, Request{Name: "API", Project: "/src"}, Request{}, Request{})
	var leases []Lease
	for _, one := range taken {
		if !DefaultRange().Contains(one.Port) || one.Ephemeral || len(one.Sockets) > 0 {
			t.Errorf("taken: %+v", one)
		}
		leases = append(leases, one.Lease)
	}
	want := slices.Sorted(slices.Values(ports(leases)))
	if len(slices.Compact(slices.Clone(want))) != 4 {
		t.Errorf("ports: %v", want)
	}
	listed, err := open(t, Config{RuntimeDir: folder}).List(t.Context())
	if err != nil || !slices.Equal(ports(listed), want) || listed[0].StartTicks == 0 {
		t.Errorf("listed %+v, %v; want %v", listed, err, want)
	}
	// Another user of the registry gets others, and the same process the same
	// port for the same name.
	other := startTaker(t, folder)
	if number, err := other.port(); err != nil || slices.Contains(want, number) {
		t.Errorf("another process got %d of %v, %v", number, want, err)
	}
	if again := take(t, r, mine(), Request{Name: "WEB", Project: "/src"}); again[0].Port != taken[0].Port {
		t.Errorf("WEB is %d, and was %d", again[0].Port, taken[0].Port)
	} else {
		leases[0] = again[0].Lease
	}
	if err := r.Release(t.Context(), leases); err != nil {
		t.Fatal(err)
	}
	other.kill()
	if left, err := r.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
	if again := take(t, r, mine(), Request{Name: "API", Project: "/src"}); again[0].Port != taken[1].Port {
		t.Errorf("API is %d, and was %d", again[0].Port, taken[1].Port)
	}
}

// TestReleaseLeavesOthersAlone: a lease that was cleared away and is somebody
// else's now stays.
func TestReleaseLeavesOthersAlone(t *testing.T) {
	folder := privateFolder(t)
	r := open(t, Config{RuntimeDir: folder})
	mineNow := take(t, r, mine(), Request{Name: "WEB"})[0].Lease
	before := mineNow
	before.StartTicks++
	if err := r.Release(t.Context(), []Lease{before}); err != nil {
		t.Fatal(err)
	}
	if left, err := r.List(t.Context()); err != nil || !slices.Equal(ports(left), []uint16{mineNow.Port}) {
		t.Errorf("left: %+v, %v", left, err)
	}
}

// TestReaped: a lease ends with its process, by a pid that is given again too,
// and with its time.
func TestReaped(t *testing.T) {
	folder := privateFolder(t)
	at := &clock{time.Now()}
	r := open(t, Config{RuntimeDir: folder, Now: at.now})
	p := startTaker(t, folder)
	number, err := p.port()
	if err != nil {
		t.Fatal(err)
	}
	p.kill()
	if left, err := r.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("after %d was killed: %+v, %v", number, left, err)
	}

	reused := take(t, r, mine(), Request{Name: "OLD"})[0].Lease
	reused.StartTicks-- // an earlier process with this pid
	write(t, r, reused)
	if left, err := r.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("of an earlier process: %+v, %v", left, err)
	}

	asker := startTaker(t, folder)
	if _, err := asker.port(); err != nil {
		t.Fatal(err)
	}
	o := Owner{PID: int32(asker.cmd.Process.Pid), AtLeast: at.at.Add(time.Minute), AtMost: at.at.Add(time.Hour)}
	timed := take(t, r, o, Request{Name: "TIMED"})[0].Port
	has := func() bool {
		left, err := r.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(ports(left), timed)
	}
	at.at = at.at.Add(59 * time.Minute)
	if !has() {
		t.Error("the lease ended before its process")
	}
	at.at = at.at.Add(2 * time.Minute)
	if has() {
		t.Error("the lease did not end with its time")
	}
	o.AtLeast, o.AtMost = at.at.Add(time.Minute), at.at.Add(time.Hour)
	timed = take(t, r, o, Request{Name: "TIMED"})[0].Port
	asker.kill()
	if !has() {
		t.Error("the lease ended before its least time")
	}
	// Whoever asks for the name now may be somebody beside that process.
	if again := take(t, r, mine(), Request{Name: "TIMED"})[0].Port; again == timed {
		t.Errorf("%d was handed out again", timed)
	}
	timed = take(t, r, Owner{AtLeast: at.at.Add(time.Minute), AtMost: at.at.Add(time.Hour)}, Request{})[0].Port
	at.at = at.at.Add(2 * time.Minute)
	if has() {
		t.Error("the lease of nobody did not end")
	}
}

// TestWithoutProcesses: where no process can be looked at, a lease holds until
// it is given back, a day at most.
func TestWithoutProcesses(t *testing.T) {
	at := &clock{time.Now()}
	r := open(t, Config{RuntimeDir: privateFolder(t), ProcRoot: t.TempDir(), Now: at.now})
	first := take(t, r, mine(), Request{Name: "WEB"})[0]
	if second := take(t, r, Owner{PID: 1}, Request{Name: "WEB"})[0]; second.Port == first.Port {
		t.Errorf("%d was handed out twice", first.Port)
	}
	at.at = at.at.Add(25 * time.Hour)
	if left, err := r.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("a day later: %+v, %v", left, err)
	}
}

// TestHandedOn: who was started by the owner may have the port by its number,
// and nobody else.
func TestHandedOn(t *testing.T) {
	folder := privateFolder(t)
	r := open(t, Config{RuntimeDir: folder})
	p := startTaker(t, folder)
	number, err := p.port()
	if err != nil {
		t.Fatal(err)
	}
	var unavailable *UnavailableError
	for _, parent := range []int32{0, int32(os.Getppid())} {
		o := mine()
		o.Parent = parent
		if _, err := r.Take(t.Context(), o, []Request{{Port: number}}); !errors.As(err, &unavailable) {
			t.Errorf("to a child of %d: %v", parent, err)
		}
	}
	o := mine()
	o.Parent = int32(p.cmd.Process.Pid)
	if got := take(t, r, o, Request{Port: number}); got[0].PID != o.PID {
		t.Errorf("handed on: %+v", got[0])
	}
}

func write(t *testing.T, r *Registry, l Lease) {
	t.Helper()
	if err := r.write(l); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedFiles: a file that says nothing keeps its port away for an hour,
// and nothing else.
func TestDamagedFiles(t *testing.T) {
	folder := privateFolder(t)
	at := &clock{time.Now()}
	r := open(t, Config{RuntimeDir: folder, Now: at.now})
	number := take(t, r, mine(), Request{Name: "WEB"})[0].Port
	path := filepath.Join(r.Folder(), strconv.Itoa(int(number)))
	for _, text := range []string{"", "{", `{"port":1,"pid":1}`, "\x00\xff garbage", strings.Repeat("9", 1<<16)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		other := take(t, r, mine(), Request{Name: "WEB"})[0]
		if other.Port == number {
			t.Errorf("%.20q: port %d was handed out again", text, number)
		}
		if err := r.Release(t.Context(), []Lease{other.Lease}); err != nil {
			t.Fatal(err)
		}
	}
	var unavailable *UnavailableError
	if _, err := r.Take(t.Context(), mine(), []Request{{Port: number}}); !errors.As(err, &unavailable) || unavailable.Lease == nil {
		t.Errorf("a damaged lease, asked for by number: %v", err)
	}
	// What is no lease is left alone.
	for _, name := range []string{"README", "020000", "70000", "new"} {
		if err := os.WriteFile(filepath.Join(r.Folder(), name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at.at = at.at.Add(2 * time.Hour)
	if again := take(t, r, mine(), Request{Name: "WEB"})[0].Port; again != number {
		t.Errorf("an hour later WEB is %d, want %d", again, number)
	}
}

// TestNoFile: what is no file under the name of a port costs that port alone, and
// nobody waits for it.
func TestNoFile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink("/etc/passwd", path) },
		"pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
	} {
		at := &clock{time.Now()}
		r := open(t, Config{RuntimeDir: privateFolder(t), Now: at.now})
		number := take(t, r, mine(), Request{Name: name})[0].Port
		path := filepath.Join(r.Folder(), strconv.Itoa(int(number)))
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		if other := take(t, r, mine(), Request{Name: name})[0].Port; other == number {
			t.Errorf("a %s is no lease, and %d was handed out beside it", name, number)
		}
		at.at = at.at.Add(2 * time.Hour)
		if again := take(t, r, Owner{AtLeast: at.at.Add(time.Minute)}, Request{Name: name})[0].Port; again != number {
			t.Errorf("%s: an hour later it is %d, want %d", name, again, number)
		}
	}
}

// TestTaken: ports that are bound or leased are not handed out,
// and say why when they are asked for.
func TestTaken(t *testing.T) {
	r := open(t, Config{RuntimeDir: privateFolder(t)})
	number := take(t, r, mine(), Request{Name: "WEB"})[0].Port
	if err := os.Remove(filepath.Join(r.Folder(), strconv.Itoa(int(number)))); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::"} {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(number))))
		if err != nil {
			t.Fatal(err)
		}
		if other := take(t, r, mine(), Request{Name: "WEB"})[0]; other.Port == number {
			t.Errorf("%s is bound, and %d was handed out", address, number)
		}
		var unavailable *UnavailableError
		if _, err := r.Take(t.Context(), mine(), []Request{{Port: number}}); !errors.As(err, &unavailable) || unavailable.Probe.Errno != "EADDRINUSE" {
			t.Errorf("%s: %v", address, err)
		}
		// The error of one takes back what the batch has: all or nothing.
		before, _ := r.List(t.Context())
		if _, err := r.Take(t.Context(), mine(), []Request{{Name: "X"}, {Name: "Y"}, {Port: number}}); err == nil {
			t.Error("no error")
		}
		if after, _ := r.List(t.Context()); !slices.Equal(ports(before), ports(after)) {
			t.Errorf("leases before %v and after %v", ports(before), ports(after))
		}
		_ = l.Close()
	}
	// The same process may ask for its own port by number and name only.
	fixed := take(t, r, mine(), Request{Port: number, Name: "WEB"})[0]
	if fixed.Port != number {
		t.Fatalf("fixed: %+v", fixed)
	}
	if _, err := r.Take(t.Context(), mine(), []Request{{Port: number, Name: "API"}}); err == nil || !strings.Contains(err.Error(), "leased") {
		t.Errorf("leased: %v", err)
	}
	one := Request{Range: DefaultRange()}
	one.Range.First, one.Range.Last = number, number
	var exhausted *ExhaustedError
	if _, err := r.Take(t.Context(), mine(), []Request{one}); !errors.As(err, &exhausted) || exhausted.Found != 0 || exhausted.Wanted != 1 {
		t.Errorf("a range without a free port: %v", err)
	}
}

// TestHold: a held port is refused to everybody until it is closed, and a
// socket to listen on accepts.
func TestHold(t *testing.T) {
	r := open(t, Config{RuntimeDir: privateFolder(t)})
	taken := take(t, r, mine(), Request{Hold: true})[0]
	for _, address := range []string{"127.0.0.1", "0.0.0.0", "::1", "::"} {
		if l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(taken.Port)))); err == nil {
			_ = l.Close()
			t.Errorf("%s could be bound", address)
		}
	}
	for _, f := range taken.Sockets {
		if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s is not closed on exec: %v", f.Name(), err)
		}
	}
	taken.Close()
	l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(int(taken.Port))))
	if err != nil {
		t.Errorf("after it was closed: %v", err)
	} else {
		_ = l.Close()
	}
	passed := take(t, r, mine(), Request{Listen: usual()[0]})[0]
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(passed.Port))))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// TestLockPatience: whoever holds the lock for ever stops nobody for ever.
func TestLockPatience(t *testing.T) {
	folder := privateFolder(t)
	r := open(t, Config{RuntimeDir: folder, Patience: 50 * time.Millisecond})
	if _, err := r.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(r.Folder(), lockName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Take(t.Context(), mine(), []Request{{}}); err == nil || !strings.Contains(err.Error(), "another portwho has held") {
		t.Errorf("locked: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Take(ctx, mine(), []Request{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_ = f.Close()
	patient := open(t, Config{RuntimeDir: folder})
	take(t, patient, mine(), Request{}) // those that waited have given the lock up
}

// TestFolders: nothing is read from or written to a folder that others have a
// part in.
func TestFolders(t *testing.T) {
	temp := t.TempDir()
	name := filepath.Join(temp, "portwho-"+strconv.Itoa(os.Geteuid()))
	refused := func(what, reason string) {
		t.Helper()
		r, err := Open(Config{TempDir: temp})
		if err == nil {
			_ = r.Close()
		}
		if !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", what, err)
		}
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(name, 0o700))
	must(os.Chmod(name, 0o750))
	refused("open to a group", "open to others")
	must(os.WriteFile(name, nil, 0o600))
	refused("a file", "not a folder")
	elsewhere := privateFolder(t)
	must(os.Symlink(elsewhere, name))
	refused("a link", "symbolic link")
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("behind the link: %v, %v", entries, err)
	}
	must(os.Symlink(filepath.Join(temp, "nowhere"), name))
	refused("a link to nowhere", "symbolic link")

	r := open(t, Config{TempDir: temp})
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o700 || r.Folder() != name {
		t.Errorf("%s: %v, %v", r.Folder(), info, err)
	}
	// A runtime folder that is not this user's alone is not used.
	shared := t.TempDir()
	must(os.Chmod(shared, 0o755))
	for _, runtimeDir := range []string{"", "relative", filepath.Join(temp, "nowhere"), shared} {
		if r := open(t, Config{RuntimeDir: runtimeDir, TempDir: temp}); r.Folder() != name {
			t.Errorf("with runtime folder %q the leases are in %s", runtimeDir, r.Folder())
		}
	}
	if _, err := Open(Config{TempDir: filepath.Join(temp, "nowhere")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without any folder: %v", err)
	}
}

func TestFoldersOfSomebodyElse(t *testing.T) {
	require(t, os.Geteuid() == 0, "root, to make a folder of another user")
	temp := t.TempDir()
	name := filepath.Join(temp, "portwho-0")
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(name, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{TempDir: temp}); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "belongs to uid 65534") {
		t.Errorf("somebody else's folder: %v", err)
	}
	runtimeDir := privateFolder(t)
	if err := os.Chown(runtimeDir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
	if r := open(t, Config{RuntimeDir: runtimeDir, TempDir: temp}); r.Folder() != name {
		t.Errorf("with somebody else's runtime folder the leases are in %s", r.Folder())
	}
}

// TestKilled: twenty processes take ports, each a few times, and are killed
// whenever. No two that live have the same one, and every lease of the dead
// is gone.
func TestKilled(t *testing.T) {
	folder := privateFolder(t)
	var mutex sync.Mutex
	owners := map[uint16]*process{}
	var takers sync.WaitGroup
	for range 20 {
		takers.Go(func() {
			for range 5 {
				p := startTaker(t, folder)
				var got []uint16
				for range 1 + rand.IntN(4) {
					number, err := p.port()
					if err != nil {
						t.Error(err)
						break
					}
					got = append(got, number)
					mutex.Lock()
					if other := owners[number]; other != nil && other != p {
						t.Errorf("port %d has two owners", number)
					}
					owners[number] = p
					mutex.Unlock()
					_, _ = p.in.Write([]byte("more\n"))
				}
				// It is taking the next one now. The ports are given up before it is
				// killed, so that the next owner cannot be faster than this map.
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
				mutex.Lock()
				for _, number := range got {
					delete(owners, number)
				}
				mutex.Unlock()
				p.kill()
			}
		})
	}
	takers.Wait()
	left, err := open(t, Config{RuntimeDir: folder}).List(t.Context())
	if err != nil || len(left) > 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
}
