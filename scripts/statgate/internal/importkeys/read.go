package importkeys

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"statgate/shared/access/keys"
)

// row is one key of a file, or the reasons why the row cannot be read.
type row struct {
	line    int
	key     keys.Foreign
	refusal keys.Refusal // nil where the row was read
}

type rows []row

// columns are the fields of a row by their names in the file. The field scopes is not
// among them: it is a list of names, separated by spaces in CSV.
var columns = map[string]func(*keys.Foreign) *string{
	"sha256":     func(f *keys.Foreign) *string { return &f.SHA256 },
	"algorithm":  func(f *keys.Foreign) *string { return &f.Algorithm },
	"prefix":     func(f *keys.Foreign) *string { return &f.Prefix },
	"last_four":  func(f *keys.Foreign) *string { return &f.LastFour },
	"name":       func(f *keys.Foreign) *string { return &f.Name },
	"org":        func(f *keys.Foreign) *string { return &f.Org },
	"owner":      func(f *keys.Foreign) *string { return &f.Owner },
	"role":       func(f *keys.Foreign) *string { return &f.Role },
	"plan":       func(f *keys.Foreign) *string { return &f.Plan },
	"state":      func(f *keys.Foreign) *string { return &f.State },
	"created_at": func(f *keys.Foreign) *string { return &f.CreatedAt },
	"game":       func(f *keys.Foreign) *string { return &f.Game },
	"expires_at": func(f *keys.Foreign) *string { return &f.ExpiresAt },
	"revoked_at": func(f *keys.Foreign) *string { return &f.RevokedAt },
}

const scopes = "scopes"

// read parses a file by the extension of its name.
func read(name string, raw []byte) (rows, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	switch ending := strings.ToLower(filepath.Ext(name)); ending {
	case ".csv":
		return readCSV(name, raw)
	case ".jsonl", ".ndjson":
		return readLines(raw), nil
	default:
		return nil, fmt.Errorf("%s: the name must end in .csv, .jsonl or .ndjson", name)
	}
}

// readCSV parses CSV with a header. An unknown column is an error for the whole file,
// as it is probably a misspelt one.
func readCSV(name string, raw []byte) (rows, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the first line must name the columns: %w", name, err)
	}
	for i, column := range header {
		header[i] = strings.TrimSpace(column)
		if _, known := columns[header[i]]; !known && header[i] != scopes {
			return nil, fmt.Errorf("%s: unknown column %q", name, header[i])
		}
		if slices.Contains(header[:i], header[i]) {
			return nil, fmt.Errorf("%s: duplicate column %q", name, header[i])
		}
	}
	if !slices.Contains(header, "sha256") {
		return nil, fmt.Errorf("%s: missing column sha256", name)
	}
	var all rows
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		all = append(all, csvRow(r, header, fields, err))
	}
}

func csvRow(r *csv.Reader, header, fields []string, err error) row {
	var invalid *csv.ParseError
	if errors.As(err, &invalid) {
		return row{line: invalid.StartLine, refusal: keys.Refusal{fmt.Sprintf("invalid CSV: %v", invalid.Err)}}
	}
	line, _ := r.FieldPos(0)
	got := row{line: line}
	for i, text := range fields {
		text = strings.TrimSpace(text)
		if header[i] == scopes {
			if text != "" { // the contract's default applies to an empty cell
				got.key.Scopes = strings.Fields(text)
			}
			continue
		}
		*columns[header[i]](&got.key) = text
	}
	return got
}

// readLines parses one JSON object per line. It skips empty lines.
func readLines(raw []byte) rows {
	var all rows
	for i, text := range bytes.Split(raw, []byte("\n")) {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		got := row{line: i + 1}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			// err is dropped, as it may quote a secret's hash.
			got.refusal = keys.Refusal{"must be a JSON object"}
		}
		for name, value := range fields {
			if why := set(&got.key, name, value); why != "" {
				got.refusal = append(got.refusal, why)
			}
		}
		slices.Sort(got.refusal)
		all = append(all, got)
	}
	return all
}

// set sets the named field of f. It returns what is wrong with the value, or "".
func set(f *keys.Foreign, name string, value json.RawMessage) string {
	if name == scopes {
		if json.Unmarshal(value, &f.Scopes) != nil {
			return "scopes: must be a list of names"
		}
		return ""
	}
	field, known := columns[name]
	if !known {
		return fmt.Sprintf("unknown field %q", name)
	}
	var text *string
	if json.Unmarshal(value, &text) != nil {
		return name + ": must be a string"
	}
	if text != nil {
		*field(f) = *text
	}
	return ""
}
