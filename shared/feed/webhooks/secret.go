package webhooks

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
)

// Peppers seal signing secrets. Signing needs the secret itself, so a hash of it would not
// do. A secret stays under its version until it is replaced, or sealed again because the
// version is to be retired ([Store.Reseal]).
type Peppers interface {
	Current(ctx context.Context) (apikey.Pepper, error)
	Get(ctx context.Context, version string) (apikey.Pepper, error)
}

const (
	secretBytes  = 32
	secretPrefix = "whsec_"
	sealLabel    = "statgate/webhook"
)

// sealed is a signing secret as it is stored; the zero value means none.
type sealed struct {
	Pepper string // its version
	Text   string // base64 of nonce and AES-256-GCM, bound to the webhook's id
}

// mint makes a signing secret and returns it as receivers configure it and as it is stored.
func (s *Store) mint(ctx context.Context, id string) (string, sealed, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.Rand, raw); err != nil {
		return "", sealed{}, fmt.Errorf("webhooks: reading randomness: %w", err)
	}
	sealedSecret, err := s.seal(ctx, id, raw)
	return encodeSecret(raw), sealedSecret, err
}

// shownOf returns the first characters of a signing secret, which tell it from others.
func shownOf(secret string) string { return secret[:len(secretPrefix)+4] }

func encodeSecret(raw []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(raw) }

// seal encrypts a secret under the current pepper.
func (s *Store) seal(ctx context.Context, id string, raw []byte) (sealed, error) {
	pepper, err := s.Peppers.Current(ctx)
	if err != nil {
		return sealed{}, api.UnavailableError("reading the peppers", err)
	}
	box, err := cipherOf(pepper)
	if err != nil {
		return sealed{}, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := io.ReadFull(s.Rand, nonce); err != nil {
		return sealed{}, fmt.Errorf("webhooks: reading randomness: %w", err)
	}
	return sealed{pepper.Version, base64.StdEncoding.EncodeToString(box.Seal(nonce, nonce, raw, []byte(id)))}, nil
}

// open decrypts a webhook's secret. Errors never quote it.
func (s *Store) open(ctx context.Context, id string, under sealed) ([]byte, error) {
	pepper, err := s.Peppers.Get(ctx, under.Pepper)
	if err != nil {
		return nil, api.UnavailableError("reading the peppers", err)
	}
	box, err := cipherOf(pepper)
	if err != nil {
		return nil, err
	}
	text, err := base64.StdEncoding.DecodeString(under.Text)
	if err != nil || len(text) < box.NonceSize() {
		return nil, fmt.Errorf("webhooks: the signing secret of %s is malformed", id)
	}
	raw, err := box.Open(nil, text[:box.NonceSize()], text[box.NonceSize():], []byte(id))
	if err != nil {
		return nil, errors.New("webhooks: the signing secret of " + id + " is not sealed under the pepper that it names")
	}
	return raw, nil
}

func cipherOf(p apikey.Pepper) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sha256.New, p.Key, sealLabel, 32)
	if err != nil {
		return nil, fmt.Errorf("webhooks: deriving a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("webhooks: deriving a key: %w", err)
	}
	return cipher.NewGCM(block)
}
