// Package watch is the live screen of portwho watch. It reads and stops
// nothing: what it shows and what a key does come through a [Config].
package watch
