// Package secret reads the peppers and other secrets from Secrets Manager.
package secret

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"statgate/shared/access/apikey"
	"statgate/shared/platform/boot"
)

// Peppers makes the secret PEPPERS_SECRET the source of the function's peppers.
func Peppers(f *boot.Function) {
	f.UsePeppers(apikey.NewPepperSource(Fetch(f.AWS, f.Need("PEPPERS_SECRET")), f.Clock))
}

// Reader returns a function that makes a [Fetch] of a secret's name.
func Reader(cfg aws.Config) func(name string) func(context.Context) ([]byte, error) {
	return func(name string) func(context.Context) ([]byte, error) { return Fetch(cfg, name) }
}

// Fetch returns a function that reads the text of a secret by its name or ARN. Its
// errors never contain the text.
func Fetch(cfg aws.Config, name string) func(context.Context) ([]byte, error) {
	client := secretsmanager.NewFromConfig(cfg)
	return func(ctx context.Context) ([]byte, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			return nil, fmt.Errorf("secret: reading %s: %w", name, err)
		}
		if out.SecretString == nil {
			return nil, errors.New("secret: " + name + " has no text")
		}
		return []byte(*out.SecretString), nil
	}
}
