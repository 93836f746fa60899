package child

import (
	"os"
	"sync"
)

// Config is a command to start.
type Config struct {
	// Path is the file to execute, Args are the arguments with the program's name
	// first.
	Path string
	Args []string
	Env  []string
	// Stdin, Stdout and Stderr are the child's.
	Stdin, Stdout, Stderr *os.File
	// Extra are the child's descriptors from 3 on. Whatever the child would
	// have inherited there is lost.
	Extra []*os.File
}

// Status is how a child ended.
type Status struct {
	// Code is the exit code; 128 and the signal's number where a signal ended it,
	// as shells count.
	Code int
}

// Child is a command that was started.
type Child struct {
	process *os.Process
	ended   chan Status
	forward sync.WaitGroup
	stop    chan struct{}
	signals chan os.Signal
}

// Start starts the command. From now on what is sent to this process is sent
// to it as well.
func Start(cfg Config) (*Child, error) {
	c := &Child{ended: make(chan Status, 1), stop: make(chan struct{}), signals: notify()}
	p, err := os.StartProcess(cfg.Path, cfg.Args, &os.ProcAttr{
		Env: cfg.Env, Files: append([]*os.File{cfg.Stdin, cfg.Stdout, cfg.Stderr}, cfg.Extra...),
	})
	if err != nil {
		ignoreAgain(c.signals)
		return nil, err
	}
	c.process = p
	go func() { c.ended <- wait(p) }()
	c.forward.Go(func() {
		for {
			select {
			case s := <-c.signals:
				if !reachedGroup(s) {
					_ = p.Signal(s) // it may have ended
				}
			case <-c.stop:
				return
			}
		}
	})
	return c, nil
}

// PID is the child's process id.
func (c *Child) PID() int { return c.process.Pid }

// Wait waits until the child has ended. Signals are caught until Close, so that
// one that comes late does not end this program before it has said what there
// is to say.
func (c *Child) Wait() Status {
	status := <-c.ended
	close(c.stop)
	c.forward.Wait()
	return status
}

// Close gives signals back their usual meaning.
func (c *Child) Close() { ignoreAgain(c.signals) }
