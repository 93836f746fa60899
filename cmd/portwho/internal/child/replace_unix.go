//go:build unix

package child

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// InPlace says that a process can become another program.
const InPlace = true

// Ordinary gives every signal its usual meaning, for a process that is about to
// become another program.
func Ordinary() { signal.Reset() }

// Inherit marks a descriptor so that a started child has it, and returns its
// number there. The file must be closed once the child runs.
func Inherit(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, 3)
	if err != nil {
		return nil, fmt.Errorf("pass descriptor on: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// Inherited opens a descriptor that a parent passed on. The program that comes
// after this one does not have it.
func Inherited(fd int) *os.File {
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "parent")
}

// Place gives a file a certain number in the program that comes after this one.
// The number must be taken by something that nobody needs.
func Place(f *os.File, number int) error {
	if int(f.Fd()) == number {
		_, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0)
		return err
	}
	return duplicate(int(f.Fd()), number)
}

// Replace executes a program in place of this process, as execvp(3) finds it:
// a name without a slash is looked for on the PATH in env, and a file without a
// first line that names its interpreter is run by sh. It returns only when that
// fails; the error wraps fs.ErrNotExist when there is no such program.
func Replace(argv, env []string) error {
	name := argv[0]
	if strings.Contains(name, "/") {
		return fmt.Errorf("run %s: %w", name, execute(name, argv, env))
	}
	if name == "" {
		return fmt.Errorf("run %q: %w", name, syscall.ENOENT)
	}
	last := error(syscall.ENOENT)
	for _, folder := range filepath.SplitList(pathOf(env)) {
		if folder == "" {
			folder = "."
		}
		err := execute(folder+"/"+name, argv, env)
		switch {
		case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		case errors.Is(err, syscall.EACCES):
			last = err // another folder may have one that can be run
		default:
			return fmt.Errorf("run %s: %w", name, err)
		}
	}
	return fmt.Errorf("run %s: %w", name, last)
}

func execute(path string, argv, env []string) error {
	err := syscall.Exec(path, argv, env)
	if errors.Is(err, syscall.ENOEXEC) {
		err = syscall.Exec("/bin/sh", append([]string{"sh", path}, argv[1:]...), env)
	}
	return err
}

func pathOf(env []string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if path, ok := strings.CutPrefix(env[i], "PATH="); ok {
			return path
		}
	}
	return "/bin:/usr/bin"
}
