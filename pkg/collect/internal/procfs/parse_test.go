package procfs

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
)

// statText is a line of /proc/PID/stat with the name given.
func statText(name string) string {
	return "4242 (" + name + ") S 17 4240 99 34817 4240 4194304 1 2 3 4 5 6 7 8 20 0 12 0 987654 1000 100 18446744073709551615 1\n"
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nginx", "", "a b", "(", ")", ") S 1 2 3", "tmux: server", "new\nline", "\xff\xfe", "((x)))"} {
		s, err := ParseStat([]byte(statText(name)))
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		want := Stat{PID: 4242, Name: name, State: 'S', PPID: 17, ProcessGroup: 4240, Session: 99, TTY: 34817, Flags: 4194304, Threads: 12, StartTicks: 987654}
		if s != want {
			t.Errorf("%q: got %+v", name, s)
		}
	}
	for _, text := range []string{"", "1", "1 (x", "1 x) S 1", "x (y) S 1 1 1", "1 (x) SS 1 1 1", "1 (x) S 1 1 1 0 0 0", ")("} {
		if _, err := ParseStat([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v, want ErrFormat", text, err)
		}
	}
}

func TestStatMeanings(t *testing.T) {
	t.Parallel()
	for letter, want := range map[byte]host.ProcessState{
		'R': host.ProcessRunning, 'S': host.ProcessRunning, 'I': host.ProcessRunning, 'D': host.ProcessBlocked,
		'T': host.ProcessStopped, 't': host.ProcessTraced, 'Z': host.ProcessZombie, 'X': host.ProcessZombie, '?': "",
	} {
		if got := (&Stat{State: letter}).ProcessState(); got != want {
			t.Errorf("%c: %q", letter, got)
		}
	}
	if s := (&Stat{State: 'Z', Threads: 2}); s.Dead() {
		t.Error("a zombie leader with a live thread counts as dead")
	}
	if s := (&Stat{State: 'Z', Threads: 1}); !s.Dead() {
		t.Error("a zombie does not count as dead")
	}
	if s := (&Stat{Flags: 0x00200040}); !s.KernelThread() {
		t.Error("a thread of the kernel is not told")
	}
}

func TestCgroupPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"0::/system.slice/nginx.service\n", "/system.slice/nginx.service"},
		{"0::/\n", "/"},
		{"", ""},
		{"nonsense\n", ""},
		{"0::/../../user.slice\n", "/../../user.slice"},
		{"0::/a:b/c\n", "/a:b/c"},
		{"12:pids:/docker/ab\n1:name=systemd:/docker/cd\n0::/\n", "/docker/cd"},
		{"12:pids:/docker/ab\n1:name=systemd:/\n0::/\n", "/docker/ab"},
		{"12:pids:/\n4:memory:/docker/ef\n", "/docker/ef"},
		{"2:cpu,cpuacct:/\n", "/"},
	} {
		if got := CgroupPath([]byte(c.text)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTTYName(t *testing.T) {
	t.Parallel()
	for device, want := range map[uint32]string{
		0:                          "",
		34816:                      "pts/0",   // 136:0
		34819:                      "pts/3",   // 136:3
		34816 | 1<<20:              "pts/256", // 136:256, the high bits of the minor
		137<<8 | 1:                 "pts/257",
		4<<8 | 1:                   "tty1",
		4<<8 | 64:                  "ttyS0",
		5<<8 | 1:                   "console",
		204<<8 | 64:                "ttyAMA0",
		188<<8 | 2:                 "ttyUSB2",
		229 << 8:                   "hvc0",
		250<<8 | 7:                 "250:7",
		0xfff00 | 0xff | 0xfff<<20: "4095:1048575",
	} {
		if got := TTYName(device); got != want {
			t.Errorf("%d: got %q, want %q", device, got, want)
		}
	}
}

func TestParseCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                      {},
		"node\x00server.js\x00": {"node", "server.js"},
		"prog\x00\x00":          {"prog", ""},
		"nginx: master process": {"nginx: master process"},
		"a\x00\xff\x1b[31m\x00": {"a", "\xff\x1b[31m"},
	} {
		if got := ParseCommand([]byte(text)); !slices.Equal(got, want) || got == nil {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestParseMounts(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=invisible,gid=5",
		"30 22 0:26 / /sys/fs/cgroup\\040two rw - cgroup2 cgroup2 rw,nsdelegate",
		"31 22 0:27 /sub /mnt rw master:1 propagate_from:2 - cgroup2 none rw",
		"short line",
		"32 22 0:28 / /x rw - proc",
		"",
	}, "\n")
	got := ParseMounts([]byte(text), "proc", "cgroup2")
	if len(got) != 3 || got[0].Point != "/proc" || got[1].Point != "/sys/fs/cgroup two" || got[2].Root != "/sub" || got[2].Type != "cgroup2" {
		t.Fatalf("got %+v", got)
	}
	if value, ok := got[0].Option("hidepid"); !ok || value != "invisible" {
		t.Errorf("hidepid %q %v", value, ok)
	}
	if _, ok := got[1].Option("hidepid"); ok {
		t.Error("an option that is not there")
	}
}

func TestSocketInode(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]uint64{
		"socket:[1]": 1, "socket:[4294967295]": 4294967295,
	} {
		if got, ok := SocketInode([]byte(target)); !ok || got != want {
			t.Errorf("%s: got %d %v", target, got, ok)
		}
	}
	for _, target := range []string{"", "socket:[]", "socket:[1", "socket:[x]", "pipe:[1]", "/tmp/socket:[1]", "socket:[99999999999999999999]"} {
		if got, ok := SocketInode([]byte(target)); ok {
			t.Errorf("%q: got %d", target, got)
		}
	}
}

