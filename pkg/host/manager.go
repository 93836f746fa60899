package host

// Manager is what is in charge of a holder: the thing to stop instead of the
// process.
type Manager struct {
	Kind ManagerKind `json:"kind"`
	// Name is what a person calls it: web, nginx.service, pts/3.
	Name string `json:"name"`
	// ID is what the manager's own tools call it, where that differs.
	ID string `json:"id,omitempty"`
	// PID is the manager's own process: the supervisor, the watcher, the
	// master, the shell; 0 where it has none or it is not known.
	PID int32 `json:"pid,omitempty"`
	// Evidence says where it was read: a cgroup path, a parent process.
	Evidence string `json:"evidence,omitempty"`
	// Stop is the command that stops it; empty where there is none to run.
	Stop []string `json:"stop,omitempty"`
	// Start is the command that starts it again; empty where none is known.
	Start []string `json:"start,omitempty"`
	// Restarts says that it starts the server again after the process has
	// ended by itself or by a signal, at once or when a file changes; nil where
	// unknown.
	Restarts *bool `json:"restarts,omitempty"`
	// Policy is what says so, in the manager's own words: unless-stopped,
	// Restart=on-failure, autorestart=true; "when a file changes" of a watcher.
	Policy string `json:"policy,omitempty"`
	// Forwards is where a forwarder sends what arrives: web:80,
	// 172.17.0.2:80, db.example.org:5432 over ssh to bastion.
	Forwards string `json:"forwards,omitempty"`
	// Container has what only a container has; nil for other kinds.
	Container *Container `json:"container,omitempty"`
}

// Container is what an engine tells about one of its containers.
type Container struct {
	// Engine is docker, podman, nerdctl, kubernetes...
	Engine string `json:"engine"`
	// Image is the name it was made from.
	Image string `json:"image,omitempty"`
	// Project and Service are those of compose, or the namespace and pod of
	// Kubernetes.
	Project string `json:"project,omitempty"`
	Service string `json:"service,omitempty"`
	// WorkingDir is the folder of the compose file, as its label tells.
	WorkingDir string `json:"working_dir,omitempty"`
	// Published are the ports that it publishes here.
	Published []PublishedPort `json:"published,omitempty"`
	// State is the engine's word: running, paused, exited.
	State string `json:"state,omitempty"`
	// Pod is the uid of the Kubernetes pod it belongs to.
	Pod string `json:"pod,omitempty"`
	// Gone says that the engine has answered and runs no such container.
	Gone bool `json:"gone,omitempty"`
}

// PublishedPort is one port that an engine publishes for a container.
type PublishedPort struct {
	Protocol      string `json:"protocol"`
	HostIP        string `json:"host_ip,omitempty"`
	HostPort      uint16 `json:"host_port"`
	ContainerPort uint16 `json:"container_port"`
}

// ManagerKind is a kind of manager.
type ManagerKind string

// The kinds of manager.
const (
	ManagerContainer  ManagerKind = "container"
	ManagerUnit       ManagerKind = "systemd_unit"
	ManagerSocketUnit ManagerKind = "systemd_socket"
	ManagerInit       ManagerKind = "init"
	ManagerShell      ManagerKind = "shell_job"
	// ManagerSupervisor starts its programs again and has a command to stop
	// one of them: pm2, supervisord, s6, runit, forever.
	ManagerSupervisor ManagerKind = "supervisor"
	// ManagerWatcher starts a development server again when files change:
	// nodemon, tsx watch, watchexec, air, a vite under npm. It is stopped by a
	// signal to itself.
	ManagerWatcher ManagerKind = "watcher"
	// ManagerMaster is the first process of a server that keeps workers:
	// nginx, gunicorn, uwsgi, php-fpm.
	ManagerMaster ManagerKind = "master"
	// ManagerDaemon outlives what started it by design and has a command of
	// its own to end it: gradle, adb, epmd.
	ManagerDaemon ManagerKind = "daemon"
	// ManagerForwarder is a tunnel: the port is not served here.
	ManagerForwarder ManagerKind = "forwarder"
	// ManagerSession is where a person or a clock started it: tmux, screen,
	// ssh, cron, at.
	ManagerSession ManagerKind = "session"
)
