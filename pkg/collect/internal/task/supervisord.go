package task

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/host"
)

const (
	maxConf  = 256 << 10
	maxConfs = 100
	maxReply = 1 << 20
)

// confOf is the configuration file that a supervisord was started with; empty
// where its command line does not tell. Where it looks for one by itself
// depends on the folder it was started in, which it leaves.
func confOf(p *host.Process) string {
	for i := 1; i < len(p.Command); i++ {
		arg := p.Command[i]
		path := ""
		switch {
		case (arg == "-c" || arg == "--configuration") && i+1 < len(p.Command):
			path = p.Command[i+1]
		case strings.HasPrefix(arg, "--configuration="):
			path = strings.TrimPrefix(arg, "--configuration=")
		case strings.HasPrefix(arg, "-c") && !strings.HasPrefix(arg, "-c="):
			path = arg[2:]
		}
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.Cwd, path)
		}
		if filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}

// Supervisord asks a supervisord for the names of what it runs. It reads the
// configuration for the socket and for autorestart, and asks the socket for
// the pids. A socket that takes a password is not asked.
func Supervisord(ctx context.Context, p *host.Process, owners ownfile.Owners) (manage.Tasks, error) {
	path := confOf(p)
	if path == "" || p.UID == nil {
		return nil, nil
	}
	conf, err := readConf(path, owners)
	if err != nil {
		return nil, err
	}
	if conf.socket == "" || conf.locked || !filepath.IsAbs(conf.socket) {
		return nil, nil
	}
	reply, err := ask(ctx, conf.socket, *p.UID)
	if err != nil {
		return nil, fmt.Errorf("ask supervisord (pid %d): %w", p.PID, err)
	}
	programs, err := ParseProcessInfo(reply)
	if err != nil {
		return nil, fmt.Errorf("ask supervisord (pid %d): %w", p.PID, err)
	}
	tasks := manage.Tasks{}
	for _, one := range programs {
		if one.PID <= 0 {
			continue
		}
		t := manage.Task{Supervisor: p.PID, Name: one.Name, Config: path}
		if one.Group != "" && one.Group != one.Name {
			t.Name = one.Group + ":" + one.Name
		}
		// A program with numprocs is a group of processes with its name.
		value, ok := conf.restarts[one.Name]
		if !ok {
			value = conf.restarts[one.Group]
		}
		t.Restarts, t.Policy = restartPolicy(value)
		tasks[one.PID] = t
	}
	return tasks, nil
}

func readConf(path string, owners ownfile.Owners) (supervisorConf, error) {
	text, err := ownfile.Read(path, maxConf, owners)
	if err != nil {
		return supervisorConf{}, err
	}
	here := filepath.Dir(path)
	conf := parseSupervisorConf(text, here)
	read := 0
	for _, pattern := range conf.include {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(here, pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, file := range files {
			if read++; read > maxConfs {
				return conf, nil
			}
			if more, err := ownfile.Read(file, maxConf, owners); err == nil {
				for program, value := range parseSupervisorConf(more, filepath.Dir(file)).restarts {
					conf.restarts[program] = value
				}
			}
		}
	}
	return conf, nil
}
