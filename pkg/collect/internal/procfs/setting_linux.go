package procfs

import (
	"golang.org/x/sys/unix"
)

// Settings is an open directory of settings, such as /proc/sys/net. It belongs
// to one goroutine.
type Settings struct {
	fd   int
	room []byte
}

// OpenSettings opens the directory.
func OpenSettings(path string) (*Settings, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Settings{fd: fd, room: make([]byte, 256)}, nil
}

// Close closes it.
func (s *Settings) Close() error { return unix.Close(s.fd) }

// Read reads one setting. The kernel tells it in a single read and nothing in a
// second one: what had no room is lost (proc_do_large_bitmap in
// kernel/sysctl.c). So where it fills the room, it is read anew into more.
func (s *Settings) Read(name string) (string, error) {
	for {
		n, err := s.readOnce(name)
		if err != nil {
			return "", err
		}
		if n < len(s.room) || n >= maxFile {
			return string(s.room[:n]), nil
		}
		s.room = make([]byte, 8*len(s.room))
	}
}

func (s *Settings) readOnce(name string) (int, error) {
	fd, err := unix.Openat(s.fd, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return readSome(fd, s.room)
}
