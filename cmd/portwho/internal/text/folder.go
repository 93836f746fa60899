package text

import (
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// folder writes where a holder works and what project that is: ~/src/blog (git
// main, worktree, next). A project whose name is the folder's says nothing by
// it.
func (p *page) folder(h report.Holder) term.Text {
	out := p.opts.path(h.Cwd)
	if h.Project == nil {
		return out
	}
	about := projectWords(h.Project)
	if len(about) == 0 {
		return out
	}
	return out.Plus(term.Cleanf(" (%s)", strings.Join(about, ", ")))
}

func projectWords(p *host.Project) []string {
	var words []string
	if p.Repository != "" {
		git := "git"
		if p.Branch != "" {
			git += " " + p.Branch
		}
		words = append(words, git)
		if p.Worktree {
			words = append(words, "worktree")
		}
	}
	folder := strings.TrimRight(p.Folder, `/\`)
	if p.Name != "" && p.Name != folder[strings.LastIndexAny(folder, `/\`)+1:] {
		words = append(words, "project "+p.Name)
	}
	if p.Framework != "" {
		words = append(words, p.Framework)
	}
	return words
}

// startedBy writes how the holder came to be: systemd › pm2 › node server.js.
// The holder alone is no story.
func startedBy(s *report.Socket, h report.Holder) term.Text {
	if s == nil || len(s.Chain) < 2 || len(s.Holders) == 0 || s.Holders[0].PID != h.PID {
		return term.Text{}
	}
	return term.Clean(strings.Join(s.Chain, " › "))
}
