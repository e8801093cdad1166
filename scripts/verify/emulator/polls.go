package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"statgate/scripts/verify/internal/rig"
	"statgate/shared/api"
	"statgate/shared/platform/outputs"
)

// Lambda reads streams and queues with the role of the worker that it invokes. The
// emulator does not check the role for that. So this file makes Lambda's calls with the
// worker's role, to test the grants for them.

// poll is a call that Lambda makes.
type poll struct {
	action string
	do     func(ctx context.Context) error
}

// lambdaActions are the actions that Lambda needs, by store.
var lambdaActions = map[string][]string{
	"stream":       {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
	"streams":      {"dynamodb:ListStreams"},
	"queue":        {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
	"steps":        {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
	"dead changes": {"sqs:SendMessage"},
}

// forLambda reports whether Lambda needs the grant and the function does not.
func (g grant) forLambda() bool { return slices.Contains(lambdaActions[g.store], g.action) }

// sourceOf returns the event source of a worker, "" for a function that answers requests.
func sourceOf(function string) api.Source {
	for _, w := range api.Workers {
		if w.Function == function {
			return w.Source
		}
	}
	return ""
}

// polls makes Lambda's calls for a worker, with the worker's role and the given policy.
// It returns the first action that is denied, "" where none is denied and for a function
// that is not a worker. Afterwards it restores the role's policy.
func (t target) polls(ctx context.Context, s outputs.Stack, r role, document map[string]any) (failed string, err error) {
	source := sourceOf(r.function)
	if source == "" {
		return "", nil
	}
	stream, err := t.stream(ctx, s)
	if err != nil {
		return "", err
	}
	if document, err = onAnyStream(document, stream); err != nil {
		return "", fmt.Errorf("the role %s: %w", r.name, err)
	}
	if err := t.put(ctx, r, document); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, t.put(context.WithoutCancel(ctx), r, r.document)) }()
	cfg, done, err := t.assume(ctx, r)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, done()) }()
	var all []poll
	switch source {
	case api.WebhookQueue:
		all = queuePolls(sqs.NewFromConfig(cfg), t.queue(s, "webhooks"))
	case api.ReplayQueue:
		all = queuePolls(sqs.NewFromConfig(cfg), t.queue(s, "replays"))
	case api.StatsStream:
		all = append(streamPolls(dynamodbstreams.NewFromConfig(cfg), s, stream),
			poll{"sqs:SendMessage", t.sendToDeadLetters(sqs.NewFromConfig(cfg), t.queue(s, "changes-dead"))})
	}
	for _, p := range all {
		if err := p.do(ctx); forbidden(err) {
			return p.action, nil
		} else if err != nil {
			return "", fmt.Errorf("%s as %s: %w", p.action, r.name, err)
		}
	}
	return "", nil
}

// onAnyStream returns a policy that allows every stream where it named the given one. The
// emulator requires that each action on a stream is allowed on "*". It is an error where
// the policy names another stream.
func onAnyStream(document map[string]any, stream string) (map[string]any, error) {
	var widened []any
	statements, _ := document["Statement"].([]any)
	for _, one := range statements {
		statement, _ := one.(map[string]any)
		if on := stringList(statement["Resource"]); len(on) > 0 && strings.Contains(on[0], "/stream/") {
			if len(on) > 1 || on[0] != stream {
				return nil, fmt.Errorf("the policy allows %q, but the table's stream is %s", on, stream)
			}
			statement = maps.Clone(statement)
			statement["Resource"] = "*"
		}
		widened = append(widened, statement)
	}
	return map[string]any{"Version": document["Version"], "Statement": widened}, nil
}

// queue returns the URL of one of the stack's queues.
func (t target) queue(s outputs.Stack, name string) *string {
	return aws.String(t.emulator.URL + "/" + rig.Account + "/" + s.Name + "-" + name)
}

// stream returns the ARN of the stats table's stream.
func (t target) stream(ctx context.Context, s outputs.Stack) (string, error) {
	described, err := dynamodb.NewFromConfig(t.emulator.config()).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.StatsTable})
	if err != nil {
		return "", fmt.Errorf("looking for the stream of %s: %w", s.StatsTable, err)
	}
	return aws.ToString(described.Table.LatestStreamArn), nil
}

