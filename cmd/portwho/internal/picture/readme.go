package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// folder has this program, seen from the top of the repository.
const folder = "cmd/portwho/internal/picture"

// asked are the arguments whose answer README.md shows.
const asked = "3000"

// pictures are the files that README.md shows, by the theme they are drawn in.
func pictures() map[string]theme {
	return map[string]theme{"docs/picture-light.svg": light(), "docs/picture-dark.svg": dark()}
}

// readme takes a new snapshot, draws the pictures of README.md, or both.
func readme(ctx context.Context, take, write bool) error {
	top, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "portwho-picture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root := strings.TrimSpace(string(top))
	program := filepath.Join(dir, "portwho")
	if _, err := output(ctx, root, "go", "build", "-o", program, "./cmd/portwho"); err != nil {
		return err
	}
	if take {
		if err := takeSnapshot(ctx, root, program); err != nil {
			return err
		}
	}
	if !write {
		return nil
	}
	drawn, err := drawReadme(ctx, root, program)
	if err != nil {
		return err
	}
	for name, picture := range drawn {
		if err := os.WriteFile(filepath.Join(root, name), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// takeSnapshot reads the machine that stage.sh builds. The file of the snapshot
// stays as it was where that fails.
func takeSnapshot(ctx context.Context, root, program string) error {
	stage := filepath.Join(root, folder, "stage.sh")
	snapshot, err := output(ctx, "", "bash", stage, program, asked)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, folder, "snapshot.json"), snapshot, 0o644)
}

// drawReadme draws what the program answers from the snapshot, below the command
// that was asked for when it was taken.
func drawReadme(ctx context.Context, root, program string) (map[string][]byte, error) {
	snapshot := filepath.Join(root, folder, "snapshot.json")
	answer, err := output(ctx, root, program, "--color", "always", "--snapshot", snapshot, asked)
	if err != nil {
		return nil, err
	}
	command := "portwho " + asked
	shown, err := readScreen(strings.NewReader("$ \x1b[1m" + command + "\x1b[0m\n" + string(answer)))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, theme := range pictures() {
		out[name] = draw(shown, theme, 0, command+" in a terminal: "+firstLine(shown))
	}
	return out, nil
}

// firstLine is the first line of the answer, without its styles.
func firstLine(s screen) string {
	var b strings.Builder
	if len(s) > 1 {
		for _, c := range s[1] {
			b.WriteString(c.text)
		}
	}
	return b.String()
}

// output runs a program and returns what it wrote.
func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "LC_ALL=C.UTF-8", "TERM=xterm-256color", "COLUMNS=")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s %s: %w\n%s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
