package procfs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestExecutableMaps(t *testing.T) {
	t.Parallel()
	const text = `55d0c6a00000-55d0c6a02000 r--p 00000000 fe:00 1234                       /usr/bin/sleep
55d0c6a02000-55d0c6a06000 r-xp 00002000 fe:00 1234                       /usr/bin/sleep
55d0c7a00000-55d0c7a21000 rw-p 00000000 00:00 0                          [heap]
7f1d00000000-7f1d00021000 r-xp 00026000 fe:00 99                         /opt/a b/lib c.so
7f1d00021000-7f1d00031000 rwxp 00000000 00:00 0
7ffd22471000-7ffd22492000 rw-p 00000000 00:00 0                          [stack]
7ffd22492000-7ffd22494000 r-xp 00000000 00:00 0                          [vdso]
`
	want := []codeMap{{1234, "/usr/bin/sleep"}, {99, "/opt/a b/lib c.so"}, {0, ""}}
	if got := executableMaps([]byte(text)); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestMayAccept(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("x", 1<<16-3)
	for text, want := range map[string]bool{
		"":                              false,
		"\x00listen\x00":                true,
		"\x00uv_listen\x00":             true,
		"listen to me":                  false,
		filler + "\x00accept4\x00":      true, // across the end of a chunk
		filler + filler + "accept\x00x": true,
		filler + filler + filler:        false,
	} {
		if got := mayAccept(strings.NewReader(text)); got != want {
			t.Errorf("%.20q: got %v", text, got)
		}
	}
}

// What can and what cannot, by programs that are everywhere. Not beside the
// others: between fork and exec the new process holds the sockets that they
// look for, and a scan rightly tells so.
func TestCannotAccept(t *testing.T) {
	var programs Programs
	root, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	self, err := root.Pin(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if self.CannotAccept(&programs) {
		t.Error("a Go program is said to be unable to accept")
	}
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	sleep, err := root.Pin(int32(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer sleep.Close()
	exe, err := os.ReadFile(fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid))
	if err != nil || !isDynamic(bytes.NewReader(exe)) || mayAccept(bytes.NewReader(exe)) {
		t.Skip("sleep is part of a larger or a static program here")
	}
	// Until its loader is done, not every library is in the maps; nor has it
	// gone to sleep.
	for range 1000 {
		if sleep.CannotAccept(&programs) && sleep.WaitsElsewhere() {
			return
		}
	}
	t.Errorf("sleep: CannotAccept %v, WaitsElsewhere %v", sleep.CannotAccept(&programs), sleep.WaitsElsewhere())
}

func TestCallOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		number   int
		argument uint64
		ok       bool
	}{
		"43 0x3 0x7f1771d97000 0x20000 0x0 0x0 0x0 0x7fff30bfd678 0x7f1771f132ad\n": {43, 3, true},
		"running\n":                          {},
		"-1 0x7fff30bfd678 0x7f1771f132ad\n": {},
		"":                                   {},
	} {
		if number, argument, ok := callOf([]byte(text)); number != want.number || argument != want.argument || ok != want.ok {
			t.Errorf("%q: got %d, %d, %v", text, number, argument, ok)
		}
	}
}

func FuzzExecutableMaps(f *testing.F) {
	f.Add([]byte("55d0c6a02000-55d0c6a06000 r-xp 00002000 fe:00 1234                       /usr/bin/sleep\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		executableMaps(text)
		isIdleCall(text)
	})
}
