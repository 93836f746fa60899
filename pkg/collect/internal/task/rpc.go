package task

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
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
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				c, err := d.DialContext(ctx, "unix", socket)
				if err != nil {
					return nil, err
				}
				if uid, ok := peerUID(c); ok && uid != owner {
					c.Close()
					return nil, ErrStranger
				}
				return c, nil
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	const call = `<?xml version="1.0"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName><params/></methodCall>`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://supervisor/RPC2", strings.NewReader(call))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/xml")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %d", response.StatusCode)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxReply))
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
