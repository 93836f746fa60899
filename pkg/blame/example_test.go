//go:build unix

package blame_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/portwho/portwho/pkg/blame"
)

// A server that cannot listen says who has the port.
func Example() {
	taken, err := net.Listen("tcp", "127.0.0.1:0") // somebody else's server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer taken.Close()
	address := taken.Addr().String()

	server := &http.Server{Addr: address}
	if err := server.ListenAndServe(); err != nil {
		err = blame.Wrap(context.Background(), err)
		fmt.Println(withoutNumbers(err, address)) // log.Fatal(err) in a real server
	}
	// Output:
	// listen tcp 127.0.0.1:PORT: bind: address already in use: PORT/tcp on 127.0.0.1 is taken: blame.test (pid PID) listens on 127.0.0.1
}

// The whole answer is in the error, and the error is still the one it was.
func ExampleError() {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer taken.Close()

	_, err = net.Listen("tcp", taken.Addr().String())
	err = blame.Wrap(context.Background(), err)
	fmt.Println("in use:", errors.Is(err, syscall.EADDRINUSE))
	var blamed *blame.Error
	if errors.As(err, &blamed) {
		for _, socket := range blamed.Result.Sockets {
			for _, holder := range socket.Holders {
				fmt.Println("held by this very program:", int(holder.PID) == os.Getpid())
			}
		}
		fmt.Println("cause:", blamed.Result.Causes[0].ID)
	}
	// Output:
	// in use: true
	// held by this very program: true
	// cause: listener
}

// withoutNumbers takes out what is another one each time.
func withoutNumbers(err error, address string) string {
	_, number, _ := net.SplitHostPort(address)
	return strings.NewReplacer(number, "PORT", fmt.Sprintf("(pid %d)", os.Getpid()), "(pid PID)").Replace(err.Error())
}
