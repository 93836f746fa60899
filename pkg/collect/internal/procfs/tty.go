package procfs

import "fmt"

// TTYName names the terminal with the device number of field 7 of
// /proc/PID/stat (Documentation/admin-guide/devices.txt). It is empty for
// none; a terminal with a number that has no fixed name is given as
// major:minor.
func TTYName(device uint32) string {
	if device == 0 {
		return ""
	}
	// new_encode_dev of include/linux/kdev_t.h.
	major := device >> 8 & 0xfff
	minor := device&0xff | device>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return fmt.Sprintf("pts/%d", minor+(major-136)<<8)
	case major == 4 && minor < 64:
		return fmt.Sprintf("tty%d", minor)
	case major == 4:
		return fmt.Sprintf("ttyS%d", minor-64)
	case major == 5 && minor == 1:
		return "console"
	case major == 166:
		return fmt.Sprintf("ttyACM%d", minor)
	case major == 188:
		return fmt.Sprintf("ttyUSB%d", minor)
	case major == 204 && minor >= 64 && minor < 80:
		return fmt.Sprintf("ttyAMA%d", minor-64)
	case major == 229:
		return fmt.Sprintf("hvc%d", minor)
	}
	return fmt.Sprintf("%d:%d", major, minor)
}
