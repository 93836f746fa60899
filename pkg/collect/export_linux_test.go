package collect

// WithoutBound makes the kernel look like one that lists no bound sockets.
func WithoutBound(cfg Config) Config {
	cfg.withoutBound = true
	return cfg
}

// IsHere tells whether a process's folder is the one of that path here.
func IsHere(procRoot string, pid int32, cwd string) bool { return isHere(procRoot, pid, cwd) }
