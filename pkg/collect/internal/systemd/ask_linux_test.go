package systemd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake puts a systemctl of its own on an otherwise usual PATH.
func fake(t *testing.T, script string) Manager {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Manager{Environ: []string{"PATH=relative:" + dir + ":/usr/bin:/bin", "SECRET=1", "XDG_RUNTIME_DIR=/run/user/7"}}
}

func TestShow(t *testing.T) {
	m := fake(t, `echo "Id=$1"; echo "Names=$(env | sort | grep -v -e ^PWD -e ^_= -e ^SHLVL -e ^OLDPWD | tr '\n' ' ')"; echo; echo "Id=$7"`)
	units, err := m.Show(t.Context(), "x.service", Sockets)
	if err != nil || len(units) != 2 || units[0].ID != "--system" || units[1].ID != "x.service" {
		t.Fatalf("got %+v, %v", units, err)
	}
	env := strings.Join(units[0].Names, " ")
	if !strings.Contains(env, "LC_ALL=C") || !strings.Contains(env, "XDG_RUNTIME_DIR=/run/user/7") || strings.Contains(env, "SECRET") {
		t.Errorf("environment is %q", env)
	}
	m.User = true
	if units, err := m.Show(t.Context(), "x.service"); err != nil || units[0].ID != "--user" {
		t.Errorf("got %+v, %v", units, err)
	}
}

func TestShowFails(t *testing.T) {
	tests := []struct {
		name, script, want string
	}{
		{"no systemd", "echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1", "systemctl: System has not been booted"},
		{"silent", "exit 7", "systemctl: exit status 7"},
		{"endless", "exec cat /dev/zero", "systemctl: it prints too much"},
		{"chatty", "exec yes Id=x", "systemctl: it prints too much"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			units, err := fake(t, tt.script).Show(ctx, "x.service")
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, %v", units, err)
			}
		})
	}
	if _, err := (Manager{Environ: []string{"PATH=/nowhere"}}).Show(t.Context(), "x.service"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// What hangs ends with the context, even when a child keeps its output open.
func TestShowHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := fake(t, "sleep 3 & echo Id=x; wait").Show(ctx, "x.service")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A name that it refuses does not take the others with it.
func TestShowPart(t *testing.T) {
	units, err := fake(t, "echo Id=a.service; echo 'bad name' >&2; exit 1").Show(t.Context(), "a.service", "b@.service")
	if err != nil || len(units) != 1 {
		t.Errorf("got %+v, %v", units, err)
	}
}
