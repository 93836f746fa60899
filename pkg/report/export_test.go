package report

// Shown is visible, for tests of the formats.
func Shown(s string) string { return visible(s) }

// FindingIDs is findingIDs, Rule is rule.
func FindingIDs() []FindingID                       { return findingIDs() }
func Rule(id FindingID) (title string, help string) { return rule(id) }

// ShellWords is shellWords.
func ShellWords(argv []string) string { return shellWords(argv) }
