package text

import (
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// refusedAnyway is a port that every rule allows and the kernel refuses. The
// program's name is one that somebody chose.
func refusedAnyway() report.Result {
	const rule = "the kernel answered EPERM to bind(), which no rule explains"
	const sees = "a BPF program of the cgroup sees every bind of this process (gu\x1b[31mard, id 7, at /a\nb)"
	r := resultOf("8080", 8080, port.TCP, report.StatusForbidden,
		"8080/tcp is free by every rule of the kernel, and the kernel still refuses it: EPERM. Likely: "+sees)
	r.Binds = fourBinds(port.TCP, "", "EPERM", rule, "EPERM", rule, "EPERM", rule, "EPERM", rule)
	for i := range r.Binds {
		r.Binds[i].BlockedBy = nil
		r.Binds[i].Proof = report.ProofProbe
	}
	r.Causes = []report.Cause{
		{ID: "cgroup_bpf", Confidence: report.Likely, Summary: sees, Remedies: []report.Remedy{
			{Summary: "see what is attached where", Command: []string{"sudo", "bpftool", "cgroup", "tree"}},
		}},
		{ID: "seccomp", Confidence: report.Possible, Summary: "this process runs under a filter of system calls (seccomp); it does not refuse every bind, but it can refuse some"},
	}
	return r
}

func explainingCauses() report.Explanation {
	return report.Explanation{Causes: []report.ExplainedCause{
		{
			ID: "time_wait", Title: "a closed connection keeps the port for a while", Told: true,
			Meaning:  "The side that closes a TCP connection first waits for packets that are still on their way, on Linux for 60 seconds.",
			Evidence: "A socket in the state TIME_WAIT.",
			Advice:   "Wait, and let the server set SO_REUSEADDR, which helps from its next restart on.",
			Systems:  []string{"darwin", "freebsd", "linux", "windows"},
		},
		{
			ID: "localhost_mismatch", Title: "the server listens on one family, localhost means the other one of the two", Told: true,
			Meaning: "M.", Evidence: "E.", Advice: "A.", Systems: []string{"darwin", "plan9"},
		},
		{
			ID: "http_sys", Title: "the HTTP driver of Windows holds the port",
			Meaning: "HTTP.sys listens in the kernel.", Evidence: "E.", Advice: "Stop that service.", Systems: []string{"windows"},
		},
	}, Findings: []report.ExplainedFinding{{
		ID: "declared_twice", Title: "The port is declared twice",
		Meaning: "Two things that start together want the same port on the same address. Give one of them another port.",
	}}}
}
