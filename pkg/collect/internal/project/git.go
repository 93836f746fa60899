package project

import (
	"path/filepath"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/host"
)

// readGit fills what the .git of a folder tells: a folder with HEAD in it, or
// in a linked work tree and in a submodule a file that names that folder
// (gitrepository-layout(5)).
func readGit(folder string, owners ownfile.Owners, p *host.Project) bool {
	git := filepath.Join(folder, ".git")
	if !ownfile.Exists(git) {
		return false
	}
	inside := git
	if text, err := ownfile.Read(git, maxHead, owners); err == nil {
		to, ok := ParseGitFile(text)
		if !ok {
			return false
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(folder, to)
		}
		inside = to
		// A linked work tree has its own HEAD and shares the rest.
		p.Worktree = ownfile.Exists(filepath.Join(inside, "commondir"))
	}
	text, err := ownfile.Read(filepath.Join(inside, "HEAD"), maxHead, owners)
	if err != nil {
		p.Worktree = false
		return false
	}
	p.Repository = folder
	p.Branch = ParseHead(text)
	return true
}

// maxHead bounds .git and HEAD, which hold one line.
const maxHead = 4096

// ParseGitFile reads a .git file: "gitdir: PATH".
func ParseGitFile(text []byte) (string, bool) {
	line, _, _ := strings.Cut(string(text), "\n")
	path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "gitdir: ")
	return path, ok && path != "" && !strings.ContainsRune(path, 0)
}

// ParseHead reads HEAD: the name of the branch, or the first seven digits of
// the commit where none is checked out; empty for anything else.
func ParseHead(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSpace(line)
	if ref, ok := strings.CutPrefix(line, "ref: "); ok {
		branch, ok := strings.CutPrefix(strings.TrimSpace(ref), "refs/heads/")
		if !ok {
			return ""
		}
		return branch
	}
	if (len(line) == 40 || len(line) == 64) && strings.Trim(line, "0123456789abcdef") == "" {
		return line[:7]
	}
	return ""
}
