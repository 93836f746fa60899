package report

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
)

// WriteJSON writes a report in the form that docs/json.md promises: indented
// by two spaces, with a final newline. A list is never null, whatever the
// report was made of. Bytes of a name that are not UTF-8 become U+FFFD.
func WriteJSON(w io.Writer, r Report) error { return write(w, "report", r) }

// WriteStopJSON writes what came of portwho kill, in the same form.
func WriteStopJSON(w io.Writer, r StopReport) error { return write(w, "stop report", r) }

// WriteExplanationJSON writes an explanation, in the same form.
func WriteExplanationJSON(w io.Writer, e Explanation) error { return write(w, "explanation", e) }

// WriteWaitJSON writes what came of portwho wait, in the same form.
func WriteWaitJSON(w io.Writer, r WaitReport) error { return write(w, "wait report", r) }

// WriteFreeJSON writes the answer to portwho free, in the same form.
func WriteFreeJSON(w io.Writer, r FreeReport) error { return write(w, "free ports", r) }

// WriteEventJSON writes an event in one line.
func WriteEventJSON(w io.Writer, e Event) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(withoutNil(reflect.ValueOf(e)).Interface()); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

func write(w io.Writer, what string, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // the output is no web page, and "<" is what a command line says
	enc.SetIndent("", "  ")
	if err := enc.Encode(withoutNil(reflect.ValueOf(value)).Interface()); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}

// withoutNil returns a copy of the value in which every nil slice and map is
// an empty one. Nothing in the value itself is changed: callers go on using
// the slices they share with it.
func withoutNil(v reflect.Value) reflect.Value {
	if t := v.Type(); t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return v // it says itself what it looks like
	}
	switch v.Kind() {
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if field := out.Field(i); field.CanSet() {
				field.Set(withoutNil(v.Field(i)))
			}
		}
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(withoutNil(v.Index(i)))
		}
		return out
	case reflect.Map:
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), withoutNil(it.Value()))
		}
		return out
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		if v.Kind() == reflect.Interface {
			return withoutNil(v.Elem())
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(withoutNil(v.Elem()))
		return out
	}
	return v
}
