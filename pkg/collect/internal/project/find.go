// Package project finds the source code that a process works in: the git
// repository around its folder, and what the manifest of its language tells.
//
// The folder is that of a process which may belong to anybody, so nothing in
// it is trusted: links are not followed, files are small, regular and of the
// users that are named, and the walk up is bounded.
package project

import (
	"path/filepath"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/host"
)

const (
	// maxLevels bounds the walk up, maxManifest what is read of one file.
	maxLevels   = 32
	maxManifest = 256 << 10
)

// deletedSuffix is what Linux adds to the path of a folder that is no more.
const deletedSuffix = " (deleted)"

// Place is where to look.
type Place struct {
	// Folder is the working folder of the process.
	Folder string
	// Home is where the walk up ends; it is no project itself.
	Home string
	// Program is the base name of what the process runs; a folder with the
	// manifests of two languages is then told by the right one.
	Program string
	// Owners are the users whose files are read.
	Owners ownfile.Owners
}

// Find returns the project; nil where there is none.
func Find(at Place) *host.Project {
	folder, gone := strings.CutSuffix(at.Folder, deletedSuffix)
	if gone {
		return &host.Project{Folder: folder, Deleted: true}
	}
	if !filepath.IsAbs(folder) {
		return nil
	}
	folder = filepath.Clean(folder)
	device, ok := ownfile.Device(folder)
	if !ok {
		return nil
	}
	var p host.Project
	for range maxLevels {
		if folder == at.Home || filepath.Dir(folder) == folder {
			break
		}
		if here, ok := ownfile.Device(folder); !ok || here != device {
			break
		}
		if p.Manifest == "" {
			readManifest(folder, at, &p)
		}
		if readGit(folder, at.Owners, &p) {
			break
		}
		folder = filepath.Dir(folder)
	}
	switch {
	case p.Manifest != "":
	case p.Repository != "":
		p.Folder = p.Repository
	default:
		return nil
	}
	return &p
}

// readManifest reads the first manifest of a folder that is there.
func readManifest(folder string, at Place, p *host.Project) {
	for _, m := range manifests(at.Program) {
		text, err := ownfile.Read(filepath.Join(folder, m.file), maxManifest, at.Owners)
		if err != nil {
			continue
		}
		p.Folder, p.Manifest = folder, m.file
		p.Name, p.Framework = m.parse(text)
		return
	}
}
