package report

// Shown is visible, for tests of the formats.
func Shown(s string) string { return visible(s) }

// Rule is rule.
func Rule(id FindingID) (title string, help string) { return rule(id) }

// ShellWords is shellWords.
func ShellWords(argv []string) string { return shellWords(argv) }
