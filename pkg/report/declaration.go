package report

import "github.com/portwho/portwho/pkg/port"

// Declaration is a port that a file of a project says it will use.
type Declaration struct {
	// File is relative to the project's folder, with slashes. Line and Column
	// count from 1.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Format Format `json:"format"`
	// Name is what declares it: a service of compose, a variable, a process, a
	// script, a profile, a resource of Kubernetes.
	Name string `json:"name"`
	// Project is the compose project it belongs to; empty elsewhere.
	Project string `json:"project"`
	// Text is the port as the file has it, before variables are filled in.
	Text     string        `json:"text"`
	Use      Use           `json:"use"`
	Protocol port.Protocol `json:"protocol"`
	// Address is the one the file names; empty where it names none, which
	// stands for every address.
	Address string `json:"address"`
	// Port is 0 where the number is chosen when the thing starts. LastPort is
	// greater than Port where any one of the range will do, and the same
	// otherwise.
	Port     uint16 `json:"port"`
	LastPort uint16 `json:"last_port"`
	// Target is the port inside the container; 0 for none.
	Target uint16 `json:"target"`
	// Profiles are the compose profiles that start it; empty for always.
	Profiles []string `json:"profiles"`
}

// Format is a kind of file that declares ports.
type Format string

// The formats.
const (
	FormatCompose        Format = "compose"         // compose.yaml, docker-compose.yml
	FormatEnv            Format = "env"             // .env
	FormatProcfile       Format = "procfile"        // Procfile
	FormatPackageJSON    Format = "package_json"    // package.json
	FormatDevcontainer   Format = "devcontainer"    // devcontainer.json
	FormatLaunchSettings Format = "launch_settings" // Properties/launchSettings.json
	FormatKubernetes     Format = "kubernetes"      // manifests
	FormatKind           Format = "kind"            // cluster configurations of kind
	FormatPortwho        Format = "portwho"         // portwho.yaml
)

// Use is what a declared port is for.
type Use string

// The uses.
const (
	// UseListen: a program of the project will bind it.
	UseListen Use = "listen"
	// UsePublish: a container engine, an editor or a cluster will bind it and
	// pass on what arrives.
	UsePublish Use = "publish"
	// UseConnect: the project connects to it, so that it need not be free.
	UseConnect Use = "connect"
)
