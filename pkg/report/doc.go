// Package report holds portwho's answers as data: what was asked, what the
// kernel says to each bind, which sockets and processes stand in the way, why,
// and what to do. Renderers and other programs read it; its JSON form is a
// contract described in docs/json.md.
package report
