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

// Lambda reads streams and queues by the role of the worker that it calls. The
// emulator calls the worker and asks nobody, so what the roles grant for that is
// tried here by somebody who plays Lambda.

// poll is an action of Lambda's.
type poll struct {
	action string
	do     func(ctx context.Context) error
}

// polled are Lambda's own actions, by store.
var polled = map[string][]string{
	"stream":       {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
	"streams":      {"dynamodb:ListStreams"},
	"queue":        {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
	"dead changes": {"sqs:SendMessage"},
}

// polled tells whether it is Lambda, and not the function, who needs the grant.
func (g grant) polled() bool { return slices.Contains(polled[g.on], g.action) }

// sourceOf is what hands a function its events, "" where calls do.
func sourceOf(function string) api.Source {
	for _, w := range api.Workers {
		if w.Function == function {
			return w.Source
		}
	}
	return ""
}

// polls does what Lambda does for a worker, by the worker's role with the given
// policy, up to the first action that is forbidden, and names that. For other
// functions Lambda does nothing. The role has its own policy again afterwards.
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
	all := queuePolls(sqs.NewFromConfig(cfg), t.queue(s, "webhooks"))
	if source == api.StatsStream {
		all = append(streamPolls(dynamodbstreams.NewFromConfig(cfg), s, stream),
			poll{"sqs:SendMessage", t.giveUp(sqs.NewFromConfig(cfg), t.queue(s, "changes-dead"))})
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

// onAnyStream is a policy with all streams in the place of the one that it must name:
// the emulator asks of each action on a stream whether it is allowed on everything.
func onAnyStream(document map[string]any, stream string) (map[string]any, error) {
	var wide []any
	statements, _ := document["Statement"].([]any)
	for _, one := range statements {
		statement, _ := one.(map[string]any)
		if on := texts(statement["Resource"]); len(on) > 0 && strings.Contains(on[0], "/stream/") {
			if len(on) > 1 || on[0] != stream {
				return nil, fmt.Errorf("it reads %q, and the table's stream is %s", on, stream)
			}
			statement = maps.Clone(statement)
			statement["Resource"] = "*"
		}
		wide = append(wide, statement)
	}
	return map[string]any{"Version": document["Version"], "Statement": wide}, nil
}

// queue is the address of one of the stack's queues.
func (t target) queue(s outputs.Stack, name string) *string {
	return aws.String(t.emulator.URL + "/" + rig.Account + "/" + s.Name + "-" + name)
}

// stream is the ARN of the stats table's.
func (t target) stream(ctx context.Context, s outputs.Stack) (string, error) {
	told, err := dynamodb.NewFromConfig(t.emulator.config()).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.StatsTable})
	if err != nil {
		return "", fmt.Errorf("looking for the stream of %s: %w", s.StatsTable, err)
	}
	return aws.ToString(told.Table.LatestStreamArn), nil
}

// streamPolls read the oldest records that the stream has, of which there must be some.
func streamPolls(client *dynamodbstreams.Client, s outputs.Stack, stream string) []poll {
	var shard, iterator *string
	return []poll{
		{"dynamodb:ListStreams", func(ctx context.Context) error {
			_, err := client.ListStreams(ctx, &dynamodbstreams.ListStreamsInput{TableName: &s.StatsTable})
			return err
		}},
		{"dynamodb:DescribeStream", func(ctx context.Context) error {
			told, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &stream})
			if err != nil {
				return err
			}
			shard = told.StreamDescription.Shards[0].ShardId
			return nil
		}},
		{"dynamodb:GetShardIterator", func(ctx context.Context) error {
			told, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
				StreamArn: &stream, ShardId: shard, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
			})
			if err != nil {
				return err
			}
			iterator = told.ShardIterator
			return nil
		}},
		{"dynamodb:GetRecords", func(ctx context.Context) error {
			told, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1)})
			if err == nil && len(told.Records) == 0 {
				err = errors.New("the stream is empty")
			}
			return err
		}},
	}
}

// queuePolls take no message from whom it is for: what is received can be received
// again at once, and what is deleted was never there.
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

// giveUp sends what Lambda sends of changes that are given up, and takes it away
// again, as whoever owns the queue.
func (t target) giveUp(client *sqs.Client, queue *string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String(`{"DDBStreamBatchInfo":{}}`)}); err != nil {
			return err
		}
		_, err := sqs.NewFromConfig(t.emulator.config()).PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: queue})
		return err
	}
}

// forbidden tells whether it is a grant that is missing.
func forbidden(err error) bool {
	var said smithy.APIError
	return errors.As(err, &said) && strings.Contains(said.ErrorCode(), "AccessDenied")
}

// assume takes on a role that only Lambda may take on. done makes that so again.
func (t target) assume(ctx context.Context, r role) (cfg aws.Config, done func() error, err error) {
	roles := iam.NewFromConfig(t.emulator.config())
	held, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
	if err != nil {
		return cfg, nil, fmt.Errorf("reading the role %s: %w", r.name, err)
	}
	own, err := url.QueryUnescape(aws.ToString(held.Role.AssumeRolePolicyDocument))
	if err != nil {
		return cfg, nil, fmt.Errorf("reading who may take on the role %s: %w", r.name, err)
	}
	trust := func(ctx context.Context, document string) error {
		if _, err := roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.name, PolicyDocument: &document}); err != nil {
			return fmt.Errorf("saying who may take on the role %s: %w", r.name, err)
		}
		return nil
	}
	ours := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` + rig.Account + `:root"}}]}`
	if err := trust(ctx, ours); err != nil {
		return cfg, nil, err
	}
	done = func() error { return trust(context.WithoutCancel(ctx), own) }
	as, err := sts.NewFromConfig(t.emulator.config()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: held.Role.Arn, RoleSessionName: aws.String("poller")})
	if err != nil {
		return cfg, nil, errors.Join(fmt.Errorf("taking on the role %s: %w", r.name, err), done())
	}
	cfg = t.emulator.config()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*as.Credentials.AccessKeyId, *as.Credentials.SecretAccessKey, *as.Credentials.SessionToken)
	return cfg, done, nil
}
