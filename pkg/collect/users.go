package collect

import (
	"bytes"
	"os/user"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
)

// accounts tells users by their number.
type accounts struct {
	// passwd is the text of passwd(5), where it was read. A user who is not in
	// it, of a directory service for example, is asked for by package user.
	passwd []byte
}

// userNames looks up the users that occur in the snapshot. One without a name
// is left out.
func (a *accounts) userNames(s *host.Snapshot) map[uint32]string {
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
		if names[uid] = a.of(uid).name; names[uid] == "" {
			delete(names, uid)
		}
	}
	return names
}

// account is what is known of a user; empty where there is none.
type account struct{ name, home string }

func (a *accounts) of(uid uint32) account {
	digits := strconv.FormatUint(uint64(uid), 10)
	if found, ok := parsePasswd(a.passwd, digits); ok {
		return found
	}
	u, err := user.LookupId(digits)
	if err != nil {
		return account{}
	}
	return account{u.Username, u.HomeDir}
}

// parsePasswd finds the first user of a number in the text of passwd(5), as
// getpwuid(3) does.
func parsePasswd(text []byte, uid string) (account, bool) {
	for line := range bytes.Lines(text) {
		// name:password:uid:gid:comment:home:shell
		fields := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(":"), 7)
		if len(fields) == 7 && string(fields[2]) == uid && len(fields[0]) > 0 && fields[0][0] != '+' && fields[0][0] != '-' {
			return account{string(fields[0]), string(fields[5])}, true
		}
	}
	return account{}, false
}
