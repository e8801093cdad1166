// Package boot is shared by the bootstraps of all Lambda functions. It reads the
// environment and the compiled contract, creates clients and stores, opens their
// connections during the init phase, and starts the function.
//
// Clients wait for cold starts, so a function links only what it uses. The clients of
// Secrets Manager, API Gateway and SQS are in packages of their own (secret, flush,
// queue). So are the HTTP adapter (endpoint), which the authorizer does not need, and
// the reader of a table's stream (stream).
package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
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
	"statgate/shared/table/storeclock"
	"statgate/shared/telemetry"
)

const (
	// attemptTimeout limits one attempt of a call to AWS. The client makes up to three
	// attempts, so a call fails before the function's timeout.
	attemptTimeout = 2 * time.Second
	// emulatedPatience is the gate's patience on an emulator, which may share two cores
	// with everything it emulates. It is shorter than attemptTimeout, so that a store
	// that does not answer leads to the same 503 as on AWS.
	emulatedPatience = 1900 * time.Millisecond
	// warmTimeout limits the warm-up. A store that is slow now may have recovered by
	// the first request.
	warmTimeout = time.Second
)

// Function is a Lambda function before it starts.
type Function struct {
	Contract    *contract.Contract
	Environment string
	Edge        bool   // the API is behind an edge
	StagePath   string // path of the stage in the public address, "/live"; "" if the address has none
	AWS         aws.Config
	Clock       func() time.Time // the machine's, corrected by the store's
	Log         *slog.Logger
	Getenv      func(string) string
	Metrics     *telemetry.Recorder // nil without METRICS_NAMESPACE

	storeClock *storeclock.Clock
	store      *keys.Store
	gate       *gate.Gate
	pepper     *apikey.PepperSource
	tables     map[string]table.Table
	warm       []func(context.Context) error
}

// Load reads the environment that the stack sets and contract.json beside the binary.
// It ends the process if they are invalid.
func Load() *Function {
	f, err := load(os.Getenv)
	if err != nil {
		f.Fatal(err)
	}
	return f
}

func load(getenv func(string) string) (*Function, error) {
	clock := storeclock.New(time.Now)
	f := &Function{
		storeClock:  clock,
		Environment: getenv("ENVIRONMENT"), Edge: getenv("EDGE") == "true", StagePath: getenv("STAGE_PATH"), Clock: clock.Now, Log: lambdacontext.NewLogger(), Getenv: getenv,
		tables:  map[string]table.Table{},
		Metrics: telemetry.New(getenv("METRICS_NAMESPACE"), getenv("ENVIRONMENT"), getenv("AWS_LAMBDA_FUNCTION_NAME")),
	}
	f.AWS = aws.Config{
		Region: getenv("AWS_REGION"),
		// The credentials of a Lambda sandbox never change, and the SDK's default
		// credential chain would cost binary size and time.
		Credentials: credentials.NewStaticCredentialsProvider(
			getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(attemptTimeout),
	}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		f.AWS.BaseEndpoint = &endpoint
	}
	var err error
	if f.Contract, err = contract.Load(f.file("contract.json")); err != nil {
		return f, fmt.Errorf("boot: loading the contract: %w", err)
	}
	if !f.Contract.HasEnvironment(f.Environment) {
		return f, fmt.Errorf("boot: ENVIRONMENT is %q: must be one of %v, the environments of the contract %s", f.Environment, f.Contract.Environments, f.Contract.Name)
	}
	return f, nil
}

// file returns the path of a file that was packaged beside the binary.
func (f *Function) file(name string) string {
	return filepath.Join(f.Getenv("LAMBDA_TASK_ROOT"), name)
}

// Read returns the content of a file that was packaged beside the binary. It ends the
// process if the file cannot be read.
func (f *Function) Read(name string) []byte {
	raw, err := os.ReadFile(f.file(name))
	if err != nil {
		f.Fatal(fmt.Errorf("boot: reading a packaged file: %w", err))
	}
	return raw
}

