package stack

import (
	"encoding/json"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

const (
	// visibilitySeconds is how long a received message is hidden from other receivers. AWS
	// recommends six times the function's timeout, to leave time for retries of throttled
	// invocations.
	visibilitySeconds = 6 * timeoutSeconds
	// maxReceives is how often a message is received before it moves to the dead-letter
	// queue. Each attempt of a delivery has its own message, so this limit is only reached
	// if the function or its table fails for over two hours.
	maxReceives = 50

	deliveryDays   = 4 // far longer than a message waits
	deadLetterDays = 14
	deliveryBatch  = 10
	changeBatch    = 100
	// changeAgeSeconds is the age at which Lambda gives up a change that fails. DynamoDB
	// drops changes silently after 24 hours. So for one hour a given-up change can still
	// be read from the stream.
	changeAgeSeconds = 23 * 3600
	unlimitedRetries = -1 // until changeAgeSeconds

	stepDays = 1 // longer than a replay's message waits: 15 minutes at most
	// stepReceives is how often a step is received before it moves to the dead-letter queue:
	// for about half an hour.
	stepReceives = 10
	stepBatch    = 10
	// stepConcurrency is how many instances play replays. One plays ten steps at a time, each
	// within some milliseconds.
	stepConcurrency = 2

	minConcurrency     = 2 // Lambda's minimum for a queue
	defaultConcurrency = 10
)

// eventPrefixes returns the prefixes of the stats table's partitions whose changes make events.
func eventPrefixes(c *contract.Contract) []string {
	var prefixes []string
	if c.Webhooks.Matches() || api.Serves(c, api.Changes) {
		prefixes = append(prefixes, "MATCH#")
	}
	if c.Webhooks.Contests() {
		prefixes = append(prefixes, "CONTEST#")
	}
	return prefixes
}

// work is the queue of a worker and its dead-letter queue.
type work struct {
	queue awssqs.Queue
	dead  awssqs.Queue // messages whose function failed
}

// newWork creates the queues of the worker that reads the source, or returns nil if there is
// no such worker.
func (d *deployment) newWork(source api.Source, name string, retention, receives float64) *work {
	if !d.works(source) {
		return nil
	}
	dead := d.newQueue(name+"-dead", awssqs.QueueProps{RetentionPeriod: days(deadLetterDays)})
	return &work{dead: dead, queue: d.newQueue(name, awssqs.QueueProps{
		RetentionPeriod:   days(retention),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilitySeconds)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(receives)},
	})}
}

// newUnread creates the queue of stream positions of changes that were given up, or returns
// nil if nothing reads the stream.
func (d *deployment) newUnread() awssqs.Queue {
	if !d.works(api.StatsStream) {
		return nil
	}
	return d.newQueue("changes-dead", awssqs.QueueProps{RetentionPeriod: days(deadLetterDays)})
}

// works reports whether a worker has the source.
func (d *deployment) works(source api.Source) bool {
	return slices.ContainsFunc(d.workers, func(w api.Worker) bool { return w.Source == source })
}

// newQueue creates a queue, which is deleted with the stack. SQS encrypts it with its own
// key, which needs no grant and costs nothing.
func (d *deployment) newQueue(name string, props awssqs.QueueProps) awssqs.Queue {
	props.QueueName = d.named(name)
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = jsii.Bool(d.props.Endpoint == "")
	queue := awssqs.NewQueue(d.stack, jsii.String(camel(name)+"Queue"), &props)
	if d.props.Endpoint != "" {
		excuse(queue, "SQS4", "An emulator is called without TLS, on the machine that it runs on")
	}
	return queue
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }

// newMappings creates the event source mapping of each worker. Without the ARN of the
// stream, no function reads it.
func (d *deployment) newMappings(functions map[string]awslambda.Function) {
	for _, w := range d.workers {
		switch f := functions[w.Function]; {
		case w.Source == api.WebhookQueue:
			d.mapQueue("WebhooksMapping", d.webhooks.queue, f, deliveryBatch, d.deliveryConcurrency())
		case w.Source == api.ReplayQueue:
			d.mapQueue("ReplaysMapping", d.replays.queue, f, stepBatch, stepConcurrency)
		case d.data.stats.TableStreamArn() != nil:
			d.mapStream(f)
		}
	}
}

