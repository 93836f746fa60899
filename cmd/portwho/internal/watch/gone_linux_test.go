package watch

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestTerminalIsGone: the screen ends with its terminal, also where no SIGHUP
// says so.
func TestTerminalIsGone(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatal(err)
		}
		t.Skip("needs a terminal: ", err)
	}
	defer slave.Close()
	go func() {
		var all strings.Builder
		one := make([]byte, 1)
		for !strings.Contains(all.String(), "nginx") {
			if _, err := master.Read(one); err != nil {
				break
			}
			all.Write(one)
		}
		master.Close()
	}()
	err = Run(t.Context(), Config{
		In: slave, Out: slave, Env: []string{"TERM=xterm"}, Every: 10 * time.Millisecond, Now: time.Now,
		Refresh: func(context.Context) (Look, error) {
			return Look{At: time.Now(), Rows: []Row{server(80, "0.0.0.0", "nginx", 812)}}, nil
		},
		Slots: plainSlots,
	})
	if err != nil {
		t.Error(err)
	}
}