// Files returns a directory that was packaged beside the binary.
func (f *Function) Files(name string) fs.FS { return os.DirFS(f.file(name)) }

// Fatal logs why the function cannot start and ends the process.
func (f *Function) Fatal(err error) {
	f.Log.Error("the function cannot start", "cause", err)
	os.Exit(1)
}

// Need returns an environment variable. It ends the process if the variable is not set.
func (f *Function) Need(name string) string {
	v := f.Getenv(name)
	if v == "" {
		f.Fatal(fmt.Errorf("boot: %s is not set", name))
	}
	return v
}

// Keys returns the keys table.
func (f *Function) Keys() table.Table { return f.table("KEYS_TABLE", table.Keys) }

// Stats returns the stats table.
func (f *Function) Stats() table.Table { return f.table("STATS_TABLE", table.Stats) }

func (f *Function) table(variable string, schema table.Schema) table.Table {
	if f.tables[variable] == nil {
		f.tables[variable] = dynamo.New(dynamodb.NewFromConfig(f.AWS), f.Need(variable), schema, dynamo.WithTimes(f.storeClock.Observe))
	}
	return f.tables[variable]
}

// UsePeppers sets the source of the peppers, for functions that create or check
// secrets. It must be called before Store and Gate. The peppers are fetched during the
// warm-up.
func (f *Function) UsePeppers(source *apikey.PepperSource) {
	f.pepper = source
	f.Warm(func(ctx context.Context) error {
		_, err := source.TagKey(ctx)
		return err
	})
}

// Peppers returns the source set by UsePeppers, and ends the process without one.
func (f *Function) Peppers() *apikey.PepperSource {
	if f.pepper == nil {
		f.Fatal(errors.New("boot: this function has no peppers: call UsePeppers first"))
	}
	return f.pepper
}

// Store returns the store of keys. It shares the gate that Gate returns.
func (f *Function) Store() *keys.Store {
	f.open()
	return f.store
}

// Gate returns the gate, which admits requests.
func (f *Function) Gate() *gate.Gate {
	f.open()
	return f.gate
}

// Orgs returns the store of organisations and members.
func (f *Function) Orgs() *orgs.Store {
	return orgs.New(orgs.Options{Table: f.Keys(), Gates: f.Gate(), Holdings: f.Store(), Contract: f.Contract, Rand: rand.Reader})
}

// open creates the store of keys and the gate, which refer to each other.
func (f *Function) open() {
	if f.store != nil {
		return
	}
	f.gate = gate.New(f.Keys(), f.Clock)
	f.gate.Confirmed = f.storeClock.Confirmed
	if f.AWS.BaseEndpoint != nil {
		f.gate.Patience = emulatedPatience
	}
	o := keys.Options{Table: f.Keys(), Gates: f.gate, Contract: f.Contract,
		Environment: f.Environment, Now: f.Clock, Rand: rand.Reader}
	if f.pepper != nil {
		o.Peppers = f.pepper
	}
	f.store = keys.New(o)
	f.gate.Resolver, f.gate.Scopes, f.gate.Management = f.store, f.Contract.Scopes, f.Contract.Management
}

// Warm adds a step of the warm-up. All steps run concurrently before the first request.
func (f *Function) Warm(do func(ctx context.Context) error) { f.warm = append(f.warm, do) }

// WarmKeys adds a step that opens a connection to the keys table, by reading an item
// that does not exist.
func (f *Function) WarmKeys() {
	f.Warm(func(ctx context.Context) error {
		_, err := f.Keys().Get(ctx, table.Key{Partition: "WARM", Sort: "WARM"}, false)
		return err
	})
}

// Start runs the warm-up and then serves Lambda's events with the handler. It never
// returns. A failed warm-up step is only logged: if the failure persists, requests
// report it.
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
				f.Log.Warn("a warm-up step failed", "cause", err)
			}
		})
	}
	group.Wait()
}
