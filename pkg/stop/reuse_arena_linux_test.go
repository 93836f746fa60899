package stop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/report"
	"github.com/portwho/portwho/pkg/stop"
)

// lastPID holds the pid given last in this pid namespace; the next process or
// thread gets the one after what is written there
// (Documentation/admin-guide/sysctl/kernel.rst).
const lastPID = "/proc/sys/kernel/ns_last_pid"

// A moment is when the pid changes hands in the middle of a stop.
type moment struct {
	name   string
	victim string // the mode of the server
	// at is the system call of stop.Run that is held up until the pid has its
	// new owner; nothing for before Run is called.
	at []call
	// sameTick says that the plan cannot tell the new owner from the victim by
	// its start time, as when both started within 10 ms. That is forged, for
	// it takes a quick machine.
	sameTick bool
}

func moments() []moment {
	send := func(s unix.Signal) []call {
		return []call{{unix.SYS_PIDFD_SEND_SIGNAL, s}, {unix.SYS_KILL, s}}
	}
	return []moment{
		{"before the stop", "plain", nil, false},
		{"before the stop, within a clock tick", "plain", nil, true},
		{"before the pin", "plain", []call{{unix.SYS_PIDFD_OPEN, 0}}, false},
		{"between look and TERM", "plain", send(unix.SIGTERM), false},
		{"between look and KILL", "stubborn", send(unix.SIGKILL), false},
	}
}

// The new owners of a pid. All have the victim's name and command.
const (
	ownerIdle   = "a process"
	ownerServer = "a server on that port"
	ownerThread = "a thread"
)

func owners() []string { return []string{ownerIdle, ownerServer, ownerThread} }

// A tally is what came of the rounds.
type tally struct {
	Rounds, Reused, Wrong int
	// SameStart counts the new owners that a start time does not tell from
	// the victim.
	SameStart  int
	ByKind     map[string]int
	Complaints []string
}

