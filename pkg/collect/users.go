package collect

import (
	"os/user"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
)

// userNames looks up the users that occur in the snapshot. One without a name
// is left out.
func userNames(s *host.Snapshot) map[uint32]string {
	names := make(map[uint32]string)
	look := func(uid *uint32) {
		if uid != nil {
			names[*uid] = ""
		}
	}
	look(s.Viewer.UID)
	for i := range s.Sockets {
		look(s.Sockets[i].UID)
	}
	for i := range s.Processes {
		look(s.Processes[i].UID)
	}
	for uid := range names {
		if names[uid] = userName(uid); names[uid] == "" {
			delete(names, uid)
		}
	}
	return names
}

// userName returns the name of a uid; empty where there is none.
func userName(uid uint32) string {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return ""
	}
	return u.Username
}
