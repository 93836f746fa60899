package diagnose

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// debugPort says that the port is a debugger's, by the command line of the
// holder or of a process above it. It is likely and no more: an argument says
// what a program was told, not what it did.
func debugPort(v *view) (report.Cause, bool) {
	if v.protocol != port.TCP {
		return report.Cause{}, false
	}
	for _, s := range only(v.serving, v.blocking()) {
		for _, h := range s.Holders {
			holder := v.snap.Process(h.PID)
			for _, p := range v.line(holder) {
				option, ok := debugOption(p.Command, v.number)
				if !ok {
					continue
				}
				name := processName(v.snap, h.PID)
				summary := fmt.Sprintf("%s (pid %d) has the port for a debugger: it was started with %s", name, h.PID, option)
				if p.PID != h.PID {
					summary = fmt.Sprintf("%s (pid %d) has the port for a debugger: %s (pid %d), which started it, has %s", name, h.PID, processName(v.snap, p.PID), p.PID, option)
				}
				return report.Cause{
					ID:         CauseDebugPort,
					Confidence: report.Likely,
					Summary:    summary,
					Evidence:   map[string]any{"sockets": []string{s.ID}, "pid": p.PID, "option": option},
					Remedies: []report.Remedy{{
						Summary: "give the option to the one program to be debugged, not to the tool that starts it, or give each a port of its own",
						Command: []string{},
					}},
				}, true
			}
		}
	}
	return report.Cause{}, false
}

// line is a process and those above it, nearest first, as far as they were
// read.
func (v *view) line(p *host.Process) []*host.Process {
	var out []*host.Process
	for p != nil && len(out) < 32 {
		out = append(out, p)
		if p.PPID <= 0 || p.PPID == p.PID {
			break
		}
		p = v.snap.Process(p.PPID)
	}
	return out
}

// debugOption finds the argument that opens a debugger's port with the number.
func debugOption(command []string, number uint16) (option string, found bool) {
	if len(command) == 0 {
		return "", false
	}
	program := strings.TrimRight(path.Base(command[0]), "0123456789.-")
	isDebugpy := slices.ContainsFunc(command, func(arg string) bool { return path.Base(arg) == "debugpy" })
	for i, arg := range command[1:] {
		flag, value, joined := strings.Cut(arg, "=")
		following := ""
		if i+2 < len(command) {
			following = command[i+2]
		}
		if !joined {
			value = following
		}
		switch {
		case flag == "--inspect" || flag == "--inspect-brk" || flag == "--inspect-wait":
			// Without a port it is the program's usual one; a word that
			// follows is the script.
			if joined && portOf(value) == number || !joined && inspectorPort(program) == number {
				return arg, true
			}
		case flag == "--remote-debugging-port" || flag == "--inspect-port":
			if portOf(value) == number {
				return fmt.Sprintf("%s=%s", flag, value), true
			}
		case strings.HasPrefix(arg, "-agentlib:jdwp=") || strings.HasPrefix(arg, "-Xrunjdwp:"):
			_, options, _ := strings.Cut(arg, "jdwp")
			for pair := range strings.SplitSeq(strings.TrimLeft(options, "=:"), ",") {
				if address, ok := strings.CutPrefix(pair, "address="); ok && portOf(address) == number {
					return arg, true
				}
			}
		case flag == "--listen" && (isDebugpy || program == "dlv"), flag == "-l" && program == "dlv":
			if portOf(value) == number {
				return fmt.Sprintf("%s %s", flag, value), true
			}
		}
	}
	return "", false
}

// inspectorPort is where a JavaScript runtime's inspector listens unless it is
// told; 0 for other programs.
func inspectorPort(program string) uint16 {
	switch program {
	case "node", "nodejs", "deno":
		return 9229
	}
	return 0
}

// portOf reads the port of PORT, HOST:PORT and [HOST]:PORT; 0 where there is
// none.
func portOf(text string) uint16 {
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		text = text[i+1:]
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
