package operate

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"statgate/shared/access/peppers"
)

// currentStage is the label of the version that readers get.
const currentStage = "AWSCURRENT"

// Secret is a document in Secrets Manager.
type Secret struct {
	client *secretsmanager.Client
	name   string
}

// NewSecret returns the document of that name or ARN. The secret itself must
// exist: the stack makes it.
func NewSecret(cfg aws.Config, name string) *Secret {
	return &Secret{secretsmanager.NewFromConfig(cfg), name}
}

func (s *Secret) String() string { return "secret " + s.name }

// Read implements [peppers.Document].
func (s *Secret) Read(ctx context.Context) ([]byte, time.Time, error) {
	raw, changed, _, err := s.read(ctx)
	return raw, changed, err
}

func (s *Secret) read(ctx context.Context) (raw []byte, changed time.Time, version string, err error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing) && strings.Contains(missing.ErrorMessage(), "staging label"):
		return nil, time.Time{}, "", nil // a secret without a value
	case err != nil:
		return nil, time.Time{}, "", fmt.Errorf("reading secret %s: %w", s.name, err)
	case out.SecretString == nil:
		return nil, time.Time{}, "", fmt.Errorf("secret %s holds no text", s.name)
	}
	return []byte(*out.SecretString), aws.ToTime(out.CreatedDate), aws.ToString(out.VersionId), nil
}

// Replace implements [peppers.Document]. Putting a value has no condition, but
// moving the label of the current one has: it names the version that it is taken
// from. So the value is put under a label of its own first.
func (s *Secret) Replace(ctx context.Context, was, becomes []byte) error {
	stands, _, from, err := s.read(ctx)
	if err != nil {
		return err
	}
	if (stands == nil) != (was == nil) || !bytes.Equal(stands, was) {
		return peppers.ErrChanged
	}
	text, token, next := string(becomes), strings.ToLower(rand.Text() + rand.Text())[:40], "STATGATE-"+rand.Text()[:12]
	put, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.name, SecretString: &text, ClientRequestToken: &token, VersionStages: []string{next},
	})
	if err != nil {
		return fmt.Errorf("writing secret %s: %w", s.name, err)
	}
	move := &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.name, VersionStage: aws.String(currentStage), MoveToVersionId: put.VersionId,
	}
	if from != "" {
		move.RemoveFromVersionId = &from
	}
	_, err = s.client.UpdateSecretVersionStage(ctx, move)
	var taken *types.InvalidParameterException
	if errors.As(err, &taken) {
		err = peppers.ErrChanged
	}
	// The label has done its work; without it and without AWSCURRENT the version
	// is deprecated, and Secrets Manager drops it in time.
	_, _ = s.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.name, VersionStage: &next, RemoveFromVersionId: put.VersionId,
	})
	if err != nil {
		return fmt.Errorf("making the new value of secret %s the current one: %w", s.name, err)
	}
	return nil
}
