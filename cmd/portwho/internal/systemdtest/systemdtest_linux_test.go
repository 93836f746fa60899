package systemdtest

import (
	"strings"
	"testing"
)

const each = `[Service]
ExecStart=/bin/sleep infinity
`

// Two at once know nothing of each other, and each is gone after its test.
func TestMachines(t *testing.T) {
	for _, name := range []string{"one.service", "two.service"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Start(t, Config{Units: map[string]string{name: each}})
			m.MustRun(t, "systemctl", "start", name)
			if got := m.Await(t, "systemctl", "is-active", name); got != "active\n" {
				t.Errorf("the unit is %q", got)
			}
			if got := m.MustRun(t, "sh", "-c", "cat /proc/1/comm; grep -c : /proc/net/dev"); got != "systemd\n1\n" {
				t.Errorf("process 1 and the number of interfaces are %q", got)
			}
			if got := m.RunAs(t, Nobody, "id", "-u"); strings.TrimSpace(got.Stdout) != "65534" {
				t.Errorf("nobody is %+v", got)
			}
			if got := m.Run(t, "systemctl", "list-units", "--no-pager"); got.Code != 0 || strings.Contains(got.Stdout, "two.service") != (name == "two.service") {
				t.Errorf("units of %s: %s", name, got.Stdout)
			}
		})
	}
}

// A failure tells what is wrong and leaves nothing.
func TestBootFails(t *testing.T) {
	if why := Unavailable(); why != nil {
		Start(t, Config{}) // skips
	}
	m, err := Boot(Config{Programs: map[string]string{"no": t.TempDir() + "/no-such-program"}})
	if err == nil {
		t.Fatal("it boots", m.Stop())
	}
	if text := err.Error(); !strings.Contains(text, "no-such-program") || strings.Contains(text, "does not end") {
		t.Errorf("got %v", err)
	}
}
