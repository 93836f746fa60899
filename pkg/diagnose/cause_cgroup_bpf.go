package diagnose

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// cgroupBPF blames a BPF program of the cgroup that sees binds. It refuses with
// EPERM unless it sets another errno (bpf_set_retval), and it may change the
// address and the port that are bound.
func cgroupBPF(v *view) (report.Cause, bool) {
	refused := v.refusals()
	for _, verdict := range refused {
		programs := v.programsFor(verdict, func(p host.BindProgram) bool { return !isSystemdBind(p) })
		if len(programs) == 0 {
			continue
		}
		same := v.refusedWith("bind", verdict.Errno)
		sees := fmt.Sprintf("%s of the cgroup %s every bind of this process (%s)",
			verb("a BPF program", "BPF programs", len(programs) > 1), verb("sees", "see", len(programs) > 1), programList(programs))
		confidence := report.Likely
		if verdict.Errno != host.EPERM {
			confidence = report.Possible
			sees += "; it can change what is bound, and it can refuse with any errno"
		}
		return v.policy(CauseCgroupBPF, confidence, same, sees, programEvidence(programs),
			report.Remedy{Summary: "see what is attached where", Command: []string{"sudo", "bpftool", "cgroup", "tree"}}, v.outside()), true
	}
	return report.Cause{}, false
}

// programsFor are the programs that saw the bind: those of the socket's
// family, where bind was what failed.
func (v *view) programsFor(verdict Verdict, wanted func(host.BindProgram) bool) []host.BindProgram {
	if v.callOf(verdict) != "bind" {
		return nil
	}
	family := 6
	if verdict.Candidate.Local.Addr().Is4() {
		family = 4
	}
	var out []host.BindProgram
	for _, p := range v.confinement().BindPrograms {
		if p.Family == family && wanted(p) {
			out = append(out, p)
		}
	}
	return out
}

// programList names programs: sd_bind4 (id 12) of /system.slice/web.service.
func programList(programs []host.BindProgram) string {
	words := make([]string, 0, len(programs))
	for _, p := range programs {
		word := fmt.Sprintf("id %d", p.ID)
		if p.Name != "" {
			word = fmt.Sprintf("%s, id %d", p.Name, p.ID)
		}
		if p.Cgroup != "" {
			word += ", at " + p.Cgroup
		} else {
			word += ", at a cgroup that cannot be seen from here"
		}
		words = append(words, word)
	}
	return joinAnd(words)
}

func programEvidence(programs []host.BindProgram) map[string]any {
	programs = slices.Clone(programs)
	var ids []uint32
	var names, cgroups []string
	for _, p := range programs {
		ids, names, cgroups = append(ids, p.ID), append(names, p.Name), append(cgroups, p.Cgroup)
	}
	return map[string]any{"programs": ids, "names": names, "cgroups": cgroups}
}
