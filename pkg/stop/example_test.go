package stop_test

import (
	"fmt"

	"github.com/portwho/portwho/pkg/stop"
)

func ExampleParseSignal() {
	fmt.Println(stop.Signals())
	signal, err := stop.ParseSignal("sigint")
	fmt.Println(signal, err)
	_, err = stop.ParseSignal("STOP")
	fmt.Println(err)
	// Output:
	// [TERM INT HUP QUIT KILL]
	// INT <nil>
	// "STOP" is not a signal that ends a process
}
