package cli

// Example is a command line and what it does.
type Example struct {
	Command string
	// Text is part of a sentence in lower case; empty where the command says it.
	Text string
}
