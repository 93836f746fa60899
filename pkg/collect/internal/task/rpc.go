package task

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/unixhttp"
)

// patience is how long a supervisor may take for its answer.
const patience = 500 * time.Millisecond

// ErrStranger is wrapped where a socket belongs to another user than the
// supervisor.
var ErrStranger = errors.New("the socket is another user's")

// ask calls supervisor.getAllProcessInfo by XML-RPC over a Unix socket. The
// path comes from a file of the supervisor's user, so it is asked only where
// that user made the socket.
func ask(ctx context.Context, socket string, owner uint32) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return unixhttp.Call{
		Socket: socket, Path: "/RPC2", ContentType: "text/xml",
		Body: `<?xml version="1.0"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName><params/></methodCall>`,
		Peer: func(c net.Conn) error {
			if uid, ok := peerUID(c); ok && uid != owner {
				return ErrStranger
			}
			return nil
		},
	}.Do(ctx)
}

// ProcessInfo is one program of supervisor.getAllProcessInfo.
type ProcessInfo struct {
	Name, Group string
	PID         int32
}

// ParseProcessInfo reads the answer to supervisor.getAllProcessInfo
// (XML-RPC: an array of structs).
func ParseProcessInfo(text []byte) ([]ProcessInfo, error) {
	type member struct {
		Name  string `xml:"name"`
		Value struct {
			Text   string `xml:",chardata"`
			String string `xml:"string"`
			Int    string `xml:"int"`
			I4     string `xml:"i4"`
		} `xml:"value"`
	}
	var response struct {
		XMLName xml.Name   `xml:"methodResponse"`
		Fault   []struct{} `xml:"fault"`
		Structs []struct {
			Members []member `xml:"member"`
		} `xml:"params>param>value>array>data>value>struct"`
	}
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&response); err != nil {
		return nil, fmt.Errorf("read its answer: %w", err)
	}
	if len(response.Fault) > 0 {
		return nil, errors.New("it refused to answer")
	}
	var out []ProcessInfo
	for _, s := range response.Structs {
		var p ProcessInfo
		for _, m := range s.Members {
			value := m.Value.String
			if value == "" {
				value = m.Value.Int + m.Value.I4
			}
			if value == "" {
				value = strings.TrimSpace(m.Value.Text)
			}
			switch m.Name {
			case "name":
				p.Name = value
			case "group":
				p.Group = value
			case "pid":
				pid, err := strconv.ParseInt(value, 10, 32)
				if err == nil {
					p.PID = int32(pid)
				}
			}
		}
		out = append(out, p)
	}
	return out, nil
}
