package probe

import (
	"errors"
	"testing"

	"github.com/portwho/portwho/pkg/host"
)

func TestWinsockAnswers(t *testing.T) {
	for code, want := range map[uintptr]host.Errno{
		10048: host.EADDRINUSE,
		10013: host.EACCES,
		10049: host.EADDRNOTAVAIL,
		10047: host.EAFNOSUPPORT,
		10022: host.EINVAL,
		10055: host.ErrnoUnknown, // no buffers: about this process, not the port
		10024: host.ErrnoUnknown,
		10093: host.ErrnoUnknown, // WSANOTINITIALISED has no name elsewhere
	} {
		p := refused(host.Candidate{}, "bind", winsockName(code), errors.New("some error"))
		if p.Errno != want || p.Call != "bind" {
			t.Errorf("%d: got %q from %s, want %q", code, p.Errno, p.Call, want)
		}
		if (p.Reason != "") != (want == host.ErrnoUnknown) {
			t.Errorf("%d: reason %q", code, p.Reason)
		}
	}
}
