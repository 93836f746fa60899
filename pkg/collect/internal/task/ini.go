package task

import (
	"bufio"
	"bytes"
	"strings"
)

// supervisorConf is what a configuration file of supervisord tells
// (supervisord's documentation, Configuration File).
type supervisorConf struct {
	// socket is the path of the Unix socket; locked says that it takes a
	// password.
	socket string
	locked bool
	// include are patterns of more files.
	include []string
	// restarts is autorestart by program.
	restarts map[string]string
}

// parseSupervisorConf reads a configuration file; here is its folder.
func parseSupervisorConf(text []byte, here string) supervisorConf {
	conf := supervisorConf{restarts: map[string]string{}}
	section := ""
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		line := s.Text()
		if i := strings.Index(line, " ;"); i >= 0 {
			line = line[:i]
		}
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == ';' || trimmed[0] == '#' {
			continue
		}
		if trimmed[0] == '[' && trimmed[len(trimmed)-1] == ']' {
			section = trimmed[1 : len(trimmed)-1]
			if program, ok := strings.CutPrefix(section, "program:"); ok {
				conf.restarts[program] = "unexpected" // the default
			}
			continue
		}
		i := strings.IndexAny(trimmed, "=:")
		if i < 0 {
			continue
		}
		key := strings.TrimSpace(trimmed[:i])
		value := strings.ReplaceAll(strings.TrimSpace(trimmed[i+1:]), "%(here)s", here)
		program, isProgram := strings.CutPrefix(section, "program:")
		switch {
		case section == "unix_http_server" && key == "file":
			conf.socket = value
		case section == "unix_http_server" && key == "username":
			conf.locked = conf.locked || value != ""
		case section == "include" && key == "files":
			conf.include = strings.Fields(value)
		case isProgram && key == "autorestart":
			conf.restarts[program] = strings.ToLower(value)
		}
	}
	return conf
}

// restartPolicy says what autorestart means for a program that a signal ends:
// any signal is an unexpected end.
func restartPolicy(value string) (restarts *bool, policy string) {
	switch value {
	case "unexpected", "true", "yes", "on", "1":
		return new(true), "autorestart=" + value
	case "false", "no", "off", "0":
		return new(false), "autorestart=" + value
	}
	return nil, ""
}
