package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/retry"
	"statgate/shared/table"
)

// CreateTables creates the tables of schemas in an emulator, each named prefix + schema
// name. Like deployed tables, they have on-demand capacity, all indexes, TTL and streams.
// Existing tables are not changed, except that TTL is enabled. CreateTables returns when
// all tables are active.
func CreateTables(ctx context.Context, client *dynamodb.Client, prefix string, schemas ...table.Schema) error {
	for _, s := range schemas {
		name := prefix + s.Name
		_, err := client.CreateTable(ctx, createInput(name, s))
		var exists *types.ResourceInUseException
		if err != nil && !errors.As(err, &exists) {
			return fmt.Errorf("dynamo: creating table %s: %w", name, err)
		}
		if err := awaitActive(ctx, client, name); err != nil {
			return fmt.Errorf("dynamo: waiting for table %s: %w", name, err)
		}
		if err := enableTTL(ctx, client, name); err != nil {
			return fmt.Errorf("dynamo: enabling TTL on table %s: %w", name, err)
		}
	}
	return nil
}

// DropTables deletes the tables that CreateTables created. A missing table is not an error.
func DropTables(ctx context.Context, client *dynamodb.Client, prefix string, schemas ...table.Schema) error {
	for _, s := range schemas {
		name := prefix + s.Name
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		var gone *types.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("dynamo: deleting table %s: %w", name, err)
		}
	}
	return nil
}

func createInput(name string, s table.Schema) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: keyAttributes(table.PartitionAttr, table.SortAttr),
		KeySchema:            keySchema(table.PartitionAttr, table.SortAttr),
	}
	for _, ix := range s.Indexes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, keyAttributes(ix+"_pk", ix+"_sk")...)
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(ix), KeySchema: keySchema(ix+"_pk", ix+"_sk"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		})
	}
	in.StreamSpecification = StreamOf(s)
	return in
}

// StreamOf returns the settings of the schema's stream, or nil if it has none.
func StreamOf(s table.Schema) *types.StreamSpecification {
	if !s.Streams {
		return nil
	}
	return &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}

func keyAttributes(names ...string) []types.AttributeDefinition {
	var defs []types.AttributeDefinition
	for _, n := range names {
		defs = append(defs, types.AttributeDefinition{AttributeName: aws.String(n), AttributeType: types.ScalarAttributeTypeS})
	}
	return defs
}

func keySchema(partition, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &partition, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

func awaitActive(ctx context.Context, client *dynamodb.Client, name string) error {
	for {
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return fmt.Errorf("describing the table: %w", err)
		}
		if active(out.Table) {
			return nil
		}
		if err := retry.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func active(d *types.TableDescription) bool {
	for _, ix := range d.GlobalSecondaryIndexes {
		if ix.IndexStatus != types.IndexStatusActive {
			return false
		}
	}
	return d.TableStatus == types.TableStatusActive
}

func enableTTL(ctx context.Context, client *dynamodb.Client, name string) error {
	out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err != nil {
		return fmt.Errorf("describing the TTL: %w", err)
	}
	if d := out.TimeToLiveDescription; d != nil && d.TimeToLiveStatus == types.TimeToLiveStatusEnabled {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(table.TTLAttr), Enabled: aws.Bool(true),
		},
	})
	return err
}
