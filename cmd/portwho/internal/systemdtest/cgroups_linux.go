package systemdtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchies are this process's own cgroups in the hierarchies that systemd
// works with: cgroup2, and the named one where both versions are in use.
func hierarchies() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	memberships, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	own := map[string]string{} // by controllers; "" is cgroup2
	for line := range strings.Lines(string(memberships)) {
		if parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3); len(parts) == 3 {
			own[parts[1]] = parts[2]
		}
	}
	var out []string
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		place, super := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(super) < 3 || place[3] != "/" {
			continue
		}
		switch {
		case super[0] == "cgroup2":
			out = append(out, filepath.Join(place[4], own[""]))
		case super[0] == "cgroup" && slices.Contains(strings.Split(super[2], ","), "name=systemd"):
			out = append(out, filepath.Join(place[4], own["name=systemd"]))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no cgroups that systemd can work with are mounted")
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// makeCgroups makes the machine's own cgroup in every hierarchy.
func (m *Machine) makeCgroups(name string) error {
	parents, err := hierarchies()
	if err != nil {
		return err
	}
	for _, parent := range parents {
		folder := filepath.Join(parent, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		m.cgroups = append(m.cgroups, folder)
	}
	return nil
}

// removeCgroups removes a cgroup and those below it. The kernel refuses while
// a process is in one of them.
func removeCgroups(top string) error {
	var folders []string
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	slices.Reverse(folders) // those below first
	for _, folder := range folders {
		if removal := os.Remove(folder); removal != nil {
			err = errors.Join(err, fmt.Errorf("%w: %s", removal, occupants(folder)))
		}
	}
	return err
}

func occupants(cgroup string) string {
	pids, _ := os.ReadFile(filepath.Join(cgroup, "cgroup.procs"))
	return strings.Join(strings.Fields(string(pids)), " ")
}
