package dynamo

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// expression collects the names and values that the expressions of one request refer to.
// Every name is a placeholder, because DynamoDB reserves hundreds of words ("total", "name").
type expression struct {
	names  map[string]string // placeholder → name
	known  map[string]string // name → placeholder
	values map[string]types.AttributeValue
	err    error // first error
}

func (x *expression) fail(format string, args ...any) string {
	if x.err == nil {
		x.err = fmt.Errorf("%w: %w", table.ErrBadWrite, fmt.Errorf(format, args...))
	}
	return ""
}

func (x *expression) path(dotted string) string {
	full := dotted
	var b strings.Builder
	for {
		name, below, nested := strings.Cut(dotted, ".")
		if name == "" {
			return x.fail("path %q: has an empty name", full)
		}
		b.WriteString(x.name(name))
		if !nested {
			return b.String()
		}
		b.WriteByte('.')
		dotted = below
	}
}

func (x *expression) name(name string) string {
	if p, ok := x.known[name]; ok {
		return p
	}
	if x.names == nil {
		x.names, x.known = map[string]string{}, map[string]string{}
	}
	p := "#" + strconv.Itoa(len(x.names))
	x.names[p], x.known[name] = name, p
	return p
}

func (x *expression) value(v any) string {
	e, err := encode(v)
	if err != nil {
		if x.err == nil {
			x.err = err
		}
		return ""
	}
	if x.values == nil {
		x.values = map[string]types.AttributeValue{}
	}
	p := ":" + strconv.Itoa(len(x.values))
	x.values[p] = e
	return p
}

var comparators = map[table.CondKind]string{
	table.CondEq: " = ", table.CondNe: " <> ", table.CondLt: " < ",
	table.CondLe: " <= ", table.CondGt: " > ", table.CondGe: " >= ",
}

// condition returns nil for the zero condition, which always holds.
func (x *expression) condition(c table.Cond) *string {
	if c.Kind == table.CondNone {
		return nil
	}
	return aws.String(x.term(c))
}

func (x *expression) term(c table.Cond) string {
	switch c.Kind {
	case table.CondAnd:
		return x.join(c.Subs, " AND ")
	case table.CondOr:
		return x.join(c.Subs, " OR ")
	case table.CondExists:
		return "attribute_exists(" + x.path(c.Path) + ")"
	case table.CondMissing:
		return "attribute_not_exists(" + x.path(c.Path) + ")"
	}
	op, ok := comparators[c.Kind]
	if !ok {
		return x.fail("unknown kind of condition: %d", c.Kind)
	}
	return x.path(c.Path) + op + x.value(c.Value)
}

// join puts parentheses around compound terms only: DynamoDB refuses redundant ones.
func (x *expression) join(subs []table.Cond, op string) string {
	if len(subs) < 2 {
		return x.fail("a compound condition needs at least 2 terms, got %d", len(subs))
	}
	terms := make([]string, len(subs))
	for i, s := range subs {
		terms[i] = x.term(s)
		if s.Kind == table.CondAnd || s.Kind == table.CondOr {
			terms[i] = "(" + terms[i] + ")"
		}
	}
	return strings.Join(terms, op)
}

func (x *expression) update(actions []table.Action) *string {
	var set, remove []string
	for _, a := range actions {
		p := x.path(a.Path)
		switch a.Kind {
		case table.ActSet:
			set = append(set, p+" = "+x.value(a.Value))
		case table.ActIncrement:
			set = append(set, p+" = if_not_exists("+p+", "+x.value(int64(0))+") + "+x.value(a.Value))
		case table.ActCopy:
			set = append(set, p+" = "+x.path(a.From))
		case table.ActDefault:
			set = append(set, p+" = if_not_exists("+p+", "+x.value(a.Value)+")")
		case table.ActRemove:
			remove = append(remove, p)
		default:
			x.fail("unknown kind of action: %d", a.Kind)
		}
	}
	var clauses []string
	if len(set) > 0 {
		clauses = append(clauses, "SET "+strings.Join(set, ", "))
	}
	if len(remove) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(remove, ", "))
	}
	if clauses == nil {
		x.fail("an update needs at least one action")
	}
	return aws.String(strings.Join(clauses, " "))
}
