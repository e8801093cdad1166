package operate

import (
	"strings"

	"github.com/spf13/pflag"

	"statgate/scripts/internal/usage"
	"statgate/shared/api/preset"
)

// Target names a deployment: its tables, its peppers, its contract and its
// environment. The fields are the values of the options in [Target.AddFlags].
type Target struct {
	Stack, Data, DynamoDB, Prefix, KeysTable string
	Peppers, Secret                          string
	Contract, Environment                    string
}

// defaultPrefix is the prefix of table names, as the stack and the local server use it.
const defaultPrefix = "statgate"

// PepperOptions are the options that name the peppers and the keys table.
var PepperOptions = []string{"stack", "data", "dynamodb", "prefix", "keys-table", "peppers", "secret"}

// KeyOptions are the options of commands that change keys.
var KeyOptions = append([]string{"contract", "environment"}, PepperOptions...)

// option is an option that names a part of a deployment.
type option struct {
	value               *string
	name, preset, usage string
}

func (t *Target) options() []option {
	return []option{
		{&t.Stack, "stack", "", "`NAME` of a deployed stack, whose outputs name the tables and the peppers, and by default the contract and the environment"},
		{&t.Data, "data", "", "data `DIR` of an embedded deployment, which one process can open at a time"},
		{&t.DynamoDB, "dynamodb", "", "`URL` of a DynamoDB endpoint, or \"aws\" for the account and region of the AWS profile"},
		{&t.Prefix, "prefix", defaultPrefix, "`NAME` that table names begin with: NAME-keys, NAME-stats"},
		{&t.KeysTable, "keys-table", "", "`NAME` of the keys table, where it differs from the prefix's or the stack's"},
		{&t.Peppers, "peppers", "", "`FILE` with the peppers of a deployment on DynamoDB"},
		{&t.Secret, "secret", "", "`NAME` or ARN of the secret with the peppers in Secrets Manager"},
		{&t.Contract, "contract", "", "contract: the `NAME` of a preset (" + strings.Join(preset.Names(), ", ") + ") or a YAML file; default statgate"},
		{&t.Environment, "environment", "", "environment `NAME` of the deployment; default the contract's first"},
	}
}

// AddFlags adds the named options to a command's flags. It is the only place that
// defines them, so that every command spells and describes them the same way. It
// panics where a name is unknown.
func (t *Target) AddFlags(f *pflag.FlagSet, names ...string) {
	all := map[string]option{}
	for _, o := range t.options() {
		all[o.name] = o
	}
	for _, name := range names {
		o, ok := all[name]
		if !ok {
			panic("operate: unknown option " + name)
		}
		f.StringVar(o.value, o.name, o.preset, o.usage)
	}
}

// Rate adds the option --rate. A preset of 0 stands for no limit.
func Rate(f *pflag.FlagSet, perSecond *int, preset int) {
	f.IntVar(perSecond, "rate", preset, "`N` operations per second, at most")
	if preset == 0 {
		f.Lookup("rate").DefValue = "0, no limit" // the help does not show a default of "0"
	}
}

// CheckRate returns a usage error where a rate is not from least to most.
func CheckRate(perSecond, least, most int) error {
	if perSecond < least || perSecond > most {
		return usage.Errorf("--rate: must be %d to %d, got %d", least, most, perSecond)
	}
	return nil
}

// CheckPeppers returns a usage error where the options do not name exactly one
// document of peppers.
func (t Target) CheckPeppers() error {
	switch {
	case given(t.Stack, t.Data, t.Secret, t.Peppers) != 1:
		return usage.Errorf("give one of --stack NAME, --data DIR, --secret NAME and --peppers FILE")
	case t.DynamoDB != "" && (t.Stack != "" || t.Data != ""):
		return usage.Errorf("--dynamodb: use it with --secret or --peppers only")
	}
	return nil
}

// CheckTables returns a usage error where the options do not name exactly one
// place of tables. It is for commands that need no peppers.
func (t Target) CheckTables() error {
	if given(t.Stack, t.Data, t.DynamoDB) != 1 {
		return usage.Errorf("give one of --stack NAME, --data DIR and --dynamodb URL")
	}
	return nil
}

// CheckWhole returns a usage error where the options do not name exactly one
// deployment, with its tables and its peppers.
func (t Target) CheckWhole() error {
	if err := t.CheckTables(); err != nil {
		return err
	}
	switch {
	case t.DynamoDB != "" && given(t.Peppers, t.Secret) != 1:
		return usage.Errorf("--dynamodb: give --peppers FILE or --secret NAME, too")
	case t.DynamoDB == "" && given(t.Peppers, t.Secret) != 0:
		return usage.Errorf("--peppers, --secret: use them with --dynamodb only; --stack and --data name the peppers, too")
	}
	return nil
}

// given counts the options that have a value.
func given(values ...string) int {
	n := 0
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	return n
}
