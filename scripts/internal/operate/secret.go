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

// currentStage is the label of the version that GetSecretValue returns.
const currentStage = "AWSCURRENT"

// Secret is a document of peppers in Secrets Manager. It implements [peppers.Document].
type Secret struct {
	client *secretsmanager.Client
	name   string
}

// NewSecret returns the document with that name or ARN. The secret itself must exist: the
// stack creates it.
func NewSecret(cfg aws.Config, name string) *Secret {
	return &Secret{secretsmanager.NewFromConfig(cfg), name}
}

func (s *Secret) String() string { return "secret " + s.name }

// Read implements [peppers.Document].
func (s *Secret) Read(ctx context.Context) ([]byte, time.Time, error) {
	raw, changed, _, err := s.read(ctx)
	return raw, changed, err
}

// read returns the current value, the time of its creation and its version id. All are
// zero for a secret without a value.
func (s *Secret) read(ctx context.Context) (raw []byte, changed time.Time, version string, err error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing) && strings.Contains(missing.ErrorMessage(), "staging label"):
		return nil, time.Time{}, "", nil // the secret has no value yet
	case err != nil:
		return nil, time.Time{}, "", fmt.Errorf("reading secret %s: %w", s.name, err)
	case out.SecretString == nil:
		return nil, time.Time{}, "", fmt.Errorf("secret %s: must hold text, not binary data", s.name)
	}
	return []byte(*out.SecretString), aws.ToTime(out.CreatedDate), aws.ToString(out.VersionId), nil
}

// movedBy returns nil if the version is the current one: the answer to the move was lost, and
// the SDK repeated it. Otherwise another writer moved the label first.
func (s *Secret) movedBy(ctx context.Context, version string) error {
	_, _, current, err := s.read(ctx)
	if err == nil && current != version {
		err = peppers.ErrChanged
	}
	return err
}

// Replace implements [peppers.Document]. Secrets Manager has no conditional write of a
// value, but moving a label is conditional on the version that has it. So Replace writes
// the value under a temporary label, and then moves AWSCURRENT to it.
func (s *Secret) Replace(ctx context.Context, was, next []byte) error {
	current, _, from, err := s.read(ctx)
	if err != nil {
		return err
	}
	if (current == nil) != (was == nil) || !bytes.Equal(current, was) {
		return peppers.ErrChanged
	}
	text, token, label := string(next), strings.ToLower(rand.Text() + rand.Text())[:40], "STATGATE-"+rand.Text()[:12]
	put, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.name, SecretString: &text, ClientRequestToken: &token, VersionStages: []string{label},
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
	var moved *types.InvalidParameterException // the label was moved before
	if errors.As(err, &moved) {
		err = s.movedBy(ctx, aws.ToString(put.VersionId))
	}
	// Remove the temporary label. Where the move failed, the version has no label then,
	// and Secrets Manager deletes it some time later.
	_, _ = s.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.name, VersionStage: &label, RemoveFromVersionId: put.VersionId,
	})
	if err != nil {
		return fmt.Errorf("making the new value of secret %s the current one: %w", s.name, err)
	}
	return nil
}
