// Package connect makes DynamoDB clients for commands. It finds credentials and the region
// as the AWS CLI does. Lambda functions must not link it: their environment has all
// settings, and the search would cost binary size and start-up time.
package connect

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Client returns a client of AWS, configured by the environment and the profile as for the
// AWS CLI. If an endpoint is given, or set in the environment, it returns a client of that
// endpoint, which is usually an emulator. Then the region defaults to us-east-1, and
// missing credentials are replaced by placeholders.
func Client(ctx context.Context, endpoint string) (*dynamodb.Client, error) {
	if endpoint == "" {
		endpoint = firstSet("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
	}
	if endpoint == "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect: loading the AWS configuration: %w", err)
		}
		return dynamodb.NewFromConfig(cfg), nil
	}
	o := dynamodb.Options{BaseEndpoint: &endpoint, Region: firstSet("AWS_REGION", "AWS_DEFAULT_REGION")}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		key, secret = "local", "local"
	}
	o.Credentials = credentials.NewStaticCredentialsProvider(key, secret, os.Getenv("AWS_SESSION_TOKEN"))
	return dynamodb.New(o), nil
}

// firstSet returns the value of the first environment variable that is not empty.
func firstSet(names ...string) string {
	for _, n := range names {
		if v := os.Getenv(n); v != "" {
			return v
		}
	}
	return ""
}
