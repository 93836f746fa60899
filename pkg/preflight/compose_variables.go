package preflight

import (
	"errors"
	"fmt"
	"strings"
)

// variables tell the value of a variable, and whether it is set.
type variables func(name string) (string, bool)

// before puts a variable in front of the others.
func (v variables) before(name, value string) variables {
	return func(asked string) (string, bool) {
		if asked == name {
			return value, true
		}
		return v(asked)
	}
}

// or asks the second where the first has no such variable.
func (v variables) or(values map[string]string) variables {
	return func(asked string) (string, bool) {
		if value, ok := v(asked); ok {
			return value, true
		}
		value, ok := values[asked]
		return value, ok
	}
}

// What a value may come to.
const (
	maxInterpolated      = 1 << 20 // bytes
	maxInterpolatedDepth = 100     // a default within a default within a default
)

var (
	errInterpolation  = errors.New("invalid interpolation format, you may need to escape any $ with another $")
	errInterpolatedTo = fmt.Errorf("it comes to more than %d MiB, or more than %d defaults in each other", maxInterpolated>>20, maxInterpolatedDepth)
)

// interpolate fills in $NAME and ${NAME}, with :-, -, :+, +, :? and ?, as
// docker compose does (compose-go, package template, which would print to
// standard error). unset are the variables that were replaced by nothing.
func interpolate(text string, v variables) (filled string, unset []string, err error) {
	in := interpolation{variables: v}
	filled, err = in.fill(text, 0)
	return filled, in.unset, err
}

type interpolation struct {
	variables variables
	unset     []string
	added     int // bytes
}

func (in *interpolation) fill(text string, depth int) (string, error) {
	if depth > maxInterpolatedDepth {
		return "", errInterpolatedTo
	}
	var out strings.Builder
	lineEnd, lastBrace := -1, -1 // of the line that is being read
	for i := 0; i < len(text); {
		next := strings.IndexByte(text[i:], '$')
		if next < 0 || i+next+1 == len(text) {
			out.WriteString(text[i:])
			break
		}
		out.WriteString(text[i : i+next])
		i += next
		var value string
		switch after := text[i+1]; {
		case after == '$':
			value, i = "$", i+2
		case isNameByte(after, true):
			name := leadingName(text[i+1:])
			value, i = in.value(name), i+1+len(name)
		case after == '{':
			if i > lineEnd {
				lineEnd, lastBrace = lineOf(text, i)
			}
			expression := leadingExpression(text[i:], lastBrace-i)
			if expression == "" {
				return "", errInterpolation
			}
			var err error
			if value, err = in.braced(expression, depth); err != nil {
				return "", err
			}
			i += len("${}") + len(expression)
		default:
			value, i = "$", i+1
		}
		if in.added += len(value); in.added > maxInterpolated {
			return "", errInterpolatedTo
		}
		out.WriteString(value)
	}
	return out.String(), nil
}

func (in *interpolation) value(name string) string {
	value, ok := in.variables(name)
	if !ok {
		in.unset = append(in.unset, name)
	}
	return value
}

// braced is the value of what stands between the braces.
func (in *interpolation) braced(expression string, depth int) (string, error) {
	name := leadingName(expression)
	operator, word := expression[len(name):], ""
	if operator == "" {
		return in.value(name), nil
	}
	length := 1
	if operator[0] == ':' {
		length = 2
	}
	operator, word = operator[:length], operator[length:]
	value, set := in.variables(name)
	counts := set && (length == 1 || value != "")
	switch {
	case strings.HasSuffix(operator, "?") && !counts:
		reason, err := in.fill(word, depth+1)
		if err != nil {
			return "", err
		}
		return "", &missingVariableError{name, reason}
	case strings.HasSuffix(operator, "-") && !counts, strings.HasSuffix(operator, "+") && counts:
		return in.fill(word, depth+1)
	}
	return value, nil
}

// missingVariableError is a variable that the file says must be set.
type missingVariableError struct{ name, reason string }

func (e *missingVariableError) Error() string {
	text := "required variable " + e.name + " is missing a value"
	if e.reason != "" {
		text += ": " + e.reason
	}
	return text
}

// leadingExpression is what stands between the braces of the ${…} that the text
// begins with, whose closing brace is the last one of the line at the latest;
// empty where there is none. Braces are counted as docker compose counts them:
// the character after an opening one is not looked at.
func leadingExpression(text string, lastBrace int) string {
	name := leadingName(text[2:])
	after := 2 + len(name)
	if name == "" || after >= len(text) {
		return ""
	}
	if text[after] == '}' {
		return name
	}
	operator := strings.TrimPrefix(text[after:], ":")
	if operator == "" || strings.IndexByte("-+?", operator[0]) < 0 {
		return ""
	}
	word := len(text) - len(operator) + 1
	if lastBrace < word {
		return ""
	}
	open := 0
	for i := 1; i <= lastBrace; i++ {
		switch text[i] {
		case '{':
			open++
			i++
		case '}':
			if open--; open == 0 {
				return text[2:i]
			}
		}
	}
	return text[2:lastBrace]
}

// lineOf finds the end of the line that begins at an offset or before, and its
// last closing brace.
func lineOf(text string, offset int) (end, lastBrace int) {
	end = len(text)
	if i := strings.IndexByte(text[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	return end, offset + strings.LastIndexByte(text[offset:end], '}')
}

func leadingName(text string) string {
	n := 0
	for n < len(text) && isNameByte(text[n], n == 0) {
		n++
	}
	return text[:n]
}

func isNameByte(b byte, first bool) bool {
	return b == '_' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || !first && '0' <= b && b <= '9'
}
