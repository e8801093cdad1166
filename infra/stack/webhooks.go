package stack

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/table"
)

const (
	// visibilitySeconds is how long a message that a function has taken is nobody
	// else's, where the function does not say otherwise. AWS advises six times the
	// function's own: an attempt that was throttled is tried again meanwhile.
	visibilitySeconds = 6 * timeoutSeconds
	// receivesOfADelivery is after how many receipts a message is set aside. Each
	// attempt of a delivery has a message of its own, so this is for a function, or a
	// table, that fails for over two hours.
	receivesOfADelivery = 50

	deliveryDays   = 4 // far longer than a message waits for an attempt
	deadLetterDays = 14
	deliveryBatch  = 10
	changeBatch    = 100
	// changeAgeSeconds is when a change is given up that cannot be handled. DynamoDB
	// drops it at 24 hours without a word: an hour before, the place of what is given
	// up can still be read.
	changeAgeSeconds = 23 * 3600
	untilTooOld      = -1 // attempts

	leastConcurrency = 2 // that an event source takes
	usualConcurrency = 10
)

// reported are the partitions of the stats table whose changes customers are told of.
var reported = []string{"MATCH#"}

// webhooks are the queue of deliveries, and where goes what could not be handled.
type webhooks struct {
	queue, dead awssqs.Queue // deliveries that are due; those whose function did not run
	unread      awssqs.Queue // the places of changes that were given up
}

// newWebhooks makes the queues where there is a worker for them, else it returns nil.
func (d *deployment) newWebhooks() *webhooks {
	if len(d.workers) == 0 {
		return nil
	}
	dead := d.newQueue("webhooks-dead", awssqs.QueueProps{RetentionPeriod: days(deadLetterDays)})
	return &webhooks{
		queue: d.newQueue("webhooks", awssqs.QueueProps{
			RetentionPeriod:   days(deliveryDays),
			VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilitySeconds)),
			DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(receivesOfADelivery)},
		}),
		dead:   dead,
		unread: d.newQueue("changes-dead", awssqs.QueueProps{RetentionPeriod: days(deadLetterDays)}),
	}
}

// newQueue makes a queue that goes with the stack. SQS encrypts it by a key of its
// own, which needs no grant and no key's dollar a month.
func (d *deployment) newQueue(name string, props awssqs.QueueProps) awssqs.Queue {
	props.QueueName = d.named(name)
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = jsii.Bool(d.props.Endpoint == "")
	made := awssqs.NewQueue(d.stack, jsii.String(camel(name)+"Queue"), &props)
	if d.props.Endpoint != "" {
		excuse(made, "SQS4", "An emulator is called in the clear, on the machine that it runs on")
	}
	return made
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }

// newMappings hands each worker what it is for. A stream whose ARN nobody knows is
// read by none.
func (d *deployment) newMappings(functions map[string]awslambda.Function) {
	for _, w := range d.workers {
		switch f := functions[w.Function]; {
		case w.Source == api.WebhookQueue:
			d.mapQueue(f)
		case d.data.stats.TableStreamArn() != nil:
			d.mapStream(f)
		}
	}
}

// mapQueue lets at most so many deliveries run at once, as the account's instances
// are those of the API too. Where each function reserves instances, more would only
// be turned away.
func (d *deployment) mapQueue(f awslambda.Function) {
	most := d.props.WebhookConcurrency
	if most == 0 {
		most = usualConcurrency
	}
	if reserved := d.props.Concurrency; reserved > 0 {
		most = max(min(most, reserved), leastConcurrency)
	}
	awslambda.NewCfnEventSourceMapping(d.stack, jsii.String("WebhooksMapping"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:          f.FunctionName(),
		EventSourceArn:        d.webhooks.queue.QueueArn(),
		BatchSize:             jsii.Number(deliveryBatch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(most)},
	})
}

// mapStream begins with the oldest change that the stream still has. A mapping that
// begins with the latest misses what is written while AWS makes it, a minute or
// more, and the change that a restored table saw before it was deployed. What comes
// a second time by that is known by its id.
func (d *deployment) mapStream(f awslambda.Function) {
	awslambda.NewCfnEventSourceMapping(d.stack, jsii.String("ChangesMapping"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:                   f.FunctionName(),
		EventSourceArn:                 d.data.stats.TableStreamArn(),
		StartingPosition:               jsii.String("TRIM_HORIZON"),
		BatchSize:                      jsii.Number(changeBatch),
		MaximumBatchingWindowInSeconds: jsii.Number(0),
		FunctionResponseTypes:          jsii.Strings("ReportBatchItemFailures"),
		BisectBatchOnFunctionError:     jsii.Bool(true),
		MaximumRetryAttempts:           jsii.Number(untilTooOld),
		MaximumRecordAgeInSeconds:      jsii.Number(changeAgeSeconds),
		FilterCriteria: &awslambda.CfnEventSourceMapping_FilterCriteriaProperty{
			Filters: &[]any{&awslambda.CfnEventSourceMapping_FilterProperty{Pattern: jsii.String(onlyReported())}},
		},
		DestinationConfig: &awslambda.CfnEventSourceMapping_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: d.webhooks.unread.QueueArn()},
		},
	})
}

// onlyReported is a filter of events in Lambda's own words. What it drops costs no
// invocation.
func onlyReported() string {
	var partitions []map[string]string
	for _, prefix := range reported {
		partitions = append(partitions, map[string]string{"prefix": prefix})
	}
	keys := map[string]any{table.PartitionAttr: map[string]any{"S": partitions}}
	pattern, err := json.Marshal(map[string]any{"dynamodb": map[string]any{"Keys": keys}})
	if err != nil {
		panic(err) // maps of texts
	}
	return string(pattern)
}

// grantQueue allows to send, and what Lambda asks of a receiver's role.
func (d *deployment) grantQueue(role awsiam.Role, n Needs) {
	if n.Sends {
		allow(role, []string{"sqs:SendMessage"}, nil, d.webhooks.queue.QueueArn())
	}
	if n.Receives {
		allow(role, []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, nil, d.webhooks.queue.QueueArn())
	}
}

// grantStream allows the actions on the stats table's stream, and to tell of changes
// that are given up: Lambda does both by the function's role.
func (d *deployment) grantStream(role awsiam.Role, actions []api.Action) {
	stream := d.data.stats.TableStreamArn()
	if len(actions) == 0 || stream == nil {
		return
	}
	var read []string
	for _, action := range actions {
		if action == api.ListStreams {
			allow(role, []string{"dynamodb:ListStreams"}, nil, jsii.String("*")) // IAM knows no resource of it
			continue
		}
		read = append(read, "dynamodb:"+string(action))
	}
	allow(role, read, nil, stream)
	allow(role, []string{"sqs:SendMessage"}, nil, d.webhooks.unread.QueueArn())
}
