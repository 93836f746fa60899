package cli

import (
	"context"
	"errors"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// The exit codes, the same for every command and every output format.
const (
	exitOK          = 0   // as wanted: held, listed, free
	exitNo          = 1   // nobody holds it; for check, a conflict
	exitUsage       = 2   // the command line makes no sense
	exitUnknown     = 3   // it could not be told
	exitRefused     = 4   // kill: refused or failed
	exitInternal    = 5   // portwho itself failed
	exitInterrupted = 130 // SIGINT, as shells count it
)

// failure is an error with an exit code and the next step.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a mistake in the command line.
func usage(err error, hint string) error { return &failure{exitUsage, err, hint} }

// silent is an exit code without a message: the answer was already written.
type silent int

func (s silent) Error() string { return "exit" }

// codeOf maps what a command returned to the exit code.
func codeOf(err error) int {
	var s silent
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &s):
		return int(s)
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitInternal
}

// exitWith turns a code into what a command returns.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return silent(code)
}

// heldCode is the code of portwho TARGET for one result.
func heldCode(r report.Result) int {
	switch r.Status {
	case report.StatusTaken:
		return exitOK
	case report.StatusPartlyFree:
		for _, b := range r.Binds {
			if b.Errno == host.EADDRINUSE {
				return exitOK
			}
		}
		return exitNo
	case report.StatusUnknown:
		return exitUnknown
	}
	return exitNo
}

// findingsCode is the code of portwho check: the worst of what was found and
// nobody agreed to.
func findingsCode(findings []report.Finding, strict bool) int {
	code := exitOK
	for _, f := range findings {
		if f.Allowed || f.Severity == report.SeverityNote || f.Severity == report.SeverityWarning && !strict {
			continue
		}
		switch f.ID {
		case report.FindingBadValue, report.FindingUnreadable:
			code = max(code, exitUsage)
		case report.FindingUnknown:
			code = max(code, exitUnknown)
		default:
			code = max(code, exitNo)
		}
	}
	return code
}

// worstHeld is the code of portwho TARGET...: each target counts once, and a
// range or a target with several protocols is held if any part of it is.
func worstHeld(rep report.Report, targets []port.Target) int {
	worst := exitOK
	for _, t := range targets {
		code, any := exitNo, false
		for _, r := range rep.Results {
			if r.Target.Text != t.Text || !t.Ports.Contains(r.Target.Port) {
				continue
			}
			switch c := heldCode(r); {
			case c == exitOK:
				any = true
			default:
				code = max(code, c)
			}
		}
		if !any {
			worst = max(worst, code)
		}
	}
	return worst
}
