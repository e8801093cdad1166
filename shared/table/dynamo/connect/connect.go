// Package connect makes DynamoDB clients for commands: it looks for credentials
// where the AWS CLI does. Lambda functions are told everything by their
// environment and must not link it, as the search costs size and time.
package connect

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Client returns a client of AWS, by the environment and the profile as the
// AWS CLI finds them; or, with an endpoint (given, or in the environment), of an
// emulator, where credentials and a region are made up unless the environment has
// them.
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

// firstSet returns the first environment variable that is not empty.
func firstSet(names ...string) string {
	for _, n := range names {
		if v := os.Getenv(n); v != "" {
			return v
		}
	}
	return ""
}
