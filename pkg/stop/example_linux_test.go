package stop_test

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/stop"
)

// Read the machine, plan, look at the plan, and carry it out.
func ExampleRun() {
	address, end := exampleServer()
	defer end()

	ctx := context.Background()
	target, err := port.ParseTarget(address)
	if err != nil {
		fmt.Println(err)
		return
	}
	snapshot, err := collect.Collect(ctx, collect.Config{Scope: host.Scope{Ports: []port.Range{target.Ports}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	action := diagnose.Plan(snapshot, target, target.Ports.First, diagnose.PlanOptions{})
	fmt.Println("processes to stop:", len(action.Victims), "refusals:", len(action.Refusals))

	outcome := stop.Run(ctx, action, stop.Config{Timeout: 10 * time.Second})
	for _, step := range outcome.Steps {
		fmt.Println(step.Do)
	}
	fmt.Println("free:", outcome.Free)
	// Output:
	// processes to stop: 1 refusals: 0
	// signal
	// exited
	// free
	// free: true
}

// exampleServer starts a server, and returns where it listens.
func exampleServer() (address string, end func()) {
	server := command("plain", "")
	stdin, err := server.StdinPipe()
	exitOn(err)
	stdout, err := server.StdoutPipe()
	exitOn(err)
	exitOn(server.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	exitOn(err)
	return strings.TrimSpace(line), func() {
		_ = stdin.Close()
		_ = server.Wait()
	}
}
