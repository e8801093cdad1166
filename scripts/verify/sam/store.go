package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"statgate/scripts/internal/tenant"
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
	region  = "us-east-1"
	account = "000000000000" // the store's
	// storePatience is for an emulator that has to be installed first.
	storePatience = 5 * time.Minute
	storeEnd      = 5 * time.Second
)

// store is what the functions keep their data in: the emulator's DynamoDB and
// Secrets Manager. It forgets all when it ends.
type store struct {
	*process
	port   int
	url    string // for this process
	prefix string // of the names of tables and secret
	keys   table.Table
	demo   tenant.Credentials
	d      *deployment.Deployment // on the same tables, for what is done by hand
}

// startStore starts the emulator where containers reach it, and fills it.
func startStore(ctx context.Context, dir string, c *contract.Contract) (*store, error) {
	host := bridge()
	port, err := freePort(host)
	if err != nil {
		return nil, err
	}
	s := &store{port: port, url: "http://" + net.JoinHostPort(host, strconv.Itoa(port)), prefix: "Statgate"}
	env := append(os.Environ(), "STATGATE_EMULATOR_TIED=1", "STATGATE_EMULATOR_HOST="+host)
	if s.process, err = begin(dir, "emulator/run.sh", env, strconv.Itoa(port), filepath.Join(dir, "emulator")); err != nil {
		return nil, err
	}
	err = s.await(ctx, storePatience, func(ctx context.Context) bool { return answers(ctx, s.url+"/_ministack/health") })
	if err == nil {
		err = s.fill(ctx, c)
	}
	if err != nil {
		s.end(storeEnd)
		return nil, err
	}
	return s, nil
}

func answers(ctx context.Context, url string) bool {
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(within, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	got.Body.Close()
	return got.StatusCode == http.StatusOK
}

func freePort(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// fill makes what the stack would: tables, peppers and a queue. Then it stores the simulated
// league, and makes the operator, an organisation and its keys.
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
		return fmt.Errorf("making the peppers: %w", err)
	}
	// Nobody is called for what is in it.
	if _, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(s.queue())}); err != nil {
		return fmt.Errorf("making the queue of webhooks: %w", err)
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
	return s.found(ctx, c)
}

// config reaches the store as its account's root.
func (s *store) config() aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func (s *store) peppers() string                  { return s.prefix + "-peppers" }
func (s *store) queue() string                    { return s.prefix + "-webhooks" }
func (s *store) table(schema table.Schema) string { return s.prefix + "-" + schema.Name }

// found makes the operator, and the demo organisation on the plan with the most keys.
func (s *store) found(ctx context.Context, c *contract.Contract) error {
	org, owner, operator, err := s.d.Keys.Bootstrap(ctx, time.Now(), tenant.OperatorName, tenant.OperatorEmail)
	if err != nil {
		return fmt.Errorf("making the operator: %w", err)
	}
	by := &api.Request{ID: "sam", Now: time.Now(), Caller: &api.Caller{
		Key: operator.ID, Org: org.ID, User: owner.User, Role: api.RoleOperator, Permissions: []string{"*:*"},
		Environment: c.Environments[0], Contract: c.Name,
	}}
	demo, _, err := s.d.Orgs.Create(ctx, by, orgs.Founding{Name: tenant.Name, Plan: tenant.Plan(c), Owner: tenant.OwnerEmail})
	if err != nil {
		return fmt.Errorf("making the demo organisation: %w", err)
	}
	s.demo.Org, s.demo.Operator = demo.ID, operator.Secret
	if s.demo.Admin, err = s.key(ctx, by, c, tenant.AdminName, true); err != nil {
		return err
	}
	s.demo.Client, err = s.key(ctx, by, c, tenant.ClientName, false)
	return err
}

// key makes a key of the demo organisation.
func (s *store) key(ctx context.Context, by *api.Request, c *contract.Contract, name string, management bool) (string, error) {
	made, err := s.d.Keys.Create(ctx, by, keys.Spec{Name: name, Org: &s.demo.Org, Scopes: tenant.Scopes(c, management), ExpiresIn: tenant.Life(c)})
	if err != nil {
		return "", fmt.Errorf("making the key %q: %w", name, err)
	}
	return made.Secret, nil
}

// variables are what the functions are told, by the file that SAM reads: the names
// that the template makes of its own resources, and where the store is. SAM passes
// those only that the template gives the function.
func (s *store) variables(file string) error {
	at := "http://host.docker.internal:" + strconv.Itoa(s.port)
	raw, err := json.Marshal(map[string]any{"Parameters": map[string]string{
		"AWS_ENDPOINT_URL": at,
		"KEYS_TABLE":       s.table(table.Keys), "STATS_TABLE": s.table(table.Stats), "PEPPERS_SECRET": s.peppers(),
		"WEBHOOK_QUEUE":  at + "/" + account + "/" + s.queue(),
		"AUTHORIZER_TTL": "0", // SAM asks the authorizer for every request
	}})
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the functions' variables: %w", err)
	}
	return nil
}
