package collect

// WithoutBound makes the kernel look like one that lists no bound sockets.
func WithoutBound(cfg Config) Config {
	cfg.withoutBound = true
	return cfg
}
