// Package play is the function that plays replays of matches.
//
// Its queue has one message per replay, which says at which time the state of the match next
// changes. The function writes the state and sends the next message. A message that it receives
// twice, or late, does no harm: the clock of the replay decides the state.
package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/stats/replays"
)

// Deps are the function's dependencies.
type Deps struct {
	Replays *replays.Store
	Queue   replays.Queue
	Clock   func() time.Time
	Log     *slog.Logger
}

// Player plays steps of replays.
type Player struct{ Deps }

// New returns the function.
func New(d Deps) *Player { return &Player{d} }

// Handle plays the steps of a batch concurrently. A step that fails becomes visible again after
// the queue's visibility timeout, and finally goes to the dead-letter queue.
func (p *Player) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, message := range ev.Records {
		group.Go(func() {
			if err := p.message(ctx, message.Body); err != nil {
				p.Log.Error("playing a replay failed", "message", message.MessageId, "cause", err)
				mu.Lock()
				defer mu.Unlock()
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			}
		})
	}
	group.Wait()
	return answer, nil
}

// message plays a step and sends the next one.
func (p *Player) message(ctx context.Context, body string) error {
	var step replays.Step
	if err := json.Unmarshal([]byte(body), &step); err != nil {
		return fmt.Errorf("play: reading a message: %w", err)
	}
	if step.Org == "" || step.Replay == "" {
		return errors.New("play: the message names no replay")
	}
	next := &step
	if !step.At.After(p.Clock()) { // SQS delays a message by 15 minutes at most
		var err error
		if next, err = p.Replays.Play(ctx, step); err != nil {
			return err
		}
	}
	if next == nil {
		return nil
	}
	return p.Queue.Send(ctx, *next)
}
