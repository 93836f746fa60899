package preflight_test

import (
	"context"
	"fmt"

	"github.com/portwho/portwho/pkg/preflight"
)

func Example() {
	project, err := preflight.Read(context.Background(), preflight.Config{Dir: "testdata/example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range project.Declarations {
		fmt.Printf("%s:%d: %s %ss on %d/%s\n", d.File, d.Line, d.Name, d.Use, d.Port, d.Protocol)
	}
	for _, f := range project.Findings {
		fmt.Printf("%s:%d: %s\n", f.File, f.Line, f.Summary)
	}
	// Output:
	// .env:2: PORT listens on 3000/tcp
	// package.json:3: dev listens on 5173/tcp
	// portwho.yaml:2: docs listens on 8001/tcp
	// .env:3: ADMIN_PORT is "3001;", which is no port: Node.js takes it for the path of a Unix socket and listens on no port
}

func ExampleParseExpectation() {
	e, err := preflight.ParseExpectation("3000=user:me,reach:loopback")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Target, e.Owner.User, e.Reach)
	_, err = preflight.ParseExpectation("3000=untit:web")
	fmt.Println(err)
	// Output:
	// 3000 me loopback
	// expectation "3000=untit:web": there is no term "untit"
}