func TestRegisteredSockets(t *testing.T) {
	t.Parallel()
	text := "pos:\t0\nflags:\t02000002\nSqMask:\t0x3\nUserFiles:\t3\n    0: socket:[4711]\n    1: /tmp/socket:[5]\n    2: <none>\n    3: socket:[4712]\nUserBufs:\t0\n    0: 0x5/6\nPollList:\n"
	if got := RegisteredSockets([]byte(text)); !slices.Equal(got, []uint64{4711, 4712}) {
		t.Errorf("got %v", got)
	}
	if got := RegisteredSockets([]byte("pos: 0\n 1: socket:[5]\n")); got != nil {
		t.Errorf("not an io_uring: got %v", got)
	}
}

func TestInodeSet(t *testing.T) {
	t.Parallel()
	var inodes []uint64
	for i := range uint64(1000) {
		inodes = append(inodes, 1+i*i*7919)
	}
	s := newInodeSet(inodes)
	for _, inode := range inodes {
		if !s.has(inode) || s.has(inode+3) && !slices.Contains(inodes, inode+3) {
			t.Fatalf("inode %d", inode)
		}
	}
	if s.has(0) || newInodeSet(nil).has(5) {
		t.Error("an inode that is not there")
	}
}

func FuzzStat(f *testing.F) {
	if text, err := os.ReadFile("/proc/self/stat"); err == nil {
		f.Add(text)
	}
	f.Add([]byte(statText(") S 1 (")))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseStat(text)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error %v does not wrap ErrFormat", err)
			}
			return
		}
		if !strings.Contains(string(text), "("+s.Name+")") {
			t.Errorf("name %q is not in %q", s.Name, text)
		}
		_, _ = s.ProcessState(), TTYName(s.TTY)
	})
}

func FuzzCgroupPath(f *testing.F) {
	f.Add([]byte("1:name=systemd:/a\n0::/b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if path := CgroupPath(text); path != "" && (path[0] != '/' || !strings.Contains(string(text), path)) {
			t.Errorf("got %q", path)
		}
	})
}

func FuzzMounts(f *testing.F) {
	f.Add([]byte("22 1 0:21 / /proc\\040x rw shared:5 - proc proc rw,hidepid=2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range ParseMounts(text, "proc") {
			if m.Type != "proc" {
				t.Errorf("got %+v", m)
			}
			m.Option("hidepid")
		}
	})
}

func TestNetworkInode(t *testing.T) {
	for text, want := range map[string]uint64{
		"net:[4026531840]": 4026531840, "net:[]": 0, "net:[1": 0, "net:[x]": 0, "mnt:[4026531840]": 0, "": 0,
	} {
		if got, ok := NetworkInode([]byte(text)); got != want || ok != (want != 0) {
			t.Errorf("%q: %d %v", text, got, ok)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte("socket:[12]"), []byte("UserFiles:\t1\n    0: socket:[12]\n"))
	f.Fuzz(func(t *testing.T, target, info []byte) {
		SocketInode(target[:len(target):len(target)])
		NetworkInode(target[:len(target):len(target)])
		RegisteredSockets(info[:len(info):len(info)])
		if got := ParseCommand(target); strings.Join(got, "\x00") != strings.TrimSuffix(string(target), "\x00") {
			t.Errorf("%q became %q", target, got)
		}
	})
}
