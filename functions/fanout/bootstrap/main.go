// Command bootstrap is a stand-in.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"statgate/functions/fanout"
	"statgate/shared/boot"
)

func main() {
	f := boot.Load()
	client, queue := sqs.NewFromConfig(f.AWS), f.Need("WEBHOOK_QUEUE")
	f.Start(fanout.Handle(func(ctx context.Context, body string) error {
		_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body})
		return err
	}, f.Log))
}
