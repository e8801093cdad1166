package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/table"
)

// Kept is data that the stack uses and does not make.
type Kept struct {
	// Adopt takes the tables and the peppers that a stack of the same name left
	// behind. The stack only refers to them from then on, so that it is said at
	// every deployment; said for tables that are the stack's own, it lets go of
	// them and they stay.
	Adopt bool
	// Keys and Stats are names of tables instead of the stack's own, as a restored
	// backup has; "" for none.
	Keys, Stats string
	// StatsStream is the ARN of the stream of a stats table that is not the stack's
	// own, which no name tells. Where it is "", nobody reads the stream.
	StatsStream string
}

// data is what outlives the stack.
type data struct {
	keys, stats awsdynamodb.ITable
	peppers     *string // the secret's name
}

func (d *deployment) newData() data {
	made := data{
		keys:    d.tableOf(table.Keys, d.props.Kept.Keys, ""),
		stats:   d.tableOf(table.Stats, d.props.Kept.Stats, d.props.Kept.StatsStream),
		peppers: d.named("peppers"),
	}
	if !d.props.Kept.Adopt {
		d.newPeppers(made.peppers)
	}
	return made
}

// tableOf refers to a table that is there already, with its stream where that is
// known, or makes it.
func (d *deployment) tableOf(schema table.Schema, kept, stream string) awsdynamodb.ITable {
	if kept == "" && d.props.Kept.Adopt {
		kept = *d.named(schema.Name)
	}
	if kept == "" {
		return d.newTable(schema)
	}
	attributes := awsdynamodb.TableAttributes{TableName: jsii.String(kept)}
	if stream != "" {
		attributes.TableStreamArn = jsii.String(stream)
	}
	return awsdynamodb.Table_FromTableAttributes(d.stack, jsii.String(title(schema.Name)+"Table"), &attributes)
}

// newTable makes a table and every index that it will need for a while, as
// CloudFormation adds one index an update. Encryption is by the account's own
// DynamoDB key: its use is on CloudTrail, which the default key's is not, and
// unlike a customer's key it needs no grant and cannot be scheduled for deletion.
func (d *deployment) newTable(schema table.Schema) awsdynamodb.Table {
	props := &awsdynamodb.TableProps{
		TableName:    d.named(schema.Name),
		PartitionKey: text(table.PartitionAttr),
		SortKey:      text(table.SortAttr),
		BillingMode:  awsdynamodb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		TimeToLiveAttribute: jsii.String(table.TTLAttr),
		Encryption:          awsdynamodb.TableEncryption_AWS_MANAGED,
		RemovalPolicy:       awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	}
	if schema.Streams {
		props.Stream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	made := awsdynamodb.NewTable(d.stack, jsii.String(title(schema.Name)+"Table"), props)
	for _, index := range schema.Indexes {
		made.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:      jsii.String(index),
			PartitionKey:   text(index + "_pk"),
			SortKey:        text(index + "_sk"),
			ProjectionType: awsdynamodb.ProjectionType_ALL,
		})
	}
	return made
}

func text(attribute string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(attribute), Type: awsdynamodb.AttributeType_STRING}
}

// newPeppers lets CloudFormation generate the root of all peppers, so that no
// person and no build ever holds it. Changing anything under GenerateSecretString
// would generate a new root and kill every key: a test freezes it.
func (d *deployment) newPeppers(name *string) {
	awssecretsmanager.NewSecret(d.stack, jsii.String("Peppers"), &awssecretsmanager.SecretProps{
		SecretName:  name,
		Description: jsii.String("Root of the peppers of all API keys: whoever loses it loses every key"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: jsii.String(`{"current":"1"}`),
			GenerateStringKey:    jsii.String("root"),
			PasswordLength:       jsii.Number(64),
			ExcludePunctuation:   jsii.Bool(true),
			IncludeSpace:         jsii.Bool(false),
		},
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	})
}
