// Package task learns what supervisors call the programs that they run, where
// the processes do not tell it: from pm2's own files, and from supervisord by
// its socket. The environment of a process, which has the name too, is never
// read.
package task

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
)

const (
	// maxPidFile bounds a file with one number in it, maxPidFiles their count.
	maxPidFile  = 64
	maxPidFiles = 2000
)

// PM2 reads the files in which a pm2 daemon notes the pids of what it runs:
// HOME/pids/NAME-ID.pid. Where HOME/pm2.pid is not the daemon's, the folder is
// another's, and there is nothing.
func PM2(home string, daemon int32, owners ownfile.Owners) manage.Tasks {
	if readPid(filepath.Join(home, "pm2.pid"), owners) != daemon {
		return nil
	}
	folder := filepath.Join(home, "pids")
	files, err := ownfile.Names(folder, maxPidFiles, owners)
	if err != nil {
		return nil
	}
	tasks := manage.Tasks{}
	names := map[string]int{}
	for _, file := range files {
		name, id, ok := ParsePidFileName(file)
		pid := readPid(filepath.Join(folder, file), owners)
		if !ok || pid <= 0 {
			continue
		}
		names[name]++
		tasks[pid] = manage.Task{Supervisor: daemon, Name: name, ID: id, Config: home}
	}
	for pid, t := range tasks {
		// The name is enough where only one program has it, unless it is a
		// number, which pm2 takes for an id.
		if names[t.Name] == 1 && strings.Trim(t.Name, "0123456789") != "" {
			t.ID = ""
			tasks[pid] = t
		}
	}
	if len(names) == 1 {
		// In cluster mode the daemon itself holds the sockets.
		for name := range names {
			tasks[daemon] = manage.Task{Supervisor: daemon, Name: name, Config: home}
		}
	}
	return tasks
}

// ParsePidFileName parts web-0.pid into the name and the id.
func ParsePidFileName(file string) (name, id string, ok bool) {
	file, isPid := strings.CutSuffix(file, ".pid")
	i := strings.LastIndexByte(file, '-')
	if !isPid || i <= 0 {
		return "", "", false
	}
	name, id = file[:i], file[i+1:]
	return name, id, id != "" && strings.Trim(id, "0123456789") == ""
}

func readPid(path string, owners ownfile.Owners) int32 {
	text, err := ownfile.Read(path, maxPidFile, owners)
	if err != nil {
		return 0
	}
	pid, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 0
	}
	return int32(pid)
}
