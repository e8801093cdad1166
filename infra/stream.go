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

// noStream is the value of stats_stream for a deployment that reads no stream.
const noStream = "none"

// lookupTimeout limits the lookup, as a search for credentials can hang.
const lookupTimeout = 15 * time.Second

// lookup returns the ARN of the stream of a table.
type lookup func(ctx context.Context, tableName string) (string, error)

// stream sets the stream that the workers read if the stats table is not created by the
// stack. CloudFormation does not know the stream of an existing table.
func (s settings) stream(ctx context.Context, p *stack.Props, find lookup) error {
	given := s["stats_stream"]
	existing := p.Existing.Stats
	if existing == "" && p.Existing.Adopt {
		existing = s["stack"] + "-" + table.Stats.Name
	}
	switch {
	case existing == "" && given != "":
		return fmt.Errorf("-c stats_stream=%s: the stack creates the stats table and knows its stream: add -c adopt=true or -c stats_table=, or drop this flag", given)
	case existing == "" || given == noStream || len(api.WorkersFor(p.Contract)) == 0:
		return nil
	}
	found := given
	if given == "" {
		var err error
		if found, err = find(ctx, existing); err != nil {
			return fmt.Errorf("looking up the stream of %s, which webhooks need: %w; pass its ARN with -c stats_stream=ARN, enable it with "+
				"aws dynamodb update-table --table-name %s --stream-specification StreamEnabled=true,StreamViewType=%s, or deploy without it: -c stats_stream=%s",
				existing, err, existing, types.StreamViewTypeNewAndOldImages, noStream)
		}
	}
	if err := s.checkStream(found, existing); err != nil {
		return err
	}
	p.Existing.StatsStream = found
	return nil
}

// checkStream checks that a stream belongs to the deployment's table, region and account.
// Lambda can only read streams of its own region and account.
func (s settings) checkStream(arn, tableName string) error {
	m := streamARN.FindStringSubmatch(arn)
	if m == nil {
		return fmt.Errorf("-c stats_stream=%s: must be the ARN of the stream of %s, or %s", arn, tableName, noStream)
	}
	for _, part := range []struct{ what, got, want string }{
		{"table", m[3], tableName}, {"region", m[1], s["region"]}, {"account", m[2], s["account"]},
	} {
		if part.want != "" && part.got != part.want {
			return fmt.Errorf("-c stats_stream=%s: must match this deployment, whose %s is %s", arn, part.what, part.want)
		}
	}
	return nil
}

// lookUp reads the stream's ARN from DynamoDB, with the credentials of the process and in
// the region that the CDK CLI will deploy to.
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
	out, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &tableName})
	if err != nil {
		return "", err
	}
	return streamOf(out.Table)
}

// streamOf returns the ARN of a table's enabled stream. A disabled stream keeps its ARN,
// so the specification is checked too. The stream must have both images.
func streamOf(t *types.TableDescription) (string, error) {
	s := t.StreamSpecification
	if s == nil || !aws.ToBool(s.StreamEnabled) || aws.ToString(t.LatestStreamArn) == "" {
		return "", errors.New("the table has no enabled stream")
	}
	if s.StreamViewType != types.StreamViewTypeNewAndOldImages {
		return "", fmt.Errorf("the stream's view type is %s and must be %s", s.StreamViewType, types.StreamViewTypeNewAndOldImages)
	}
	return aws.ToString(t.LatestStreamArn), nil
}
