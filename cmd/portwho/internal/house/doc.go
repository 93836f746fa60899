// Package house holds the rules of the repository as tests: who may import
// whom, what a source file may not do, and that the commands in the documents
// work. It has no code of its own.
package house
