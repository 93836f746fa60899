// Package text writes reports for people: one answer in a sentence, then the
// table and the facts behind it, then what to do.
//
// It reads nothing and judges nothing. Whatever it writes is a
// [term.Text], so names from outside are sanitised; tables are drawn by
// tablewriter after every cell has been fitted to the width.
package text
