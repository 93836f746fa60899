// Package preflight reads the files in which a project names its ports:
// compose files, .env, Procfile, package.json, devcontainer.json,
// launchSettings.json, manifests of Kubernetes, configurations of kind, and
// portwho.yaml, the project's own list. It says which ports they declare and
// on which line, and what in them is no port. It reads files alone: whether a
// port can be bound is for package diagnose to say.
package preflight
