package port

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParseEphemeral(t *testing.T) {
	for text, want := range map[string]Range{
		"32768\t60999\n": {32768, 60999},
		"1024 65535":     {1024, 65535},
		"49152\t49152\n": One(49152),
	} {
		if got, err := ParseEphemeral(text); err != nil || got != want {
			t.Errorf("ParseEphemeral(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "\n", "32768", "32768-60999", "60999 32768", "0 100", "1 65536", "1 2 3", "1 -2", "a b", "٣ ٤"} {
		if got, err := ParseEphemeral(text); err == nil {
			t.Errorf("ParseEphemeral(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseRanges(t *testing.T) {
	for text, want := range map[string][]Range{
		"":                  nil,
		"\n":                nil,
		"8080\n":            {One(8080)},
		"8080,9148-9150\n":  {One(8080), {9148, 9150}},
		"0-65535\n":         {{0, 65535}},
		"1,3,5-7,30000\r\n": {One(1), One(3), {5, 7}, One(30000)},
	} {
		if got, err := ParseRanges(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseRanges(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{",", "1,", ",1", "1,,2", "1 2", "1, 2", "2-1", "65536", "-1", "1-", "a"} {
		if got, err := ParseRanges(text); err == nil || got != nil {
			t.Errorf("ParseRanges(%q) = %v, %v; want an error", text, got, err)
		}
	}
}

func TestParseUnprivilegedStart(t *testing.T) {
	for text, want := range map[string]uint16{"1024\n": 1024, "0\n": 0, "80": 80, "65535\n": 65535} {
		if got, err := ParseUnprivilegedStart(text); err != nil || got != want {
			t.Errorf("ParseUnprivilegedStart(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "\n", "65536", "-1", "+80", "1024 80", "x"} {
		if got, err := ParseUnprivilegedStart(text); err == nil {
			t.Errorf("ParseUnprivilegedStart(%q) = %d, want an error", text, got)
		}
	}
}

func FuzzParseEphemeral(f *testing.F) {
	f.Add("32768\t60999\n")
	f.Add("0 0")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseEphemeral(text)
		if err != nil {
			return
		}
		if r.First < 1 || r.First > r.Last {
			t.Fatalf("ParseEphemeral(%q) = %v", text, r)
		}
		kernel := strconv.Itoa(int(r.First)) + "\t" + strconv.Itoa(int(r.Last)) + "\n"
		if again, err := ParseEphemeral(kernel); err != nil || again != r {
			t.Fatalf("ParseEphemeral(%q) = %v, %v; want %v", kernel, again, err, r)
		}
	})
}

func FuzzParseRanges(f *testing.F) {
	f.Add("8080,9148-9150\n")
	f.Add("")
	f.Add("1,2-3,,")
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseRanges(text)
		if err != nil {
			if ranges != nil {
				t.Fatalf("ParseRanges(%q) = %v with error %v", text, ranges, err)
			}
			return
		}
		var items []string
		for _, r := range ranges {
			if r.First > r.Last {
				t.Fatalf("ParseRanges(%q) = %v", text, ranges)
			}
			items = append(items, r.String())
		}
		again, err := ParseRanges(strings.Join(items, ",") + "\n")
		if err != nil || !slices.Equal(again, ranges) {
			t.Fatalf("ParseRanges(%q) = %v, and read back %v, %v", text, ranges, again, err)
		}
	})
}

func FuzzParseUnprivilegedStart(f *testing.F) {
	f.Add("1024\n")
	f.Add("70000")
	f.Fuzz(func(t *testing.T, text string) {
		number, err := ParseUnprivilegedStart(text)
		if err != nil {
			return
		}
		if want := strings.TrimLeft(strings.TrimSpace(text), "0"); want != "" && want != strconv.Itoa(int(number)) {
			t.Fatalf("ParseUnprivilegedStart(%q) = %d", text, number)
		}
	})
}