// deliveryConcurrency returns how many instances deliver webhooks at most, as the API shares
// the account's instances. If each function reserves instances, more than these would only be
// throttled.
func (d *deployment) deliveryConcurrency() int {
	limit := d.props.WebhookConcurrency
	if limit == 0 {
		limit = defaultConcurrency
	}
	if reserved := d.props.Concurrency; reserved > 0 {
		limit = max(min(limit, reserved), minConcurrency)
	}
	return limit
}

// mapQueue maps a queue to a function with a maximum concurrency.
func (d *deployment) mapQueue(id string, queue awssqs.Queue, f awslambda.Function, batch, limit int) {
	awslambda.NewCfnEventSourceMapping(d.stack, jsii.String(id), &awslambda.CfnEventSourceMappingProps{
		FunctionName:          f.FunctionName(),
		EventSourceArn:        queue.QueueArn(),
		BatchSize:             jsii.Number(batch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(limit)},
	})
}

// mapStream maps the stream to a function, from the oldest change that the stream has. A
// mapping that starts at the latest change would miss what is written while AWS creates
// the mapping, which takes a minute or more. It would also miss changes of a restored table
// before its deployment. Changes that are read twice are recognised by their ids.
func (d *deployment) mapStream(f awslambda.Function) {
	awslambda.NewCfnEventSourceMapping(d.stack, jsii.String("ChangesMapping"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:                   f.FunctionName(),
		EventSourceArn:                 d.data.stats.TableStreamArn(),
		StartingPosition:               jsii.String("TRIM_HORIZON"),
		BatchSize:                      jsii.Number(changeBatch),
		MaximumBatchingWindowInSeconds: jsii.Number(0),
		FunctionResponseTypes:          jsii.Strings("ReportBatchItemFailures"),
		BisectBatchOnFunctionError:     jsii.Bool(true),
		MaximumRetryAttempts:           jsii.Number(unlimitedRetries),
		MaximumRecordAgeInSeconds:      jsii.Number(changeAgeSeconds),
		FilterCriteria: &awslambda.CfnEventSourceMapping_FilterCriteriaProperty{
			Filters: &[]any{&awslambda.CfnEventSourceMapping_FilterProperty{Pattern: jsii.String(d.eventFilter())}},
		},
		DestinationConfig: &awslambda.CfnEventSourceMapping_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: d.unread.QueueArn()},
		},
	})
}

// eventFilter returns Lambda's filter pattern for changes that can make events. Other
// changes cause no invocation.
func (d *deployment) eventFilter() string {
	var partitions []map[string]string
	for _, prefix := range eventPrefixes(d.props.Contract) {
		partitions = append(partitions, map[string]string{"prefix": prefix})
	}
	keys := map[string]any{table.PartitionAttr: map[string]any{"S": partitions}}
	pattern, err := json.Marshal(map[string]any{"dynamodb": map[string]any{"Keys": keys}})
	if err != nil {
		panic(err) // maps of strings can always be encoded
	}
	return string(pattern)
}

// grantQueues allows a role to send messages, and Lambda to receive with the role.
func (d *deployment) grantQueues(role awsiam.Role, n access) {
	if n.Sends || n.Receives {
		grantQueue(role, d.webhooks.queue, n.Sends, n.Receives)
	}
	if n.Plays || n.ReceivesSteps {
		grantQueue(role, d.replays.queue, n.Plays, n.ReceivesSteps)
	}
}

func grantQueue(role awsiam.Role, queue awssqs.Queue, sends, receives bool) {
	if sends {
		allow(role, []string{"sqs:SendMessage"}, nil, queue.QueueArn())
	}
	if receives {
		allow(role, []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, nil, queue.QueueArn())
	}
}

// grantStream allows the actions on the stats table's stream, and sending to the queue of
// given-up changes. Lambda uses the function's role for both.
func (d *deployment) grantStream(role awsiam.Role, actions []api.Action) {
	stream := d.data.stats.TableStreamArn()
	if len(actions) == 0 || stream == nil {
		return
	}
	var read []string
	for _, action := range actions {
		if action == api.ListStreams {
			allow(role, []string{"dynamodb:ListStreams"}, nil, jsii.String("*")) // has no resource in IAM
			continue
		}
		read = append(read, "dynamodb:"+string(action))
	}
	allow(role, read, nil, stream)
	allow(role, []string{"sqs:SendMessage"}, nil, d.unread.QueueArn())
}
