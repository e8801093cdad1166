package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"statgate/shared/api"
)

const (
	// maxBytes is the size of an answer: the text and the structured object together.
	maxBytes = 8 << 10
	// maxRows is the number of rows of an answer.
	maxRows = 25
	// spare is what an answer needs besides its rows: the heading, the cursor and the
	// structure of the object.
	spare = 1 << 10
)

// line formats a line. Texts become plain, so that a name from the data cannot end the line.
func line(format string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = plain(s)
		}
	}
	return fmt.Sprintf(format, args...)
}

// rows collects the rows of an answer until it is full. A row is a line of the text and an
// object of the structured result.
type rows[T any] struct {
	limit int // at most maxRows
	lines []string
	data  []T
	bytes int
}

func newRows[T any](limit int) *rows[T] {
	if limit <= 0 || limit > maxRows {
		limit = maxRows
	}
	return &rows[T]{limit: limit, data: []T{}}
}

// add adds a row. It returns false, and adds nothing, if the answer is full.
func (r *rows[T]) add(line string, row T) bool {
	if len(r.data) == r.limit || !r.reserve(line, row) {
		return false
	}
	r.lines, r.data = append(r.lines, line), append(r.data, row)
	return true
}

// reserve counts the bytes of a line and an object beside the rows. It returns false, and
// counts nothing, if the answer is full.
func (r *rows[T]) reserve(line string, row any) bool {
	raw, err := json.Marshal(row)
	size := 2*len(line) + 2 + len(raw) // quotes in JSON may double a line
	if err != nil || r.bytes+size > maxBytes-spare {
		return false
	}
	r.bytes += size
	return true
}

// text returns a heading and the lines, and how to get more.
func (r *rows[T]) text(heading string, cursor *string) string {
	all := append([]string{heading}, r.lines...)
	return joined(all, cursor)
}

// joined returns the lines of an answer, and how to get more.
func joined(lines []string, cursor *string) string {
	if cursor != nil {
		lines = append(lines, "There is more: repeat the call with cursor "+*cursor)
	}
	return strings.Join(lines, "\n")
}

// cursor returns the signed cursor of a position, or nil for "", the end.
func (c *Call) cursor(ctx context.Context, position string) (*string, error) {
	if position == "" {
		return nil, nil
	}
	cursors, err := c.Cursors(ctx)
	if err != nil {
		return nil, err
	}
	signed := cursors.Encode(c.query, position, c.Now)
	return &signed, nil
}

// position returns the position of a cursor, or "" for no cursor.
func (c *Call) position(ctx context.Context, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	cursors, err := c.Cursors(ctx)
	if err != nil {
		return "", err
	}
	at, err := cursors.Decode(c.query, cursor, c.Now)
	if err != nil {
		return "", api.FieldErrorOf(api.InputCursor, "cursor", err.Error())
	}
	return at, nil
}

// queryOf identifies a query: the tool, the organisation and the inputs without paging.
func queryOf(tool, org string, input any) (string, error) {
	v := reflect.New(reflect.TypeOf(input).Elem()).Elem()
	v.Set(reflect.ValueOf(input).Elem())
	for _, paging := range []string{"Cursor", "Limit"} {
		if f := v.FieldByName(paging); f.IsValid() {
			f.SetZero()
		}
	}
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return "", fmt.Errorf("tools: encoding the query: %w", err)
	}
	return "mcp\n" + tool + "\n" + org + "\n" + string(raw), nil
}

// Problem says in one text what is wrong with a call.
func Problem(e *api.Error) string {
	parts := slices.Clone(e.Form)
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		parts = append(parts, plain(field)+": "+strings.Join(e.Fields[field], ", "))
	}
	if len(parts) == 0 {
		return Cut(e.Message, maxBytes/2)
	}
	return Cut(strings.Join(parts, "; "), maxBytes/2)
}

// Cut bounds a text that may repeat what the client sent, in bytes.
func Cut(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// unknownName is the result of a search without a match: it names the nearest names, and the
// tool that lists more.
func unknownName(field, kind, sent string, nearest []string) error {
	message := fmt.Sprintf("no %s like %q", kind, plain(sent))
	if len(nearest) > 0 {
		message += "; nearest: " + strings.Join(nearest, ", ")
	} else {
		message += "; try another spelling, or one word of the name"
	}
	return api.FieldErrorOf(api.NotFound, field, message)
}
