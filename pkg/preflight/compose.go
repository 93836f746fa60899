package preflight

// readCompose says which ports the services of compose files publish, as docker
// compose would when it is given the files in this order.
func readCompose(r *reader, files []file) parsed {
	return parsed{}
}
