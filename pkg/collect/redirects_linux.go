package collect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/nat"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// legacyPatience is how long iptables-legacy-save may take. It waits for
// nobody; only a kernel in trouble keeps it.
const legacyPatience = 2 * time.Second

// readRedirects reads the rules of destination translation that can match the
// scope. Not being allowed to is one gap: whether a bind succeeds does not
// depend on them.
func (r *reader) readRedirects() ([]host.Redirect, []host.Gap) {
	scope := nat.Scope{Ports: r.cfg.Scope.Ports, Protocols: r.cfg.Scope.Protocols}
	var gaps []host.Gap
	result, err := nat.Read(r.ctx, scope)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrPermission):
		return nil, []host.Gap{redirectGap("nf_tables", "permission denied", r.netAdminHint())}
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		// The kernel has no nf_tables, so it has no rules of it.
	default:
		gaps = append(gaps, redirectGap("nf_tables", err.Error(), ""))
	}
	legacy, more := r.readLegacy(scope)
	redirects := append(result.Redirects, legacy...)
	if result.Curtailed {
		gaps = append(gaps, redirectGap("nf_tables", "there are too many rules to weigh each", ""))
	}
	return redirects, append(gaps, more...)
}

func redirectGap(source, reason, hint string) host.Gap {
	return host.Gap{
		Source: source, Subject: "rules of the packet filter that redirect the port", Reason: reason, Hint: hint, AnswersOnly: true,
	}
}

func (r *reader) netAdminHint() string {
	if os.Geteuid() != 0 {
		return "run as root, for example with sudo"
	}
	return "root alone is not enough: CAP_NET_ADMIN is missing"
}

// readLegacy reads the tables of the iptables that came before nf_tables. They
// are told by their own programs only.
func (r *reader) readLegacy(scope nat.Scope) ([]host.Redirect, []host.Gap) {
	var out []host.Redirect
	var gaps []host.Gap
	for _, f := range []struct {
		names, program string
		family         int
	}{
		{"ip_tables_names", "iptables-legacy-save", 4},
		{"ip6_tables_names", "ip6tables-legacy-save", 6},
	} {
		names, err := procfs.ReadFile(strings.TrimRight(r.cfg.ProcRoot, "/") + "/thread-self/net/" + f.names)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !hasLine(string(names), "nat") {
			continue
		}
		if err != nil {
			gaps = append(gaps, redirectGap(f.names, reasonOf(err), r.netAdminHint()))
			continue
		}
		text, err := runLegacy(r.ctx, f.program)
		if err != nil {
			gaps = append(gaps, redirectGap(f.names, err.Error(), ""))
			continue
		}
		result := nat.ParseSave(text, f.family, scope)
		out = append(out, result.Redirects...)
	}
	return out, gaps
}

// runLegacy prints the nat table. The folders are those where Debian, Red Hat
// and others put it; an ordinary PATH lacks them.
func runLegacy(ctx context.Context, program string) ([]byte, error) {
	path, err := exec.LookPath(program)
	for _, folder := range []string{"/usr/sbin/", "/sbin/"} {
		if err != nil {
			path, err = exec.LookPath(folder + program)
		}
	}
	if err != nil {
		return nil, errors.New(program + " is not installed")
	}
	ctx, cancel := context.WithTimeout(ctx, legacyPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-t", "nat")
	cmd.Env = []string{"LC_ALL=C"}
	text, err := cmd.Output()
	if err != nil {
		return nil, errors.New(program + ": " + err.Error())
	}
	return text, nil
}

func hasLine(text, wanted string) bool {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == wanted {
			return true
		}
	}
	return false
}
