package probe

// winsockName gives the errors of Windows Sockets the names that the same
// answers have elsewhere (winsock2.h; the numbers are the same on every
// Windows). It returns "" for others.
func winsockName(code uintptr) string {
	switch code {
	case 10013:
		return "EACCES"
	case 10022:
		return "EINVAL"
	case 10024:
		return "EMFILE"
	case 10042:
		return "ENOPROTOOPT"
	case 10043:
		return "EPROTONOSUPPORT"
	case 10044:
		return "ESOCKTNOSUPPORT"
	case 10045:
		return "EOPNOTSUPP"
	case 10047:
		return "EAFNOSUPPORT"
	case 10048:
		return "EADDRINUSE"
	case 10049:
		return "EADDRNOTAVAIL"
	case 10050:
		return "ENETDOWN"
	case 10055:
		return "ENOBUFS"
	}
	return ""
}
