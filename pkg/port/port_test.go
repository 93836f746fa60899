package port

import (
	"encoding/json"
	"testing"
)

func TestClassOf(t *testing.T) {
	for number, want := range map[uint16]Class{
		0: WellKnown, 1: WellKnown, 1023: WellKnown,
		1024: Registered, 49151: Registered,
		49152: Dynamic, 62893: Dynamic, 65535: Dynamic,
	} {
		if got := ClassOf(number); got != want {
			t.Errorf("ClassOf(%d) = %q, want %q", number, got, want)
		}
	}
}

// The classes are the whole port space, and each holds just the ports that
// ClassOf puts in it.
func TestClassRange(t *testing.T) {
	for number := range 1 << 16 {
		class := ClassOf(uint16(number))
		for _, c := range []Class{WellKnown, Registered, Dynamic} {
			if got := c.Range().Contains(uint16(number)); got != (c == class) {
				t.Fatalf("%s.Range() contains %d: %t, but its class is %s", c, number, got, class)
			}
		}
	}
	if n := WellKnown.Range().Len() + Registered.Range().Len() + Dynamic.Range().Len(); n != 1<<16 {
		t.Errorf("the classes hold %d ports", n)
	}
}

func TestRange(t *testing.T) {
	for text, want := range map[string]Range{
		"8000":      One(8000),
		"8000-8010": {8000, 8010},
		"0-65535":   {0, 65535},
	} {
		var got Range
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("UnmarshalText(%q) = %v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("String() = %q, want %q", got.String(), text)
		}
	}
	if got := (Range{8000, 8010}).Len(); got != 11 {
		t.Errorf("Len() = %d, want 11", got)
	}
	for _, text := range []string{"", "-", "1-", "-1", "2-1", "65536", "+1", "1 ", "1-2-3", "x"} {
		got := One(7)
		if err := got.UnmarshalText([]byte(text)); err == nil || got != One(7) {
			t.Errorf("UnmarshalText(%q) = %v, %v; want an error and no change", text, got, err)
		}
	}
}

func TestRangeJSON(t *testing.T) {
	data, err := json.Marshal([]Range{One(80), {8000, 8010}})
	if err != nil || string(data) != `["80","8000-8010"]` {
		t.Fatalf("Marshal = %s, %v", data, err)
	}
	var back []Range
	if err := json.Unmarshal(data, &back); err != nil || len(back) != 2 || back[1] != (Range{8000, 8010}) {
		t.Errorf("Unmarshal = %v, %v", back, err)
	}
}
