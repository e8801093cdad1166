// Package sealed encrypts backups of the peppers as age files, which the age command
// can decrypt too. It encrypts to recipients, whose public keys may be on the command
// line, or with a passphrase. A passphrase is never on the command line: it is read
// from a file, standard input or the environment.
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
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"statgate/scripts/internal/usage"
)

// PassphraseVariable is the environment variable that holds the passphrase.
const PassphraseVariable = "STATGATE_PASSPHRASE"

// minCharacters is the minimum length of a passphrase. It is long because a stolen
// backup can be attacked offline for years.
const minCharacters = 12

// maxBytes is the size of the largest file that is read. Peppers have some hundred bytes.
const maxBytes = 1 << 20

// PassphraseFlag adds the option --passphrase.
func PassphraseFlag(f *pflag.FlagSet, file *string) {
	f.StringVar(file, "passphrase", "", "`FILE` with the passphrase in its first line, or - for standard input; default the environment variable "+PassphraseVariable)
}

// Seal encrypts raw to the recipients, as ASCII armor.
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

// Open decrypts a file of Seal or of the age command, with or without ASCII armor.
func Open(file []byte, by ...age.Identity) ([]byte, error) {
	var in io.Reader = bytes.NewReader(file)
	if bytes.HasPrefix(file, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	r, err := age.Decrypt(in, by...)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	return raw, nil
}

// Recipients parses public keys, and those in files that list one per line.
func Recipients(keys, files []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, key := range keys {
		found, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, usage.Errorf("--recipient: not a public key of age; public keys begin with age1")
		}
		all = append(all, found...)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, usage.Errorf("--recipients: %w", err)
		}
		found, err := age.ParseRecipients(bytes.NewReader(raw))
		if err != nil {
			return nil, usage.Errorf("--recipients %s: %w", file, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Identities reads private keys from a file, or from standard input where file is "-".
func Identities(file string, stdin io.Reader) ([]age.Identity, error) {
	raw, err := read(file, stdin)
	if err != nil {
		return nil, usage.Errorf("--identity: %w", err)
	}
	found, err := age.ParseIdentities(bytes.NewReader(raw))
	if err != nil { // not wrapped, as it may quote a private key
		return nil, usage.Errorf("--identity %s: must hold private keys of age, one per line", file)
	}
	return found, nil
}

// Passphrase returns the first line of the file, or of standard input where file is
// "-". Where file is "" it returns the environment variable [PassphraseVariable]. On a
// terminal it prompts and does not echo.
func Passphrase(file string, stdin io.Reader) (string, error) {
	if file == "" {
		return checked(os.Getenv(PassphraseVariable))
	}
	if f, ok := stdin.(*os.File); file == "-" && ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(os.Stderr, "Passphrase: ")
		raw, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", fmt.Errorf("--passphrase: %w", err)
		}
		return checked(string(raw))
	}
	raw, err := read(file, stdin)
	if err != nil {
		return "", usage.Errorf("--passphrase: %w", err)
	}
	line := bufio.NewScanner(bytes.NewReader(raw))
	line.Scan()
	return checked(line.Text())
}

// checked refuses a passphrase that is too short. The error does not quote it.
func checked(passphrase string) (string, error) {
	if n := len([]rune(passphrase)); n < minCharacters {
		return "", usage.Errorf("passphrase: must have at least %d characters, got %d; give --passphrase FILE or set %s", minCharacters, n, PassphraseVariable)
	}
	return passphrase, nil
}

func read(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(stdin, maxBytes))
	}
	return os.ReadFile(file)
}
