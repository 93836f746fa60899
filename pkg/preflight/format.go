package preflight

import (
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// format is a kind of file.
type format struct {
	id report.Format
	// named tells its files by their name, in lower case and without a folder.
	named func(base string) bool
	// looks tells them by what is in them; nil where only the name does.
	looks func(f file) bool
	// read says what the files declare.
	read func(r *reader, files []file) parsed
}

// formats are tried in this order on a file that is named on the command line,
// first by name and then by content; the first whose file it is reads it.
func formats() []format {
	return []format{
		{report.FormatCompose, isComposeName, looksCompose, readCompose},
		{report.FormatEnv, isEnvName, nil, readEnv},
		{report.FormatProcfile, isProcfileName, nil, readProcfile},
		{report.FormatPackageJSON, func(base string) bool { return base == "package.json" }, nil, readPackageJSON},
		{report.FormatDevcontainer, isDevcontainerName, nil, readDevcontainer},
		{report.FormatLaunchSettings, func(base string) bool { return base == "launchsettings.json" }, nil, readLaunchSettings},
		{report.FormatKind, nobody, looksKind, readManifests},
		{report.FormatKubernetes, nobody, looksKubernetes, readManifests},
		{report.FormatPortwho, func(base string) bool { return slices.Contains(ownNames(), base) }, nil, readOwn},
	}
}

// nobody is for formats whose files are called anything.
func nobody(string) bool { return false }

func isComposeName(base string) bool {
	stem, ok := yamlStem(base)
	return ok && (strings.HasPrefix(stem, "compose") || strings.HasPrefix(stem, "docker-compose"))
}

func looksCompose(f file) bool { return hasTopKey(f, "services") || hasTopKey(f, "include") }

// yamlStem is the name of a YAML file without its ending.
func yamlStem(base string) (stem string, ok bool) {
	ending := path.Ext(base)
	return strings.TrimSuffix(base, ending), ending == ".yaml" || ending == ".yml"
}

// hasTopKey reports whether a line of a YAML file starts with the key.
func hasTopKey(f file, key string) bool {
	if _, ok := yamlStem(strings.ToLower(path.Base(f.name))); !ok {
		return false
	}
	for line := range strings.Lines(string(f.data)) {
		if rest, ok := strings.CutPrefix(line, key); ok && strings.HasPrefix(strings.TrimLeft(rest, " "), ":") {
			return true
		}
	}
	return false
}

// formatOf is the format of a file that was named; false where it is of none.
func formatOf(f file) (format, bool) {
	base := strings.ToLower(path.Base(f.name))
	for _, known := range formats() {
		if known.named(base) {
			return known, true
		}
	}
	for _, known := range formats() {
		if known.looks != nil && known.looks(f) {
			return known, true
		}
	}
	return format{}, false
}
