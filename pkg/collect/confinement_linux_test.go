package collect_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
)

func confinedBy(t *testing.T, files map[string]string) (host.Confinement, []host.Gap) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return collect.Confine(t.Context(), collect.Config{ProcRoot: filepath.Join(root, "proc"), SysRoot: filepath.Join(root, "sys")})
}

// Neither SELinux nor AppArmor is in every kernel, so their files are made up.
func TestConfineReadsSecurityModules(t *testing.T) {
	t.Parallel()
	c, gaps := confinedBy(t, map[string]string{
		"sys/kernel/security/lsm": "lockdown,capability,selinux,bpf\n",
		"sys/fs/selinux/enforce":  "1",
		"proc/self/attr/current":  "system_u:system_r:httpd_t:s0\x00",
		"proc/self/status":        "NoNewPrivs:\t1\nSeccomp:\t2\n",
		"proc/self/cgroup":        "0::/\n",
		"proc/self/mountinfo":     "",
	})
	if !slices.Contains(c.SecurityModules, "selinux") || c.SELinuxEnforcing == nil || !*c.SELinuxEnforcing || c.Label != "system_u:system_r:httpd_t:s0" {
		t.Errorf("got %+v", c)
	}
	if c.Seccomp != "filter" || c.NoNewPrivileges == nil || !*c.NoNewPrivileges {
		t.Errorf("got %+v", c)
	}
	if c.BindPrograms != nil || len(gaps) != 1 || gaps[0].Reason != "no cgroup v2 is mounted" {
		t.Errorf("programs %v, gaps %+v", c.BindPrograms, gaps)
	}

	c, _ = confinedBy(t, map[string]string{
		"sys/kernel/security/lsm":         "capability,apparmor\n",
		"proc/self/attr/current":          "something else",
		"proc/self/attr/apparmor/current": "docker-default (enforce)\n",
		"proc/self/status":                "Seccomp:\t0\n",
	})
	if c.Label != "docker-default (enforce)" || c.SELinuxEnforcing != nil || c.Seccomp != "disabled" || c.NoNewPrivileges != nil {
		t.Errorf("got %+v", c)
	}
}

// What is not there is a gap and never a value.
func TestConfineWithoutFiles(t *testing.T) {
	t.Parallel()
	c, gaps := confinedBy(t, map[string]string{"sys/kernel/security/lsm": "selinux"})
	if c.Seccomp != "" || c.NoNewPrivileges != nil || c.SELinuxEnforcing != nil || c.Label != "" || c.BindPrograms != nil {
		t.Errorf("values out of nowhere: %+v", c)
	}
	for _, subject := range []string{"whether system calls are filtered", "whether SELinux is enforcing", "the BPF programs that see binds in this cgroup"} {
		if !slices.ContainsFunc(gaps, func(g host.Gap) bool {
			return g.Source == host.GapConfinement && g.Subject == subject && g.Reason == "there is no such file"
		}) {
			t.Errorf("no gap about %s: %+v", subject, gaps)
		}
	}
	c, gaps = confinedBy(t, nil)
	if c.SecurityModules != nil || !slices.ContainsFunc(gaps, func(g host.Gap) bool { return g.Subject == "which security modules are active" }) {
		t.Errorf("modules %q, gaps %+v", c.SecurityModules, gaps)
	}
}

// On this machine nothing is out of reach for root but what is not mounted.
func TestConfineHere(t *testing.T) {
	needRoot(t)
	c, gaps := collect.Confine(t.Context(), collect.Config{})
	if c.Seccomp == "" || c.NoNewPrivileges == nil || c.LandlockABI == nil || c.BindPrograms == nil {
		t.Errorf("got %+v, gaps %+v", c, gaps)
	}
}
