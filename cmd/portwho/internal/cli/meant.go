package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portwho/portwho/pkg/port"
)

// didYouMean is the hint that names what was probably meant, else another one.
func didYouMean(near []string, otherwise string) string {
	if len(near) == 0 {
		return otherwise
	}
	last := len(near) - 1
	if last == 0 {
		return fmt.Sprintf("did you mean %s?", near[0])
	}
	return fmt.Sprintf("did you mean %s or %s?", strings.Join(near[:last], ", "), near[last])
}

// oneOf is the hint for a value that is none of those that a flag takes.
func oneOf(flag, value string, words ...string) string {
	near := port.Nearest(value, words)
	for i := range near {
		near[i] = flag + " " + near[i]
	}
	last := len(words) - 1
	return didYouMean(near, fmt.Sprintf("%s takes %s or %s", flag, strings.Join(words[:last], ", "), words[last]))
}

// nearCommands are the commands that a word may have meant, as they are typed.
// Words that other programs have for the same are known.
func nearCommands(root *cobra.Command, word string) []string {
	var names, out []string
	for _, c := range root.Commands() {
		if c.Hidden {
			continue
		}
		names = append(names, c.Name())
		if slices.Contains(alsoCalled(c.Name()), strings.ToLower(word)) {
			out = append(out, "portwho "+c.Name())
		}
	}
	for _, name := range port.Nearest(word, names) {
		if full := "portwho " + name; !slices.Contains(out, full) {
			out = append(out, full)
		}
	}
	return out
}

// alsoCalled are words for a command that people bring from other programs.
func alsoCalled(command string) []string {
	switch command {
	case "kill":
		return []string{"stop", "end", "close", "terminate", "release", "rm"}
	case "check":
		return []string{"test", "try", "verify", "preflight", "lint", "doctor"}
	case "explain":
		return []string{"why", "what", "info", "describe"}
	case "free":
		return []string{"find", "new", "pick", "get", "available", "random"}
	case "run":
		return []string{"start", "with"}
	case "snapshot":
		return []string{"save", "dump", "record", "export"}
	case "watch":
		return []string{"top", "live", "monitor", "follow", "tui"}
	case "version":
		return []string{"about"}
	}
	return nil
}

// asksForList reports whether a word is what other programs call a listing.
func asksForList(word string) bool {
	switch strings.ToLower(word) {
	case "list", "ls", "ps", "all", "show", "status", "listeners", "ports":
		return true
	}
	return false
}

// nearFlags are the flags that a mistyped one may have meant. One that another
// command has by that very name is told with the command.
func nearFlags(cmd, whole *cobra.Command, name string) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	var out []string
	for _, c := range whole.Commands() {
		if f := c.LocalFlags().Lookup(name); f != nil && !f.Hidden && !c.Hidden {
			out = append(out, "portwho "+c.Name()+" --"+name)
		}
	}
	if f := whole.Flags().Lookup(name); f != nil && !f.Hidden {
		out = append(out, "portwho --"+name)
	}
	if len(out) > 0 {
		return out[:min(len(out), 3)]
	}
	for _, near := range port.Nearest(name, names) {
		out = append(out, "--"+near)
	}
	return out
}
