// Package term knows the terminal: what it can show, how wide text is on it,
// and how text from outside is made safe before it gets there.
//
// A process may call itself anything, escape codes included. So whatever is
// shown passes through [Text], which can only be made from sanitised strings.
package term
