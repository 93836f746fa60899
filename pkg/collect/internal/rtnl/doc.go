// Package rtnl asks rtnetlink(7) about interfaces, addresses and the local
// routing table, and generic netlink about WireGuard, and reads the answers.
// The readers take bytes, so that they can be tested everywhere.
package rtnl
