package host

// Project is the folder of source code that a process works in.
type Project struct {
	// Folder is the top of it: where its manifest is, else the repository,
	// else the process's working folder.
	Folder string `json:"folder"`
	// Name and Framework are what the manifest tells, as package.json or
	// go.mod; empty where there is none. Framework is a word such as next,
	// vite, django.
	Name      string `json:"name,omitempty"`
	Framework string `json:"framework,omitempty"`
	Manifest  string `json:"manifest,omitempty"`
	// Repository is the top folder of the git work tree, Branch the branch or
	// the short commit it is on; empty outside of git. Worktree says that it
	// is a linked one (git-worktree(1)).
	Repository string `json:"repository,omitempty"`
	Branch     string `json:"branch,omitempty"`
	Worktree   bool   `json:"worktree,omitempty"`
	// Deleted says that the working folder is gone.
	Deleted bool `json:"deleted,omitempty"`
}
