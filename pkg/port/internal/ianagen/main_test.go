package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRun writes the table of a small index. Entries that the generator adds
// to every table, those of missing, are checked apart.
func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "services.txt")
	if err := run(filepath.Join("testdata", "index.json"), out); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var own, added []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		name := strings.Fields(line)[1]
		if slices.ContainsFunc(missing, func(m struct {
			first, last uint16
			entry
		}) bool {
			return m.name == name
		}) {
			added = append(added, line)
		} else {
			own = append(own, line)
		}
	}
	want := []string{
		"7 echo",
		"10u noise",
		"11t systat Active Users",
		"43t whoispp",
		"80 www-http World Wide Web HTTP",
		"363 rsvp-tunnel",
		"512t exec remote process execution",
		"512u biff",
		"5432 postgresql PostgreSQL Database",
		"6379t redis An advanced key-value cache and store",
	}
	if !slices.Equal(own, want) {
		t.Errorf("have %q\nwant %q", own, want)
	}
	if added[0] != "80 http World Wide Web HTTP" || added[1] != "80 www" {
		t.Errorf("added %q first", added[:2])
	}
	if i := strings.Index(string(data), "80 http"); i < 0 || i > strings.Index(string(data), "80 www-http") {
		t.Error("http is not the first name of port 80")
	}
	x11 := 0
	for _, line := range added {
		if strings.Contains(line, " x11 ") {
			x11++
		}
	}
	if x11 != 64 {
		t.Errorf("x11 has %d ports, want 6000 to 6063", x11)
	}
}

func TestGenerateIsStable(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var first bytes.Buffer
	if err := generate(&first, data); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var again bytes.Buffer
		if err := generate(&again, data); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatalf("the same index gives another table (%v)", err)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, index := range []string{
		"", "[]", `{"x/tcp": ["a", "b"]}`, `{"65536/tcp": ["a", "b"]}`, `{"-1/udp": ["a", "b"]}`, `{"1/tcp": "a"}`,
	} {
		if err := generate(&bytes.Buffer{}, []byte(index)); err == nil {
			t.Errorf("generate(%s) worked", index)
		}
	}
}

func TestUnpack(t *testing.T) {
	pack := func(name string) *bytes.Buffer {
		var archive bytes.Buffer
		zipped := gzip.NewWriter(&archive)
		files := tar.NewWriter(zipped)
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 2}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := files.Close(); err != nil {
			t.Fatal(err)
		}
		if err := zipped.Close(); err != nil {
			t.Fatal(err)
		}
		return &archive
	}
	if data, err := unpack(pack("package/index.json")); err != nil || string(data) != "{}" {
		t.Errorf("unpack = %q, %v", data, err)
	}
	if _, err := unpack(pack("package/README.md")); err == nil {
		t.Error("an archive without index.json was unpacked")
	}
	if _, err := unpack(strings.NewReader("not an archive")); err == nil {
		t.Error("a text was unpacked")
	}
}
