package systemdtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is a running machine with systemd.
type Machine struct {
	// PID is the machine's process 1 as this machine knows it.
	PID int

	nspawn  *exec.Cmd
	ended   chan struct{} // closed when nspawn has ended
	output  *tail
	folder  string   // what is of this machine in the file system
	cgroups []string // and in each hierarchy of cgroups
}

// limit bounds everything that is waited for when a machine ends.
const limit = 20 * time.Second

// Unavailable tells why there can be no such machine here; nil when there can.
func Unavailable() error {
	if os.Geteuid() != 0 {
		return errors.New("systemd-nspawn needs root")
	}
	for _, program := range []string{"systemd-nspawn", "systemctl", "nsenter", "setpriv"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	_, err := hierarchies()
	return err
}

// Boot starts a machine. Whoever calls it must call Stop.
func Boot(cfg Config) (*Machine, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	m := &Machine{ended: make(chan struct{}), output: &tail{}}
	err := m.boot(cfg)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, m.output)
		return nil, errors.Join(err, m.Stop())
	}
	return m, nil
}

func (m *Machine) boot(cfg Config) error {
	name := "pw-" + strings.ToLower(rand.Text()[:12])
	var err error
	if m.folder, err = os.MkdirTemp("", name); err != nil {
		return err
	}
	units := filepath.Join(m.folder, "units")
	if err := errors.Join(os.Chmod(m.folder, 0o755), os.Mkdir(units, 0o755), writeUnits(units, cfg.Units), writeUnits(units, ownUnits())); err != nil {
		return err
	}
	if err := m.makeCgroups(name); err != nil {
		return err
	}
	// nspawn tells here which process is the machine's first, and when that
	// has booted (sd_notify(3)).
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "@" + name, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer ready.Close()
	if err := m.spawn(name, units, cfg); err != nil {
		return err
	}
	return m.await(ready, cfg.Timeout)
}

// spawn starts nspawn in the machine's own cgroups: what it makes there is
// then in nobody's way, and systemd never sees a process of this machine.
func (m *Machine) spawn(name, units string, cfg Config) error {
	args := []string{"-c", `for f in $CGROUPS; do echo $$ >"$f/cgroup.procs" || exit; done; unset CGROUPS; exec systemd-nspawn "$@"`, "sh",
		"--quiet", "--directory=/", "--volatile=yes", "--machine=" + name,
		"--register=no", "--keep-unit", "--private-network", "--notify-ready=yes",
		"--drop-capability=CAP_SYS_RESOURCE", // not everybody's root has it
		"--link-journal=no", "--resolv-conf=off", "--timezone=off",
		"--kill-signal=SIGKILL", "--console=pipe",
		"--bind-ro=" + escape(units) + ":/run/systemd/system",
	}
	for inside, path := range cfg.Programs {
		args = append(args, "--bind-ro="+escape(path)+":"+escape(ProgramDir+"/"+inside))
	}
	for inside, path := range cfg.Folders {
		args = append(args, "--bind-ro="+escape(path)+":"+escape(inside))
	}
	args = append(args, "--boot", "systemd.unit="+target)
	cmd := exec.Command("sh", args...)
	cmd.Env = []string{"PATH=" + path, "NOTIFY_SOCKET=@" + name, "CGROUPS=" + strings.Join(m.cgroups, " ")}
	cmd.Stdout, cmd.Stderr = m.output, m.output
	cmd.WaitDelay = limit
	// The machine does not outlive the test's process: at TERM nspawn kills
	// the machine's first process, and the kernel then all others. The signal
	// comes when the thread ends that started nspawn, so that thread is kept.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(m.ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	m.nspawn = cmd
	return nil
}

// target is what a machine boots to: systemd and the bus that an ordinary user
// asks it over. Nothing that is installed starts in there by itself.
const target = "portwho-test.target"

func ownUnits() map[string]string {
	return map[string]string{target: "[Unit]\nRequires=sysinit.target dbus.socket\nAfter=sysinit.target dbus.socket\n"}
}

// path is where programs are looked for, inside and out.
const path = ProgramDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// escape writes a path for --bind-ro, where a colon ends it (systemd-nspawn(1)).
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(path)
}

// await reads what nspawn tells until the machine has booted.
func (m *Machine) await(ready *net.UnixConn, timeout time.Duration) error {
	go func() {
		<-m.ended
		_ = ready.SetReadDeadline(time.Unix(1, 0)) // ends the reading below
	}()
	if err := ready.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	message := make([]byte, 4096)
	for {
		n, err := ready.Read(message)
		if err != nil {
			select {
			case <-m.ended:
				return fmt.Errorf("systemd-nspawn: %v", m.nspawn.ProcessState)
			default:
				return fmt.Errorf("systemd does not boot: %w", err)
			}
		}
		booted := false
		for line := range strings.Lines(string(message[:n])) {
			line = strings.TrimSuffix(line, "\n")
			if pid, ok := strings.CutPrefix(line, "X_NSPAWN_LEADER_PID="); ok {
				if m.PID, err = strconv.Atoi(pid); err != nil {
					return err
				}
			}
			booted = booted || line == "READY=1"
		}
		if booted && m.PID != 0 {
			return nil
		}
	}
}

// Command is a command to be run inside as the user of that uid, with nothing
// but PATH in its environment. It ends with the machine.
func (m *Machine) Command(ctx context.Context, uid uint32, argv ...string) *exec.Cmd {
	args := []string{"--target=" + strconv.Itoa(m.PID), "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd", "--"}
	if uid != Root {
		id := strconv.FormatUint(uint64(uid), 10)
		args = append(args, "setpriv", "--reuid="+id, "--regid="+id, "--clear-groups", "--")
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(args, argv...)...)
	cmd.Env = []string{"PATH=" + path, "LC_ALL=C.UTF-8", "HOME=/"}
	cmd.WaitDelay = limit
	return cmd
}

// Stop ends the machine and proves that nothing of it is left.
func (m *Machine) Stop() error {
	var failures []error
	if m.nspawn != nil {
		_ = m.nspawn.Process.Signal(syscall.SIGTERM)
		select {
		case <-m.ended:
		case <-time.After(limit):
			_ = m.nspawn.Process.Kill()
			failures = append(failures, errors.New("systemd-nspawn does not end"))
		}
	}
	if m.PID != 0 {
		failures = append(failures, within(func() error {
			if err := unix.Kill(m.PID, 0); err == nil && !isZombie(m.PID) {
				return fmt.Errorf("process %d, the machine's first, does not end", m.PID)
			}
			return nil
		}))
	}
	for _, folder := range m.cgroups {
		failures = append(failures, within(func() error { return removeCgroups(folder) }))
	}
	if m.folder != "" {
		failures = append(failures, within(func() error { return unmounted(m.folder) }), os.RemoveAll(m.folder))
	}
	return errors.Join(failures...)
}

// within tries until there is no error or the time is up.
func within(try func() error) error {
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		if err := try(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

// unmounted fails while something below the folder is mounted somewhere.
func unmounted(folder string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err == nil && bytes.Contains(mounts, []byte(folder)) {
		err = errors.New("still mounted: " + folder)
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
