package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/table"
)

// Existing is data that the stack uses but does not create.
type Existing struct {
	// Adopt uses the tables and the peppers that a stack of the same name left behind. The
	// stack then only refers to them, so every later deployment must set Adopt too. If the
	// tables belong to the stack, Adopt removes them from the stack without deleting them.
	Adopt bool
	// Keys and Stats are the names of other tables to use, such as restored ones; "" for
	// the stack's own.
	Keys, Stats string
	// StatsStream is the ARN of the stream of a stats table that the stack does not
	// create. If it is "", no function reads the stream.
	StatsStream string
}

// data are the tables and the peppers, which outlive the stack.
type data struct {
	keys, stats awsdynamodb.ITable
	peppers     *string // name of the secret
}

func (d *deployment) newData() data {
	all := data{
		keys:    d.tableOf(table.Keys, d.props.Existing.Keys, ""),
		stats:   d.tableOf(table.Stats, d.props.Existing.Stats, d.props.Existing.StatsStream),
		peppers: d.named("peppers"),
	}
	if !d.props.Existing.Adopt {
		d.newPeppers(all.peppers)
	}
	return all
}

// tableOf refers to an existing table, with its stream if that is known, or creates the
// table.
func (d *deployment) tableOf(schema table.Schema, existing, stream string) awsdynamodb.ITable {
	if existing == "" && d.props.Existing.Adopt {
		existing = *d.named(schema.Name)
	}
	if existing == "" {
		return d.newTable(schema)
	}
	attributes := awsdynamodb.TableAttributes{TableName: jsii.String(existing)}
	if stream != "" {
		attributes.TableStreamArn = jsii.String(stream)
	}
	return awsdynamodb.Table_FromTableAttributes(d.stack, jsii.String(title(schema.Name)+"Table"), &attributes)
}

// newTable creates a table with all its indexes from the start, as CloudFormation can add
// only one index per update. The table is encrypted with the account's AWS managed key.
// CloudTrail logs the use of that key, unlike that of the default key. A customer managed
// key would need grants and could be deleted.
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
		DeletionProtection:  jsii.Bool(!d.props.Unprotected),
		Encryption:          awsdynamodb.TableEncryption_AWS_MANAGED,
		RemovalPolicy:       awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	}
	if schema.Streams {
		props.Stream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	created := awsdynamodb.NewTable(d.stack, jsii.String(title(schema.Name)+"Table"), props)
	for _, index := range schema.Indexes {
		created.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:      jsii.String(index),
			PartitionKey:   text(index + "_pk"),
			SortKey:        text(index + "_sk"),
			ProjectionType: awsdynamodb.ProjectionType_ALL,
		})
	}
	return created
}

// text returns a string attribute.
func text(attribute string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(attribute), Type: awsdynamodb.AttributeType_STRING}
}

// newPeppers creates the secret with the root of the peppers. CloudFormation generates the
// root, so that no person and no build ever sees it. Any change under GenerateSecretString
// would generate a new root and invalidate every key; a test prevents that.
func (d *deployment) newPeppers(name *string) {
	awssecretsmanager.NewSecret(d.stack, jsii.String("Peppers"), &awssecretsmanager.SecretProps{
		SecretName:  name,
		Description: jsii.String("Root of the peppers of all API keys. Without it, every key is invalid"),
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
