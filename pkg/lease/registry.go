package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/portwho/portwho/pkg/collect"
)

// Config is what a registry takes from outside.
type Config struct {
	// RuntimeDir is $XDG_RUNTIME_DIR; empty for none.
	RuntimeDir string
	// TempDir is used where RuntimeDir is not there or not this user's own; empty
	// is os.TempDir().
	TempDir string
	// ProcRoot is where procfs is mounted; empty is /proc.
	ProcRoot string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Patience is how long to wait for others who change the folder; 0 is 30 s.
	Patience time.Duration
}

// Registry is the folder with a user's leases.
type Registry struct {
	cfg  Config
	root *os.Root
	// census remembers under one lock which processes live: one of them may have
	// hundreds of leases.
	census map[int32]started
}

// started is the start of a process, or why it is not known.
type started struct {
	ticks uint64
	err   error
}

// Open opens the registry and makes its folder where there is none. The error
// wraps [ErrFolder] when the folder cannot be trusted.
func Open(cfg Config) (*Registry, error) {
	if cfg.TempDir == "" {
		cfg.TempDir = os.TempDir()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Second
	}
	root, err := openFolder(cfg.RuntimeDir, cfg.TempDir)
	if err != nil {
		return nil, err
	}
	return &Registry{cfg: cfg, root: root}, nil
}

// Close closes the folder. Leases stay.
func (r *Registry) Close() error { return r.root.Close() }

// Folder is where the leases are.
func (r *Registry) Folder() string { return r.root.Name() }

const (
	lockName = "lock"
	newName  = "new" // a lease that is being written; under the lock there is one
	// damagedLasts is how long a port whose file cannot be read is left alone.
	damagedLasts = time.Hour
	// unseenLasts is how long a lease lasts at most where processes cannot be
	// looked at, and nobody gives it back.
	unseenLasts = 24 * time.Hour
	// manyLeases is how many files may be there before the ended ones are cleared
	// away unasked.
	manyLeases = 128
)

// locked runs f while nobody else changes the folder.
func (r *Registry) locked(ctx context.Context, f func() error) error {
	file, err := r.root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock leases: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
	defer cancel()
	locked := make(chan error, 1)
	go func() { locked <- lockFile(file) }()
	select {
	case err = <-locked:
		defer file.Close()
	case <-ctx.Done():
		// The system call cannot be taken back. If it succeeds after all, the
		// lock is given up at once.
		go func() {
			<-locked
			_ = file.Close()
		}()
		err = ctx.Err()
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("another portwho has held %s/%s for %s", r.root.Name(), lockName, r.cfg.Patience)
		}
	}
	if err != nil {
		return fmt.Errorf("lock leases: %w", err)
	}
	r.census = make(map[int32]started)
	return f()
}

// look tells who has a port, and clears the file away where nobody has. A file
// that cannot be read, or that is no file at all, is somebody's for an hour.
func (r *Registry) look(ctx context.Context, number uint16) (l Lease, held bool, err error) {
	name := fileName(number)
	info, err := r.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Lease{}, false, nil
	}
	if err != nil {
		return Lease{}, true, fmt.Errorf("read lease %d: %w", number, err)
	}
	damaged := !info.Mode().IsRegular() // reading a named pipe would wait
	if !damaged {
		text, err := r.root.ReadFile(name)
		if err == nil {
			l, err = parseLease(text, number)
		}
		damaged = err != nil
	}
	if damaged {
		l = Lease{Port: number, TakenAt: info.ModTime(), Owner: Owner{AtMost: info.ModTime().Add(damagedLasts)}}
	}
	if r.holds(ctx, l) {
		return l, true, nil
	}
	if err := r.root.Remove(name); err != nil {
		return Lease{}, true, fmt.Errorf("clear lease %d: %w", number, err)
	}
	return l, false, nil
}

// write puts a lease into the folder, whole or not at all. Nothing is synced to
// a disk: a power cut ends every lease.
func (r *Registry) write(l Lease) (err error) {
	defer func() {
		if err != nil {
			_ = r.root.Remove(newName)
			err = fmt.Errorf("write lease %d: %w", l.Port, err)
		}
	}()
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	f, err := r.root.OpenFile(newName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if closed := f.Close(); err == nil {
		err = closed // where a network file system says that the disk is full
	}
	if err != nil {
		return err
	}
	return r.root.Rename(newName, fileName(l.Port))
}

// Release gives leases back. One that somebody else has meanwhile is left
// alone.
func (r *Registry) Release(ctx context.Context, leases []Lease) error {
	if len(leases) == 0 {
		return nil
	}
	return r.locked(ctx, func() error {
		var failed []error
		for _, l := range leases {
			text, err := r.root.ReadFile(fileName(l.Port))
			if err != nil {
				continue // cleared away by somebody else
			}
			now, err := parseLease(text, l.Port)
			if err != nil || now.PID != l.PID || now.StartTicks != l.StartTicks || !now.TakenAt.Equal(l.TakenAt) {
				continue
			}
			if err := r.root.Remove(fileName(l.Port)); err != nil {
				failed = append(failed, fmt.Errorf("release port %d: %w", l.Port, err))
			}
		}
		return errors.Join(failed...)
	})
}

// List returns the leases that hold, by port, and clears the others away.
func (r *Registry) List(ctx context.Context) ([]Lease, error) {
	var leases []Lease
	err := r.locked(ctx, func() (err error) {
		numbers, err := r.numbers()
		if err == nil {
			leases, err = r.sweep(ctx, numbers)
		}
		return err
	})
	return leases, err
}

func (r *Registry) sweep(ctx context.Context, numbers []uint16) ([]Lease, error) {
	var leases []Lease
	for _, number := range numbers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, held, err := r.look(ctx, number)
		if err != nil {
			return nil, err
		}
		if held {
			leases = append(leases, l)
		}
	}
	return leases, nil
}

// numbers are the ports that have a file.
func (r *Registry) numbers() ([]uint16, error) {
	folder, err := r.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	var numbers []uint16
	for _, name := range names {
		if number, err := strconv.ParseUint(name, 10, 16); err == nil && fileName(uint16(number)) == name {
			numbers = append(numbers, uint16(number))
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func fileName(number uint16) string { return strconv.Itoa(int(number)) }

// identify completes an owner with the start of its process.
func (r *Registry) identify(ctx context.Context, o Owner) (Owner, error) {
	if err := ctx.Err(); err != nil {
		return o, err
	}
	if o.PID == 0 {
		return o, nil
	}
	ticks, err := collect.StartTicks(ctx, r.cfg.ProcRoot, o.PID)
	if errors.Is(err, fs.ErrNotExist) && !o.AtLeast.IsZero() {
		return o, nil // it has asked and gone
	}
	if errors.Is(err, fs.ErrNotExist) {
		return o, fmt.Errorf("lease for process %d: %w", o.PID, err)
	}
	o.StartTicks = ticks
	if err != nil && o.AtMost.IsZero() {
		// Nobody will be able to tell when the process ends.
		o.AtMost = r.cfg.Now().Add(unseenLasts).UTC()
	}
	return o, nil
}
