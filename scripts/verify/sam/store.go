package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"statgate/scripts/internal/tenant"
	"statgate/scripts/verify/internal/rig"
	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/platform/boot/secret"
	"statgate/shared/platform/deployment"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

const (
	// storeStartTimeout allows for the installation of the emulator.
	storeStartTimeout = 5 * time.Minute
	storeStopTimeout  = 5 * time.Second
)

// store is the emulator whose DynamoDB, Secrets Manager and SQS the functions use.
// Its data is lost when it ends.
type store struct {
	*rig.Process
	port   int
	url    string // as this process reaches it
	prefix string // of the names of tables, secret and queue
	keys   table.Table
	demo   tenant.Credentials
	d      *deployment.Deployment // on the same tables, for changes that this process makes
}

// startStore starts the emulator at an address that containers reach, and fills it.
func startStore(ctx context.Context, dir string, c *contract.Contract) (*store, error) {
	host := bridge()
	port, err := rig.FreePort(host)
	if err != nil {
		return nil, err
	}
	s := &store{port: port, url: "http://" + net.JoinHostPort(host, strconv.Itoa(port)), prefix: "Statgate"}
	s.Process, err = rig.Start(rig.Script{File: "scripts/verify/emulator/run.sh", Args: []string{strconv.Itoa(port), filepath.Join(dir, "emulator")},
		Env: append(os.Environ(), "STATGATE_EMULATOR_TIED=1", "STATGATE_EMULATOR_HOST="+host), Log: filepath.Join(dir, "emulator.log")})
	if err != nil {
		return nil, err
	}
	err = s.Await(ctx, storeStartTimeout, func(ctx context.Context) bool { return rig.EmulatorAnswers(ctx, s.url) })
	if err == nil {
		err = s.fill(ctx, c)
	}
	if err != nil {
		s.End(storeStopTimeout)
		return nil, err
	}
	return s, nil
}

// fill creates the resources of the stack that the functions need: tables, peppers and
// a queue. Then it stores the simulated league, the operator, and the demo
// organisation with its keys.
func (s *store) fill(ctx context.Context, c *contract.Contract) error {
	cfg := s.config()
	client := dynamodb.NewFromConfig(cfg)
	if err := dynamo.CreateTables(ctx, client, s.prefix+"-", table.Keys, table.Stats); err != nil {
		return err
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(s.peppers()), SecretString: aws.String(string(root))})
	if err != nil {
		return fmt.Errorf("creating the peppers: %w", err)
	}
	// SAM does not call a function for its messages.
	if _, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(s.queue())}); err != nil {
		return fmt.Errorf("creating the queue of webhooks: %w", err)
	}
	if _, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(s.replays())}); err != nil {
		return fmt.Errorf("creating the queue of replays: %w", err)
	}
	stats := dynamo.New(client, s.table(table.Stats), table.Stats)
	if err := tenant.Fill(ctx, stats, time.Now); err != nil {
		return err
	}
	s.keys = dynamo.New(client, s.table(table.Keys), table.Keys)
	s.d, err = deployment.New(deployment.Options{
		Contract: c, Environment: c.Environments[0], Keys: s.keys, Stats: stats, Clock: time.Now, Rand: rand.Reader,
		Peppers: apikey.NewPepperSource(secret.Fetch(cfg, s.peppers()), time.Now), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return s.createDemo(ctx, c)
}

// config reaches the store as the root of its account.
func (s *store) config() aws.Config { return rig.EmulatorConfig(s.url) }

func (s *store) peppers() string                  { return s.prefix + "-peppers" }
func (s *store) queue() string                    { return s.prefix + "-webhooks" }
func (s *store) replays() string                  { return s.prefix + "-replays" }
func (s *store) table(schema table.Schema) string { return s.prefix + "-" + schema.Name }

// createDemo creates the operator, and the demo organisation with its keys. The
// organisation has the plan that allows the most keys.
func (s *store) createDemo(ctx context.Context, c *contract.Contract) error {
	org, owner, operator, err := s.d.Keys.Bootstrap(ctx, time.Now(), tenant.OperatorName, tenant.OperatorEmail)
	if err != nil {
		return fmt.Errorf("creating the operator: %w", err)
	}
	by := &api.Request{ID: "sam", Now: time.Now(), Caller: &api.Caller{
		Key: operator.ID, Org: org.ID, User: owner.User, Role: api.RoleOperator, Permissions: []string{"*:*"},
		Environment: c.Environments[0], Contract: c.Name,
	}}
	demo, _, err := s.d.Orgs.Create(ctx, by, orgs.Spec{Name: tenant.Name, Plan: tenant.Plan(c), Owner: tenant.OwnerEmail})
	if err != nil {
		return fmt.Errorf("creating the demo organisation: %w", err)
	}
	s.demo.Org, s.demo.Operator = demo.ID, operator.Secret
	if s.demo.Admin, err = s.key(ctx, by, c, tenant.AdminName, true); err != nil {
		return err
	}
	s.demo.Client, err = s.key(ctx, by, c, tenant.ClientName, false)
	return err
}

// key creates a key of the demo organisation and returns its secret.
func (s *store) key(ctx context.Context, by *api.Request, c *contract.Contract, name string, management bool) (string, error) {
	made, err := s.d.Keys.Create(ctx, by, keys.Spec{Name: name, Org: &s.demo.Org, Scopes: tenant.Scopes(c, management), ExpiresIn: tenant.Life(c)})
	if err != nil {
		return "", fmt.Errorf("creating the key %q: %w", name, err)
	}
	return made.Secret, nil
}

// variables writes the functions' environment variables to the file that SAM reads.
// They name the store's address and resources. SAM passes a function only those
// variables that the template gives it.
func (s *store) variables(file string) error {
	at := "http://host.docker.internal:" + strconv.Itoa(s.port)
	raw, err := json.Marshal(map[string]any{"Parameters": map[string]string{
		"AWS_ENDPOINT_URL": at,
		"KEYS_TABLE":       s.table(table.Keys), "STATS_TABLE": s.table(table.Stats), "PEPPERS_SECRET": s.peppers(),
		"WEBHOOK_QUEUE":  at + "/" + rig.Account + "/" + s.queue(),
		"REPLAY_QUEUE":   at + "/" + rig.Account + "/" + s.replays(),
		"STAGE_PATH":     "",  // SAM serves the stage at the root
		"AUTHORIZER_TTL": "0", // SAM calls the authorizer for every request
	}})
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the functions' variables: %w", err)
	}
	return nil
}
