package preflight

// nonblock is for named pipes in the file system, which Windows has none of.
const nonblock = 0
