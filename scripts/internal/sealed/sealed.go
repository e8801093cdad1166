// Package sealed encrypts the peppers for backups, as age files that the age
// command reads too: to recipients, whose public keys may stand on a command line,
// or with a passphrase, which may not and is read from a file, the environment or
// standard input.
package sealed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/term"
)

// PassphraseVariable is the environment variable with the passphrase.
const PassphraseVariable = "STATGATE_PASSPHRASE"

// shortest is how many characters a passphrase must have: a backup may be
// guessed at for as long as it lies about.
const shortest = 12

// most is the size of the largest file that is read: peppers are some hundred bytes.
const most = 1 << 20

// Seal encrypts a text to the recipients, as ASCII armor.
func Seal(raw []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	_, err = w.Write(raw)
	if err = errors.Join(err, w.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return out.Bytes(), nil
}

// Open decrypts what Seal made, or the age command, armored or not.
func Open(file []byte, by ...age.Identity) ([]byte, error) {
	var in io.Reader = bytes.NewReader(file)
	if bytes.HasPrefix(file, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	r, err := age.Decrypt(in, by...)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	return raw, nil
}

// Recipients reads public keys, and the files that list them.
func Recipients(keys, files []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, key := range keys {
		found, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, errors.New("-recipient: this is no public key of age: those begin with age1")
		}
		all = append(all, found...)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-recipients: %w", err)
		}
		found, err := age.ParseRecipients(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("-recipients %s: %w", file, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Identities reads private keys from a file; "-" is standard input.
func Identities(file string, stdin io.Reader) ([]age.Identity, error) {
	raw, err := read(file, stdin)
	if err != nil {
		return nil, fmt.Errorf("-identity: %w", err)
	}
	found, err := age.ParseIdentities(bytes.NewReader(raw))
	if err != nil { // its text may quote the line
		return nil, fmt.Errorf("-identity %s: no private keys of age, one a line", file)
	}
	return found, nil
}

// Passphrase reads a passphrase: the first line of a file, where "-" is standard
// input, else the environment's. A terminal is asked without showing what is typed.
func Passphrase(file string, stdin io.Reader) (string, error) {
	if file == "" {
		return long(os.Getenv(PassphraseVariable))
	}
	if f, is := stdin.(*os.File); file == "-" && is && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(os.Stderr, "Passphrase: ")
		raw, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", fmt.Errorf("-passphrase: %w", err)
		}
		return long(string(raw))
	}
	raw, err := read(file, stdin)
	if err != nil {
		return "", fmt.Errorf("-passphrase: %w", err)
	}
	line := bufio.NewScanner(bytes.NewReader(raw))
	line.Scan()
	return long(line.Text())
}

func long(passphrase string) (string, error) {
	if n := len([]rune(passphrase)); n < shortest {
		return "", fmt.Errorf("the passphrase has %d characters: %d are the least", n, shortest)
	}
	return passphrase, nil
}

func read(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(stdin, most))
	}
	return os.ReadFile(file)
}
