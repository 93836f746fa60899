package port_test

import (
	"errors"
	"fmt"

	"github.com/portwho/portwho/pkg/port"
)

func Example() {
	target, err := port.ParseTarget("postgres://me@localhost/db")
	if err != nil {
		fmt.Println(err)
		return
	}
	number := target.Ports.First
	service, _ := port.ServiceOf(target.Protocol, number)

	fmt.Println(target)
	fmt.Println(target.Addresses)
	fmt.Println(number, "is", port.ClassOf(number), "as", service.Name)
	for _, tool := range port.ToolsOn(target.Protocol, number) {
		fmt.Println("used by", tool.Name)
	}
	// Output:
	// tcp/localhost:5432
	// [127.0.0.1 ::1]
	// 5432 is registered as postgresql
	// used by PostgreSQL
}

func ExampleParseTarget_error() {
	_, err := port.ParseTarget("8000-7000")
	var bad *port.TargetError
	if errors.As(err, &bad) {
		fmt.Println("error:", bad.Reason)
		fmt.Println("hint: try", bad.Suggestion)
	}
	// Output:
	// error: the range ends before it starts
	// hint: try 7000-8000
}

func ExamplePortsNamed() {
	for _, a := range port.PortsNamed("domain") {
		fmt.Printf("%d/%s\n", a.Number, a.Protocol)
	}
	// Output:
	// 53/tcp
	// 53/udp
}