// streamPolls read the oldest record of the stream. An empty stream is an error.
func streamPolls(client *dynamodbstreams.Client, s outputs.Stack, stream string) []poll {
	var shard, iterator *string
	return []poll{
		{"dynamodb:ListStreams", func(ctx context.Context) error {
			_, err := client.ListStreams(ctx, &dynamodbstreams.ListStreamsInput{TableName: &s.StatsTable})
			return err
		}},
		{"dynamodb:DescribeStream", func(ctx context.Context) error {
			described, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &stream})
			if err != nil {
				return err
			}
			shard = described.StreamDescription.Shards[0].ShardId
			return nil
		}},
		{"dynamodb:GetShardIterator", func(ctx context.Context) error {
			position, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
				StreamArn: &stream, ShardId: shard, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
			})
			if err != nil {
				return err
			}
			iterator = position.ShardIterator
			return nil
		}},
		{"dynamodb:GetRecords", func(ctx context.Context) error {
			page, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1)})
			if err == nil && len(page.Records) == 0 {
				err = errors.New("the stream is empty")
			}
			return err
		}},
	}
}

// queuePolls do not take messages from the worker: a received message is visible again
// immediately, and the deleted one does not exist.
func queuePolls(client *sqs.Client, queue *string) []poll {
	return []poll{
		{"sqs:GetQueueAttributes", func(ctx context.Context) error {
			_, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
			return err
		}},
		{"sqs:ReceiveMessage", func(ctx context.Context) error {
			_, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, VisibilityTimeout: 0})
			return err
		}},
		{"sqs:DeleteMessage", func(ctx context.Context) error {
			_, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: aws.String("never-received")})
			var unknown *sqstypes.ReceiptHandleIsInvalid
			if errors.As(err, &unknown) {
				return nil
			}
			return err
		}},
	}
}

// sendToDeadLetters returns a poll that sends a message as Lambda does for changes that it
// drops, and purges the queue with the account's own credentials.
func (t target) sendToDeadLetters(client *sqs.Client, queue *string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String(`{"DDBStreamBatchInfo":{}}`)}); err != nil {
			return err
		}
		_, err := sqs.NewFromConfig(t.emulator.config()).PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: queue})
		return err
	}
}

// forbidden reports whether a call failed because a grant is missing.
func forbidden(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && strings.Contains(failure.ErrorCode(), "AccessDenied")
}

// assume returns credentials of a role that only Lambda may assume. It changes the
// role's trust policy for that; done restores it.
func (t target) assume(ctx context.Context, r role) (cfg aws.Config, done func() error, err error) {
	roles := iam.NewFromConfig(t.emulator.config())
	deployed, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
	if err != nil {
		return cfg, nil, fmt.Errorf("reading the role %s: %w", r.name, err)
	}
	own, err := url.QueryUnescape(aws.ToString(deployed.Role.AssumeRolePolicyDocument))
	if err != nil {
		return cfg, nil, fmt.Errorf("reading the trust policy of %s: %w", r.name, err)
	}
	trust := func(ctx context.Context, document string) error {
		if _, err := roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.name, PolicyDocument: &document}); err != nil {
			return fmt.Errorf("writing the trust policy of %s: %w", r.name, err)
		}
		return nil
	}
	ours := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` + rig.Account + `:root"}}]}`
	if err := trust(ctx, ours); err != nil {
		return cfg, nil, err
	}
	done = func() error { return trust(context.WithoutCancel(ctx), own) }
	as, err := sts.NewFromConfig(t.emulator.config()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: deployed.Role.Arn, RoleSessionName: aws.String("poller")})
	if err != nil {
		return cfg, nil, errors.Join(fmt.Errorf("assuming the role %s: %w", r.name, err), done())
	}
	cfg = t.emulator.config()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*as.Credentials.AccessKeyId, *as.Credentials.SecretAccessKey, *as.Credentials.SessionToken)
	return cfg, done, nil
}
