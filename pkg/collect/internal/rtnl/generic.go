package rtnl

import "encoding/binary"

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
	b := make([]byte, genericHeader, genericHeader+attributeHeaderSize+len(value)+3)
	b[0], b[1] = command, 1
	b = binary.NativeEndian.AppendUint16(b, uint16(attributeHeaderSize+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// parseGeneric16 finds a u16 attribute in the messages of one generic netlink
// family; 0 where there is none.
func parseGeneric16(b []byte, family, wanted uint16) (uint16, error) {
	for m, err := range messages(b) {
		if err != nil {
			return 0, err
		}
		if m.kind != family || len(m.body) < genericHeader {
			continue
		}
		for a := range attributes(m.body[genericHeader:]) {
			if a.kind == wanted && len(a.value) >= 2 {
				return binary.NativeEndian.Uint16(a.value), nil
			}
		}
	}
	return 0, nil
}