// arena is pid 1 of a namespace of its own. It plays the rounds and prints the
// tally.
func arena() {
	exitOn(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	exitOn(unix.Mount("proc", "/proc", "proc", 0, ""))
	exitOn(loopbackUp())
	// The gate may hold up a call that the Go runtime was not told of, and then
	// neither a collection nor that thread's processor can wait for it.
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
	gate, err := newGate()
	exitOn(err)
	rounds, err := strconv.Atoi(os.Args[len(os.Args)-1])
	exitOn(err)
	out := tally{ByKind: map[string]int{}}
	for out.Rounds < rounds {
		m := moments()[out.Rounds%len(moments())]
		owner := owners()[out.Rounds/len(moments())%len(owners())]
		exitOn(out.play(gate, m, owner))
		if out.Rounds++; out.Rounds%20 == 0 {
			runtime.GC()
		}
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(out))
	os.Exit(0)
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// play is one round.
func (t *tally) play(g *gate, m moment, owner string) error {
	victim, err := move(m.victim, "")
	if err != nil {
		return err
	}
	defer victim.leave()
	action, err := planOf(victim.said)
	if err != nil {
		return err
	}
	if len(action.Victims) != 1 || action.Victims[0].PID != victim.pid || len(action.Refusals) > 0 {
		return fmt.Errorf("the plan: %+v", action)
	}
	var heir *resident
	var swapErr error
	swapped := 0 // steps that had been taken when the pid changed hands
	var steps []report.Step
	swap := func() {
		victim.end()
		heir, swapErr = succeed(victim, owner)
		if heir != nil && m.sameTick {
			action.Victims[0].StartTicks, swapErr = started(heir.pid)
		}
		swapped = len(steps)
	}
	if len(m.at) == 0 {
		swap()
	}
	run := func() {
		stop.Run(context.Background(), action, stop.Config{
			Timeout: 5 * time.Millisecond,
			Tell:    func(s report.Step) { steps = append(steps, s) },
		})
	}
	if reached := g.run(run, m.at, swap); !reached && len(m.at) > 0 {
		return fmt.Errorf("%s: the stop never came there: %+v", m.name, steps)
	}
	if swapErr != nil || heir == nil {
		return swapErr
	}
	defer heir.leave()
	t.judge(owner+" "+m.name, heir, steps[swapped:], action.Victims[0].StartTicks)
	return nil
}

// judge asks the new owner of the pid whether it was touched.
func (t *tally) judge(kind string, heir *resident, steps []report.Step, ticks uint64) {
	t.Reused++
	t.ByKind[kind]++
	if now, err := started(heir.pid); err == nil && now == ticks {
		t.SameStart++
	}
	told := slices.ContainsFunc(steps, func(s report.Step) bool { return s.Do == "signal" })
	if answer, err := heir.ask(); err != nil || answer != "untouched" || told {
		t.Wrong++
		if len(t.Complaints) < 10 {
			t.Complaints = append(t.Complaints, fmt.Sprintf("%s: %s, %v; %+v", kind, answer, err, steps))
		}
	}
}

func started(pid int32) (uint64, error) {
	p, err := collect.ReadProcess(context.Background(), "", pid)
	return p.StartTicks, err
}

// succeed gives the pid of a process that has ended to somebody else; nil when
// it did not come about.
func succeed(victim *resident, owner string) (*resident, error) {
	for range 20 { // a thread of the Go runtime may come in between and take it
		heir, err := tryToSucceed(victim, owner)
		if heir != nil || err != nil {
			return heir, err
		}
	}
	return nil, nil
}

// tryToSucceed tries it once.
func tryToSucceed(victim *resident, owner string) (*resident, error) {
	if owner == ownerThread {
		heir, err := move("innocent", owner+"|"+strconv.Itoa(int(victim.pid)))
		if err != nil || heir.pid != victim.pid && heir.said == "thread "+strconv.Itoa(int(victim.pid)) {
			return heir, err
		}
		heir.leave()
		return nil, nil
	}
	if err := choose(victim.pid); err != nil {
		return nil, err
	}
	heir, err := move("innocent", owner+"|"+victim.said)
	if err != nil || heir.pid == victim.pid {
		return heir, err
	}
	heir.leave()
	return nil, nil
}

// choose makes a pid the next one to be given.
func choose(pid int32) error {
	return os.WriteFile(lastPID, []byte(strconv.Itoa(int(pid)-1)), 0o644)
}

// innocent lives until its stdin ends. It is what the first part of its
// argument says, and tells whether a signal has met it when it is asked by one.
func innocent(address string) {
	caught := make(chan os.Signal, 16)
	notifyAll(caught)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	kind, what, _ := strings.Cut(address, "|")
	said := "ready"
	switch kind {
	case ownerServer:
		l, err := listen(what)
		exitOn(err)
		defer l.Close()
	case ownerThread:
		pid, err := strconv.Atoi(what)
		exitOn(err)
		said = "thread " + strconv.Itoa(thread(pid))
	}
	fmt.Println(said)
	answer := "untouched"
	for s := range caught {
		if s == asking {
			fmt.Println(answer)
		} else {
			answer = "got " + s.String()
		}
	}
}

// thread makes threads until one has the number, or gives up and returns 0.
func thread(number int) int {
	for range 20 {
		exitOn(choose(int32(number)))
		got := make(chan int)
		go func() {
			runtime.LockOSThread()
			got <- unix.Gettid()
			select {}
		}()
		if tid := <-got; tid == number {
			return tid
		}
	}
	return 0
}

// A resident is a process in the arena.
type resident struct {
	pid   int32
	said  string // its first line
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
	ended bool
}

// move starts a resident and waits until it is ready.
func move(mode, address string) (*resident, error) {
	cmd := command(mode, address)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &resident{pid: int32(cmd.Process.Pid), cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	line, err := r.out.ReadString('\n')
	r.said = strings.TrimSpace(line)
	if err != nil {
		r.leave()
		return nil, fmt.Errorf("%s %s said %q: %w", mode, address, line, err)
	}
	return r, nil
}

// ask has an innocent say whether a signal met it.
func (r *resident) ask() (string, error) {
	// Not by os.Process: its signals do not reach a process that has ended.
	if err := unix.Kill(int(r.pid), asking); err != nil {
		return "", err
	}
	line, err := r.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// end kills a resident. Its pid is free afterwards.
func (r *resident) end() {
	if r.ended {
		return
	}
	r.ended = true
	_ = unix.Kill(int(r.pid), unix.SIGKILL)
	_ = r.cmd.Wait()
}

// leave ends a resident and forgets it.
func (r *resident) leave() {
	_ = r.stdin.Close()
	r.end()
}

// asking is the highest signal: those that are pending are delivered from the
// lowest number up.
const asking = syscall.Signal(64)

// notifyAll has every signal that a process may catch sent to the channel.
func notifyAll(c chan os.Signal) {
	signals := []os.Signal{asking}
	for n := syscall.Signal(1); n < 32; n++ {
		switch n {
		case unix.SIGKILL, unix.SIGSTOP, unix.SIGURG, unix.SIGCHLD, unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGPROF, unix.SIGPIPE:
		default:
			signals = append(signals, n)
		}
	}
	signal.Notify(c, signals...)
}
