package confine

import (
	"slices"
	"strings"
	"testing"
)

func TestParseModules(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"lockdown,capability,landlock,yama,apparmor,bpf": {"lockdown", "capability", "landlock", "yama", "apparmor", "bpf"},
		"capability\n": {"capability"},
		"":             nil,
		",,\n":         nil,
	} {
		if got := ParseModules([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	s := ParseStatus([]byte("Name:\tSeccomp:\\n2\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t0\n"))
	if s.Seccomp != "filter" || s.NoNewPrivileges == nil || !*s.NoNewPrivileges {
		t.Errorf("got %+v", s)
	}
	for text, want := range map[string]string{"Seccomp:\t0": "disabled", "Seccomp:\t1\n": "strict", "Seccomp:\t3\n": "", "Seccomp_filters:\t2\n": "", "": ""} {
		if got := ParseStatus([]byte(text)); got.Seccomp != want || got.NoNewPrivileges != nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestParseFlag(t *testing.T) {
	t.Parallel()
	if f := ParseFlag([]byte("1")); f == nil || !*f {
		t.Error("1 is not true")
	}
	if f := ParseFlag([]byte("0\n")); f == nil || *f {
		t.Error("0 is not false")
	}
	for _, text := range []string{"", "2", "yes", "-1"} {
		if f := ParseFlag([]byte(text)); f != nil {
			t.Errorf("%q: got %v", text, *f)
		}
	}
}

func TestParseLabel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"system_u:system_r:container_t:s0:c1,c2\x00": "system_u:system_r:container_t:s0:c1,c2",
		"docker-default (enforce)\n":                 "docker-default (enforce)",
		"unconfined\n":                               "unconfined",
		"":                                           "",
	} {
		if got := ParseLabel([]byte(text)); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestUnifiedPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"9:name=systemd:/\n1:cpu:/a\n0::/system.slice/web.service\n": "/system.slice/web.service",
		"0::/a:b\n":    "/a:b",
		"0::/\n":       "/",
		"1:cpu:/a\n":   "",
		"10::/other\n": "",
		"":             "",
	} {
		if got := UnifiedPath([]byte(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzParsers(f *testing.F) {
	f.Add([]byte("capability,landlock\n"))
	f.Add([]byte("Seccomp:\t2\nNoNewPrivs:\t1\n0::/a\n"))
	f.Add([]byte("docker-default (enforce)\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range ParseModules(text) {
			if name == "" || strings.Contains(name, ",") {
				t.Errorf("a module is called %q", name)
			}
		}
		switch s := ParseStatus(text); s.Seccomp {
		case "", "disabled", "strict", "filter":
		default:
			t.Errorf("seccomp is %q", s.Seccomp)
		}
		ParseFlag(text)
		if label := ParseLabel(text); strings.HasSuffix(label, "\n") || strings.HasSuffix(label, "\x00") {
			t.Errorf("the label is %q", label)
		}
		if path := UnifiedPath(text); strings.Contains(path, "\n") {
			t.Errorf("the path is %q", path)
		}
	})
}
