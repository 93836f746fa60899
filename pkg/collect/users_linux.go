package collect

import (
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
)

// readAccounts reads the users of this machine once for all of them.
func readAccounts(etc string) *accounts {
	text, err := procfs.ReadFile(strings.TrimRight(etc, "/") + "/passwd")
	if err != nil {
		return new(accounts)
	}
	return &accounts{passwd: text}
}
