// Package boot is what the bootstraps of all Lambda functions share: it reads the
// environment and the compiled contract, makes clients and stores, warms their
// connections while the init phase lasts, and starts.
//
// A cold start is a client's wait, so nothing here is loaded that a function does
// not use: clients of Secrets Manager and API Gateway are in packages of their
// own (secret, flush), and so are the HTTP side (endpoint), which the authorizer
// must not carry, and the reading of a table's stream (stream).
package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/telemetry"
)

const (
	// attemptTimeout ends one attempt of a call to AWS; the client makes up to
	// three, so that a call fails before the function's own time is up.
	attemptTimeout = 2 * time.Second
	// emulatedPatience is the gate's where AWS is an emulator, which may share its
	// two cores with all that it emulates. It ends before the first attempt does, so
	// that an answer that does not come leads to the same 503.
	emulatedPatience = 1900 * time.Millisecond
	// warmTimeout ends the warming: a store that is slow now may be well when the
	// first call comes.
	warmTimeout = time.Second
)

// Function is a Lambda function that is about to start.
type Function struct {
	Contract    *contract.Contract
	Environment string
	AWS         aws.Config
	Clock       func() time.Time
	Log         *slog.Logger
	Getenv      func(string) string
	Metrics     *telemetry.Recorder // nil where the stack names no namespace

	store  *keys.Store
	gate   *gate.Gate
	pepper *apikey.PepperSource
	tables map[string]table.Table
	warm   []func(context.Context) error
}

// Load reads the environment that the stack sets, and contract.json beside the
// binary. It ends the process where they are not a function's.
func Load() *Function {
	f, err := load(os.Getenv)
	if err != nil {
		f.Fatal(err)
	}
	return f
}

func load(getenv func(string) string) (*Function, error) {
	f := &Function{
		Environment: getenv("ENVIRONMENT"), Clock: time.Now, Log: lambdacontext.NewLogger(), Getenv: getenv,
		tables:  map[string]table.Table{},
		Metrics: telemetry.New(getenv("METRICS_NAMESPACE"), getenv("ENVIRONMENT"), getenv("AWS_LAMBDA_FUNCTION_NAME")),
	}
	f.AWS = aws.Config{
		Region: getenv("AWS_REGION"),
		// Lambda gives a sandbox its credentials for life; the SDK's search for
		// others would cost binary size and time.
		Credentials: credentials.NewStaticCredentialsProvider(
			getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(attemptTimeout),
	}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		f.AWS.BaseEndpoint = &endpoint
	}
	var err error
	if f.Contract, err = contract.Load(f.File("contract.json")); err != nil {
		return f, fmt.Errorf("boot: %w", err)
	}
	if !f.Contract.HasEnvironment(f.Environment) {
		return f, fmt.Errorf("boot: ENVIRONMENT is %q, and the contract %s has %v", f.Environment, f.Contract.Name, f.Contract.Environments)
	}
	return f, nil
}

// File is the path of a file that was packaged beside the binary.
func (f *Function) File(name string) string {
	return filepath.Join(f.Getenv("LAMBDA_TASK_ROOT"), name)
}

// Read returns a file that was packaged beside the binary.
func (f *Function) Read(name string) []byte {
	raw, err := os.ReadFile(f.File(name))
	if err != nil {
		f.Fatal(fmt.Errorf("boot: %w", err))
	}
	return raw
}

// Fatal logs why the function cannot start, and ends it.
func (f *Function) Fatal(err error) {
	f.Log.Error("the function cannot start", "cause", err)
	os.Exit(1)
}

// Need returns a variable of the environment, and ends the process without it.
func (f *Function) Need(name string) string {
	v := f.Getenv(name)
	if v == "" {
		f.Fatal(fmt.Errorf("boot: %s is not set", name))
	}
	return v
}

// Keys is the keys table.
func (f *Function) Keys() table.Table { return f.table("KEYS_TABLE", table.Keys) }

// Stats is the stats table.
func (f *Function) Stats() table.Table { return f.table("STATS_TABLE", table.Stats) }

func (f *Function) table(variable string, schema table.Schema) table.Table {
	if f.tables[variable] == nil {
		f.tables[variable] = dynamo.New(dynamodb.NewFromConfig(f.AWS), f.Need(variable), schema)
	}
	return f.tables[variable]
}

// UsePeppers sets where peppers come from, for functions that make or check
// secrets, before the store of keys is asked for. They are fetched while warming.
func (f *Function) UsePeppers(source *apikey.PepperSource) {
	f.pepper = source
	f.Warm(func(ctx context.Context) error {
		_, err := source.TagKey(ctx)
		return err
	})
}

// Peppers are those that were set; a function without them ends here.
func (f *Function) Peppers() *apikey.PepperSource {
	if f.pepper == nil {
		f.Fatal(errors.New("boot: this function has no peppers"))
	}
	return f.pepper
}

// Store keeps keys; Gate admits calls. They know each other.
func (f *Function) Store() *keys.Store {
	f.open()
	return f.store
}

// Gate admits calls.
func (f *Function) Gate() *gate.Gate {
	f.open()
	return f.gate
}

// Orgs keeps organisations and members.
func (f *Function) Orgs() *orgs.Store {
	return orgs.New(orgs.Options{Table: f.Keys(), Gates: f.Gate(), Holdings: f.Store(), Contract: f.Contract, Rand: rand.Reader})
}

func (f *Function) open() {
	if f.store != nil {
		return
	}
	f.gate = gate.New(f.Keys(), f.Clock)
	if f.AWS.BaseEndpoint != nil {
		f.gate.Patience = emulatedPatience
	}
	o := keys.Options{Table: f.Keys(), Gates: f.gate, Contract: f.Contract,
		Environment: f.Environment, Now: f.Clock, Rand: rand.Reader}
	if f.pepper != nil {
		o.Peppers = f.pepper
	}
	f.store = keys.New(o)
	f.gate.Resolver, f.gate.Scopes = f.store, f.Contract.Scopes
}

// Warm adds something to do before the first call, beside the others.
func (f *Function) Warm(do func(ctx context.Context) error) { f.warm = append(f.warm, do) }

// WarmKeys opens a connection to the keys table, by reading an item that is not there.
func (f *Function) WarmKeys() {
	f.Warm(func(ctx context.Context) error {
		_, err := f.Keys().Get(ctx, table.Key{Partition: "WARM", Sort: "WARM"}, false)
		return err
	})
}

// Start warms what is to be warmed and serves Lambda's events with the handler,
// for ever. Warming that fails is no reason not to start: the call says so better.
func (f *Function) Start(handler any) {
	f.warmUp()
	lambda.Start(handler)
}

func (f *Function) warmUp() {
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	defer cancel()
	var group sync.WaitGroup
	for _, do := range f.warm {
		group.Go(func() {
			if err := do(ctx); err != nil {
				f.Log.Warn("warming", "cause", err)
			}
		})
	}
	group.Wait()
}
