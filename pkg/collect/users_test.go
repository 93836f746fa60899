package collect

import (
	"os/user"
	"strconv"
	"testing"
)

func TestParsePasswd(t *testing.T) {
	t.Parallel()
	const text = "root:x:0:0:root:/root:/bin/bash\n+nis::7:7:::\nshort:x:8:8\n" +
		"ana:x:1000:1000:Ana, A.:/home/ana:/bin/zsh\ntwin:x:1000:1000::/home/twin:/bin/sh\nlast:x:9:9::/:/bin/sh"
	for uid, want := range map[string]account{
		"0": {"root", "/root"}, "1000": {"ana", "/home/ana"}, "9": {"last", "/"},
		"7": {}, "8": {}, "10": {}, "": {}, "100": {},
	} {
		if got, ok := parsePasswd([]byte(text), uid); got != want || ok != (want != account{}) {
			t.Errorf("uid %q: %+v, %v", uid, got, ok)
		}
	}
}

// The file must not say anything else than the system does.
func TestAccounts(t *testing.T) {
	t.Parallel()
	u, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Skip("a system without numbers of users")
	}
	for _, a := range []*accounts{readAccounts("/etc"), readAccounts("/nonexistent")} {
		if got := a.of(uint32(uid)); got != (account{u.Username, u.HomeDir}) {
			t.Errorf("got %+v, want %+v", got, u)
		}
		if got := a.of(1<<31 + 7); got != (account{}) {
			t.Errorf("nobody is %+v", got)
		}
	}
}

func FuzzParsePasswd(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/bash\n"), "0")
	f.Fuzz(func(t *testing.T, text []byte, uid string) {
		if got, ok := parsePasswd(text, uid); ok && got.name == "" {
			t.Error("a user without a name")
		}
	})
}
