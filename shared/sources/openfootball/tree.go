package openfootball

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Problem is a problem at one place of a file.
type Problem struct {
	File    string
	Line    int    // from 1; 0 means the whole file
	Field   string // "matches[4].score.ft", "" if the line has no fields
	Message string
}

// String returns file, line, field and message, such as
// "2018-19/at.1.json:123: matches[4].score.ft: missing".
func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at += ":" + strconv.Itoa(p.Line)
	}
	if p.Field != "" {
		at += ": " + p.Field
	}
	return at + ": " + p.Message
}

// node is a JSON value with its line, for problems. Exactly one of its parts is set; null
// has none.
type node struct {
	line    int
	members map[string]*node
	items   []*node
	scalar  any // string, json.Number, bool
	isList  bool
}

func (n *node) isNull() bool {
	return n == nil || n.members == nil && !n.isList && n.scalar == nil
}

// kind returns the name of the value's type, for messages.
func (n *node) kind() string {
	switch {
	case n.isNull():
		return "null"
	case n.isList:
		return "a list"
	case n.members != nil:
		return "an object"
	}
	switch v := n.scalar.(type) {
	case string:
		return strconv.Quote(v)
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(n.scalar)
}

// maxDepth bounds nesting, so that a hostile file cannot exhaust the stack.
const maxDepth = 32

type reader struct {
	dec  *json.Decoder
	data []byte
	line int
	upTo int64
}

// parseTree reads one JSON value. Its error is a *Problem with the line.
func parseTree(data []byte) (*node, *Problem) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	r := &reader{dec: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err == nil {
		if _, more := r.dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("unexpected text after the end of the JSON value")
		}
	}
	if err == nil {
		return n, nil
	}
	at := r.dec.InputOffset()
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		at = max(at, bad.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		at, err = int64(len(data)), errors.New("the file ends within the JSON value")
	}
	return nil, &Problem{Line: r.lineAt(at), Message: "unreadable JSON: " + err.Error()}
}

// lineAt returns the line of an offset. It continues from the previous offset, so offsets
// must not decrease.
func (r *reader) lineAt(offset int64) int {
	offset = min(offset, int64(len(r.data)))
	if offset > r.upTo {
		r.line += bytes.Count(r.data[r.upTo:offset], []byte("\n"))
		r.upTo = offset
	}
	return r.line
}

func (r *reader) value(depth int) (*node, error) {
	tok, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: r.lineAt(r.dec.InputOffset())}
	delim, ok := tok.(json.Delim)
	if !ok {
		n.scalar = tok
		return n, nil
	}
	if depth == maxDepth {
		return nil, fmt.Errorf("values are nested deeper than %d", maxDepth)
	}
	if delim == '[' {
		n.isList = true
		for r.dec.More() {
			item, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	} else {
		n.members = map[string]*node{}
		for r.dec.More() {
			name, err := r.dec.Token()
			if err != nil {
				return nil, err
			}
			if n.members[name.(string)], err = r.value(depth + 1); err != nil {
				return nil, err
			}
		}
	}
	_, err = r.dec.Token()
	return n, err
}
