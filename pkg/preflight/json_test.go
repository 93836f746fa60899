package preflight

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestParseJSON(t *testing.T) {
	f := file{name: "x.json", data: []byte(`{
  // a comment
  "a": [1, -2.5e3, true, null, "x\n\"\u00e9\ud83d\ude00/"], /* and
  another */
  "b": {"c": "–", "c": "last",},
}`)}
	v, bad := parseJSON(f, true)
	if bad != nil {
		t.Fatal(bad.Summary)
	}
	if got := v.get("a").items[4].text; got != "x\n\"é😀/" {
		t.Errorf("the text is %q", got)
	}
	if got := v.get("b").get("c"); got.text != "last" || !got.is(jsonString) {
		t.Errorf("the last of two members is %+v", got)
	}
	text := v.get("a").items[4]
	slash := text.at(strings.IndexByte(text.text, '/'))
	if f.data[slash] != '/' {
		t.Errorf("the slash is at %q", f.data[slash:])
	}
	if v.get("none").get("none") != nil || v.get("none").is(jsonString) {
		t.Error("a member that is not there is one")
	}
}

func TestParseJSONErrors(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "1:1: it ends too early",
		`{`:                                    "1:2: a name in double quotes is missing",
		`{"a" 1}`:                              "1:6: a colon is missing",
		`{"a": }`:                              "1:7: a value is missing",
		`{"a": 1 "b": 2}`:                      `1:9: a comma or a '}' is missing`,
		"{\n  \"a\": 1,\n}":                    "2:9: there is a comma too many",
		`[1,2`:                                 `1:5: a comma or a ']' is missing`,
		`["a]`:                                 "1:5: a string does not end",
		"[\"a\n\"]":                            "1:4: a string goes over the end of the line",
		`["\x"]`:                               "1:3: an escape that JSON has none of",
		`["\u12"]`:                             "1:7: an escape that JSON has none of",
		`[nul]`:                                "1:2: a value is missing",
		`{} {}`:                                "1:4: something comes after the end",
		"// x\n{}":                             "1:1: a comment, which JSON has none of",
		"é{}":                                  "1:1: a value is missing",
		strings.Repeat("[", 1e5):               "1:502: it is nested more than 500 deep",
		"[" + strings.Repeat("0,", 2e5) + "0]": "1:262144: it has more than 131072 values",
	} {
		_, bad := parseJSON(file{name: "x", data: []byte(text)}, false)
		if bad == nil {
			t.Errorf("%.40q is JSON", text)
			continue
		}
		got := strings.TrimPrefix(bad.Summary, "x cannot be understood: ")
		if got = fmt.Sprintf("%d:%d: %s", bad.Line, bad.Column, got); got != want {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
	}
	if _, bad := parseJSON(file{data: []byte("/* x")}, true); bad == nil {
		t.Error("a comment without an end is JSON")
	}
	if _, bad := parseJSON(file{data: []byte("{} // x")}, true); bad != nil {
		t.Error(bad.Summary)
	}
}

// FuzzParseJSON compares with the standard library which texts are JSON, and
// the texts in them.
func FuzzParseJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,"\u00e9\ud83d\ude00",{"b":null}]}`, `[`, `"\"`, "[1,]", `{"a":1,"a":2}`, " 1e5 ", `"\ud83d"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data := []byte(text)
		if _, why := notText(data); why != nil {
			return
		}
		strict, bad := parseJSON(file{data: data}, false)
		if json.Valid(data) && bad != nil && !strings.Contains(bad.Summary, "more than") {
			t.Fatalf("%q is JSON: %s", text, bad.Summary)
		}
		if bad == nil && !json.Valid(data) && !hasOddNumber(strict) {
			t.Fatalf("%q is no JSON", text)
		}
		var want string
		if strict.is(jsonString) && json.Unmarshal(data, &want) == nil && strict.text != want {
			t.Fatalf("%q reads as %q, want %q", text, strict.text, want)
		}
		loose, bad := parseJSON(file{data: data}, true)
		if strict != nil && bad != nil {
			t.Fatalf("%q is JSON, and none with comments: %s", text, bad.Summary)
		}
		if loose.is(jsonString) {
			for i := range loose.text {
				if at := loose.at(i); at <= loose.offset || at >= len(data) {
					t.Fatalf("byte %d of %q is at %d", i, text, at)
				}
			}
		}
	})
}

// hasOddNumber reports whether there is a number that is more than JSON allows,
// such as 01 or 1-2: they are no ports, and nothing else is made of them.
func hasOddNumber(v *jsonValue) bool {
	if v.is(jsonNumber) {
		return !json.Valid([]byte(v.text))
	}
	for _, item := range v.items {
		if hasOddNumber(item) {
			return true
		}
	}
	for _, m := range v.members {
		if hasOddNumber(m.value) {
			return true
		}
	}
	return false
}
