package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func boundToDevice(v *view) (report.Cause, bool) {
	var sockets []*host.Socket
	for _, s := range v.serving {
		if s.InterfaceIndex != 0 && (len(sockets) == 0 || s.InterfaceIndex == sockets[0].InterfaceIndex) {
			sockets = append(sockets, s)
		}
	}
	if len(sockets) == 0 {
		return report.Cause{}, false
	}
	s := sockets[0]
	device := s.Interface
	if device == "" {
		device = fmt.Sprintf("interface %d", s.InterfaceIndex)
	}
	whom := "clients that come in elsewhere, this machine's own among them, are refused"
	if onLoopbackDevice(v.snap, s) {
		whom = "only this machine reaches it"
	}
	name, plural := who(v.snap, sockets...)
	return report.Cause{
		ID:         CauseBoundToDevice,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s %s through %s only (SO_BINDTODEVICE): %s", name, verb("serves", "serve", plural), device, whom),
		Evidence:   map[string]any{"sockets": ids(sockets), "interface": s.Interface, "interface_index": s.InterfaceIndex},
		Remedies: []report.Remedy{{
			Summary: "let the server bind an address of " + device + " instead of the interface",
			Command: []string{},
		}},
	}, true
}
