package testserver

import (
	"io"
	"os"
	"os/exec"
)

// two listens on two ports and reports the first.
func two(args []string) (int, error) {
	number, err := listen(args)
	if err == nil {
		_, err = listen(args)
	}
	return number, err
}

// parent listens and has a child that holds no port.
func parent(args []string) (int, error) {
	child := exec.Command(os.Args[0], "idle")
	child.Args[0] = Program
	if _, err := child.StdinPipe(); err != nil { // ends the child when this process ends
		return 0, err
	}
	child.Stdout = io.Discard
	if err := child.Start(); err != nil {
		return 0, err
	}
	go func() { _ = child.Wait() }()
	return listen(args)
}
