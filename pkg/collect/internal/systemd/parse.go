package systemd

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// properties are what is asked of every unit. Those that a unit of its kind
// does not have are left out of the answer.
const properties = "Id,Names,LoadState,ActiveState,Restart,KillMode,MainPID,TriggeredBy,Triggers,ControlGroup,CanStop,RefuseManualStop,Transient,Listen,Accept"

// mostUnits bounds what is kept of one answer.
const mostUnits = 4096

// ParseShow reads what "systemctl show" prints: one line NAME=VALUE for each
// property, and an empty line between units. Units without an Id, and lines
// that are something else, are passed over.
func ParseShow(text []byte) []Unit {
	var out []Unit
	var u Unit
	end := func() {
		if u.ID != "" && len(out) < mostUnits {
			out = append(out, u)
		}
		u = Unit{}
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			end()
			continue
		}
		if name, value, ok := strings.Cut(string(line), "="); ok {
			u.set(name, value)
		}
	}
	end()
	return out
}

func (u *Unit) set(name, value string) {
	switch name {
	case "Id":
		u.ID = value
	case "Names":
		u.Names = strings.Fields(value)
	case "LoadState":
		u.LoadState = value
	case "ActiveState":
		u.ActiveState = value
	case "Restart":
		u.Restart = value
	case "KillMode":
		u.KillMode = value
	case "MainPID":
		if pid, err := strconv.ParseInt(value, 10, 32); err == nil && pid > 0 {
			u.MainPID = int32(pid)
		}
	case "TriggeredBy":
		u.TriggeredBy = strings.Fields(value)
	case "Triggers":
		u.Triggers = strings.Fields(value)
	case "ControlGroup":
		u.ControlGroup = value
	case "CanStop":
		u.CannotStop = u.CannotStop || value == "no"
	case "RefuseManualStop":
		u.CannotStop = u.CannotStop || value == "yes"
	case "Transient":
		u.Transient = value == "yes"
	case "Accept":
		u.Accept = value == "yes"
	case "Listen":
		// One line for each address; some versions put them all on one.
		for rest := value; rest != ""; {
			var one string
			one, rest, _ = strings.Cut(rest, ")")
			if l, ok := parseListen(one); ok {
				u.Listen = append(u.Listen, l)
			}
		}
	}
}

// parseListen reads an address as systemd prints it: "127.0.0.1:80 (Stream".
// Sockets of other families than the internet's are none.
func parseListen(text string) (Listen, bool) {
	address, kind, ok := strings.Cut(strings.TrimSpace(text), " (")
	if !ok {
		return Listen{}, false
	}
	var l Listen
	switch kind {
	case "Stream":
		l.Protocol = port.TCP
	case "Datagram":
		l.Protocol = port.UDP
	default:
		return Listen{}, false
	}
	var err error
	l.Address, err = netip.ParseAddrPort(address)
	return l, err == nil
}
