package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
)

const (
	stepDays = 1 // longer than a replay's message waits: 15 minutes at most
	// stepReceives is how often a step is received before it moves to the dead-letter queue:
	// for about half an hour.
	stepReceives = 10
	stepBatch    = 10
	// stepConcurrency is how many instances play replays. One plays ten steps at a time, each
	// within some milliseconds.
	stepConcurrency = 2
)

// replays are the queue of steps and its dead-letter queue.
type replays struct{ queue, dead awssqs.Queue }

// newReplays creates the queues, or returns nil if nothing is replayed.
func (d *deployment) newReplays() *replays {
	if !d.works(api.ReplayQueue) {
		return nil
	}
	dead := d.newQueue("replays-dead", awssqs.QueueProps{RetentionPeriod: days(deadLetterDays)})
	return &replays{dead: dead, queue: d.newQueue("replays", awssqs.QueueProps{
		RetentionPeriod:   days(stepDays),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilitySeconds)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(stepReceives)},
	})}
}

// mapSteps maps the queue of steps to its function.
func (d *deployment) mapSteps(f awslambda.Function) {
	awslambda.NewCfnEventSourceMapping(d.stack, jsii.String("ReplaysMapping"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:          f.FunctionName(),
		EventSourceArn:        d.replays.queue.QueueArn(),
		BatchSize:             jsii.Number(stepBatch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(stepConcurrency)},
	})
}

// grantSteps allows a role to send steps, and Lambda to receive them with the role.
func (d *deployment) grantSteps(role awsiam.Role, n access) {
	if n.Plays {
		allow(role, []string{"sqs:SendMessage"}, nil, d.replays.queue.QueueArn())
	}
	if n.ReceivesSteps {
		allow(role, []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, nil, d.replays.queue.QueueArn())
	}
}
