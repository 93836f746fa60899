package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Places says where sockets of engines may be.
type Places struct {
	// Environment is that of the person who asks, as NAME=value.
	Environment []string
	// Home is their home folder; empty where they have none.
	Home string
	// RunRoot is where run-time files are; empty means /run.
	RunRoot string
	// Viewer is the user that asks. Others are users whose own engines may
	// hold a port.
	Viewer *uint32
	Others []uint32
	// Daemons are the command lines of engines that were seen running.
	Daemons [][]string
}

const (
	mostContexts    = 64
	mostContextFile = 64 << 10
)

// Find returns the sockets that exist, each once.
func Find(p Places) []Endpoint {
	if p.RunRoot == "" {
		p.RunRoot = "/run"
	}
	f := finder{places: p}
	f.addDocker()
	f.addPodman()
	return f.found
}

type finder struct {
	places Places
	found  []Endpoint
	files  []fs.FileInfo
}

// addDocker adds Docker's sockets. What the docker command would choose comes
// first and needs no flags: DOCKER_HOST, else the current context, else the
// system's socket.
func (f *finder) addDocker() {
	system := filepath.Join(f.places.RunRoot, "docker.sock")
	config := f.lookup("DOCKER_CONFIG")
	if config == "" && f.places.Home != "" {
		config = filepath.Join(f.places.Home, ".docker")
	}
	contexts := readContexts(config)
	chosen := "unix://" + system
	if name := f.currentContext(config); name != "" && name != "default" {
		chosen = contexts[name]
	}
	if host := f.lookup("DOCKER_HOST"); host != "" {
		chosen = host
	}
	if path, ok := unixPath(chosen); ok {
		f.add(Docker, path, false, "docker")
	}
	f.add(Docker, system, false, "docker", "--host", "unix://"+system)
	names := make([]string, 0, len(contexts))
	for name := range contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if path, ok := unixPath(contexts[name]); ok {
			f.add(Docker, path, false, "docker", "--context", name)
		}
	}
	paths := []string{}
	if config != "" {
		paths = append(paths, filepath.Join(config, "run", "docker.sock"))
	}
	for _, command := range f.places.Daemons {
		paths = append(paths, DaemonSockets(command)...)
	}
	for _, path := range paths {
		f.add(Docker, path, false, "docker", "--host", "unix://"+path)
	}
	f.eachUser(func(folder string, foreign bool) {
		path := filepath.Join(folder, "docker.sock")
		f.add(Docker, path, foreign, "docker", "--host", "unix://"+path)
	})
}

// addPodman adds Podman's sockets. Without flags podman speaks to no socket
// and serves the containers of who runs it.
func (f *finder) addPodman() {
	own := []string{"podman"}
	system := filepath.Join(f.places.RunRoot, "podman", "podman.sock")
	client := []string{"podman", "--remote", "--url", "unix://" + system}
	if v := f.places.Viewer; v != nil && *v == 0 {
		client = own
	}
	f.add(Podman, system, false, client...)
	if path, ok := unixPath(f.lookup("CONTAINER_HOST")); ok {
		f.add(Podman, path, false, own...)
	}
	f.eachUser(func(folder string, foreign bool) {
		path := filepath.Join(folder, "podman", "podman.sock")
		client := []string{"podman", "--remote", "--url", "unix://" + path}
		if !foreign {
			client = own
		}
		f.add(Podman, path, foreign, client...)
	})
}

// eachUser visits the run-time folders of the viewer and the others.
func (f *finder) eachUser(visit func(folder string, foreign bool)) {
	viewer := f.places.Viewer
	if viewer != nil {
		visit(filepath.Join(f.places.RunRoot, "user", fmt.Sprint(*viewer)), false)
	}
	for _, uid := range f.places.Others {
		if viewer == nil || uid != *viewer {
			visit(filepath.Join(f.places.RunRoot, "user", fmt.Sprint(uid)), true)
		}
	}
}

// add notes a socket that exists and was not seen under another name. In a
// foreign user's folder no link is followed: it could lead anywhere.
func (f *finder) add(kind Kind, path string, foreign bool, client ...string) {
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return
	}
	stat := os.Stat
	if foreign {
		stat = os.Lstat
	}
	info, err := stat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return
	}
	for _, seen := range f.files {
		if os.SameFile(seen, info) {
			return
		}
	}
	f.files = append(f.files, info)
	f.found = append(f.found, Endpoint{Kind: kind, Socket: path, Client: slices.Clone(client), Owner: owner(info)})
}

func (f *finder) lookup(name string) string {
	for i := len(f.places.Environment) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(f.places.Environment[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// currentContext is the context that docker context use has chosen.
func (f *finder) currentContext(config string) string {
	if name := f.lookup("DOCKER_CONTEXT"); name != "" {
		return name
	}
	var file struct{ CurrentContext string }
	if config == "" || readJSON(filepath.Join(config, "config.json"), &file) != nil {
		return ""
	}
	return file.CurrentContext
}

// readContexts returns the endpoint of every context, by name. Names that a
// command line could misread are left out.
func readContexts(config string) map[string]string {
	out := make(map[string]string)
	if config == "" {
		return out
	}
	meta := filepath.Join(config, "contexts", "meta")
	entries, _ := os.ReadDir(meta)
	for _, entry := range entries[:min(len(entries), mostContexts)] {
		var file struct {
			Name      string
			Endpoints map[string]struct{ Host string }
		}
		if readJSON(filepath.Join(meta, entry.Name(), "meta.json"), &file) == nil && isPlainName(file.Name) {
			out[file.Name] = file.Endpoints["docker"].Host
		}
	}
	return out
}

func readJSON(path string, into any) error {
	// Opening a pipe would wait for somebody to write.
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostContextFile))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// unixPath is the path of an endpoint of the form unix:///run/docker.sock.
// Engines on other machines hold no port here.
func unixPath(endpoint string) (string, bool) {
	path, ok := strings.CutPrefix(endpoint, "unix://")
	return path, ok && path != ""
}

// DaemonSockets are the sockets that the command line of dockerd names
// (dockerd(8), --host).
func DaemonSockets(command []string) []string {
	var out []string
	for i := 1; i < len(command); i++ {
		flag, value, joined := strings.Cut(command[i], "=")
		if flag != "-H" && flag != "--host" && flag != "-host" {
			continue
		}
		if !joined {
			if i+1 == len(command) {
				break
			}
			value = command[i+1]
		}
		if path, ok := unixPath(value); ok {
			out = append(out, path)
		}
	}
	return out
}

// isPlainName reports whether a name is one that a command line takes without
// surprises, as engines demand of names ([a-zA-Z0-9][a-zA-Z0-9_.-]*).
func isPlainName(name string) bool {
	for i, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '-' || c == '_' || c == '.'):
		default:
			return false
		}
	}
	return name != ""
}
