package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/table"
)

var streamARN = regexp.MustCompile(`^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):([0-9]{12}):table/([A-Za-z0-9_.-]{3,255})/stream/[0-9A-Za-z:.-]+$`)

// noStream is the setting of a deployment that tells no webhook of changes.
const noStream = "none"

// lookupTimeout is for a search for credentials that ends nowhere.
const lookupTimeout = 15 * time.Second

// lookup returns the ARN of a table's stream.
type lookup func(ctx context.Context, tableName string) (string, error)

// stream settles which stream workers read where the stats table is not the
// stack's own: CloudFormation knows no stream of a table that it did not make.
func (s settings) stream(ctx context.Context, p *stack.Props, look lookup) error {
	given := s["stats_stream"]
	kept := p.Kept.Stats
	if kept == "" && p.Kept.Adopt {
		kept = s["stack"] + "-" + table.Stats.Name
	}
	switch {
	case kept == "" && given != "":
		return fmt.Errorf("-c stats_stream=%s: the stack knows the stream of a stats table of its own; this goes with -c adopt=true or -c stats_table=", given)
	case kept == "" || given == noStream || len(api.WorkersFor(p.Contract)) == 0:
		return nil
	}
	found := given
	if given == "" {
		var err error
		if found, err = look(ctx, kept); err != nil {
			return fmt.Errorf("looking up the stream of %s, by which webhooks hear of changes: %w; name it with -c stats_stream=ARN, make it with "+
				"aws dynamodb update-table --table-name %s --stream-specification StreamEnabled=true,StreamViewType=%s, or do without: -c stats_stream=%s",
				kept, err, kept, types.StreamViewTypeNewAndOldImages, noStream)
		}
	}
	if err := s.reachable(found, kept); err != nil {
		return err
	}
	p.Kept.StatsStream = found
	return nil
}

// reachable holds a stream to the table that is deployed, and to where it is deployed:
// Lambda reads those of its own account and region alone.
func (s settings) reachable(arn, tableName string) error {
	m := streamARN.FindStringSubmatch(arn)
	if m == nil {
		return fmt.Errorf("-c stats_stream=%s: the ARN of the stream of %s, or %s", arn, tableName, noStream)
	}
	for _, part := range []struct{ what, got, want string }{
		{"table", m[3], tableName}, {"region", m[1], s["region"]}, {"account", m[2], s["account"]},
	} {
		if part.want != "" && part.got != part.want {
			return fmt.Errorf("-c stats_stream=%s: this deployment's %s is %s", arn, part.what, part.want)
		}
	}
	return nil
}

// lookUp asks DynamoDB as whoever runs this, where the CDK's CLI will deploy to.
func (s settings) lookUp(ctx context.Context, tableName string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var options []func(*config.LoadOptions) error
	if s["region"] != "" {
		options = append(options, config.WithRegion(s["region"]))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return "", fmt.Errorf("loading the AWS configuration: %w", err)
	}
	told, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &tableName})
	if err != nil {
		return "", err
	}
	return streamOf(told.Table)
}

// streamOf is the stream that a table writes now: a table remembers one that was
// switched off, and one without both images tells too little.
func streamOf(t *types.TableDescription) (string, error) {
	s := t.StreamSpecification
	if s == nil || !aws.ToBool(s.StreamEnabled) || aws.ToString(t.LatestStreamArn) == "" {
		return "", errors.New("the table has none")
	}
	if s.StreamViewType != types.StreamViewTypeNewAndOldImages {
		return "", fmt.Errorf("it has %s alone", s.StreamViewType)
	}
	return aws.ToString(t.LatestStreamArn), nil
}
