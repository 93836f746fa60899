package rtnl

import (
	"encoding/binary"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Values of include/uapi/linux/genetlink.h and wireguard.h.
const (
	genericHeader = 4 // struct genlmsghdr: command u8, version u8, reserved u16

	controlID         = 0x10 // GENL_ID_CTRL
	controlGetFamily  = 3    // CTRL_CMD_GETFAMILY
	controlFamilyID   = 1    // CTRL_ATTR_FAMILY_ID
	controlFamilyName = 2    // CTRL_ATTR_FAMILY_NAME

	wireGuardName      = "wireguard" // WG_GENL_NAME
	wireGuardGetDevice = 0           // WG_CMD_GET_DEVICE
	wireGuardIndex     = 1           // WGDEVICE_A_IFINDEX
	wireGuardPort      = 6           // WGDEVICE_A_LISTEN_PORT
)

// genericRequest is the body of a generic netlink request with one attribute.
func genericRequest(command byte, kind uint16, value []byte) []byte {
	return netlink.AppendAttribute([]byte{command, 1, 0, 0}, kind, value)
}

// parseGeneric16 finds a u16 attribute in the messages of one generic netlink
// family; 0 where there is none.
func parseGeneric16(b []byte, family, wanted uint16) (uint16, error) {
	for m, err := range netlink.Messages(b) {
		if err != nil {
			return 0, err
		}
		if m.Kind != family || len(m.Body) < genericHeader {
			continue
		}
		for a := range netlink.Attributes(m.Body[genericHeader:]) {
			if a.Kind == wanted && len(a.Value) >= 2 {
				return binary.NativeEndian.Uint16(a.Value), nil
			}
		}
	}
	return 0, nil
}
