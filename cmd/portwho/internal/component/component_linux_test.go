package component

import (
	"testing"
)

// TestComponents starts each, and looks whether they come up, hold the port,
// and are gone afterwards.
func TestComponents(t *testing.T) {
	for name, start := range map[string]func(testing.TB, int) *Started{
		"plain": Plain, "pm2": PM2, "pm2 cluster": PM2Cluster, "supervisord": Supervisord, "runit": Runit, "s6": S6,
		"nodemon": Nodemon, "node --watch": NodeWatch, "npm": NpmRun, "nginx": Nginx, "gunicorn": Gunicorn,
		"tmux": Tmux, "screen": Screen, "socat": Socat, "ssh -L": SSHLocal, "ssh -R": SSHRemote, "ssh -M": SSHMaster,
	} {
		t.Run(name, func(t *testing.T) {
			var s *Started
			number := FreePort(t)
			t.Run("up", func(t *testing.T) {
				s = start(t, number)
				for _, pid := range append([]int{s.Manager}, append(s.Holders, s.Bystanders...)...) {
					if !Alive(pid) {
						t.Errorf("pid %d is not alive", pid)
					}
				}
			})
			if s == nil {
				t.Skip("not started")
			}
			until(t, "everything has ended", func() bool {
				for _, p := range s.own {
					if p.same() {
						return false
					}
				}
				return len(Holders(t, number)) == 0
			})
		})
	}
}
