package lease

import (
	"testing"
	"time"
)

// FuzzParseLease: whatever a file holds, a lease that is read is about the port
// of that file and ends some time.
func FuzzParseLease(f *testing.F) {
	f.Add([]byte(`{"port":20123,"protocol":"tcp","name":"WEB","pid":1,"start_ticks":4,"taken_at":"2026-11-24T23:56:01Z"}`))
	f.Add([]byte(`{"port":20123,"pid":1`))
	f.Add([]byte(`{"port":20124,"pid":1}`))
	f.Add([]byte(`{"port":20123}`))
	f.Add([]byte("\x00\x00\x00\x00"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLease(text, 20123)
		if err == nil && (l.Port != 20123 || l.PID < 0 || l.PID == 0 && l.AtLeast.IsZero() && l.AtMost.IsZero()) {
			t.Errorf("%q is read as %+v", text, l)
		}
	})
}

func TestUnavailableErrorNamesTheOwner(t *testing.T) {
	for want, l := range map[string]Lease{
		"take 8080/tcp: it is leased to process 12 as WEB": {Name: "WEB", Owner: Owner{PID: 12}},
		"take 8080/tcp: it is leased to process 12":        {Owner: Owner{PID: 12}},
		"take 8080/tcp: it is leased":                      {Owner: Owner{AtMost: time.Unix(1, 0)}},
	} {
		if got := (&UnavailableError{Port: 8080, Protocol: "tcp", Lease: &l}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
