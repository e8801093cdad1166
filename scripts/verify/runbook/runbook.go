// Package runbook reads the commands of a Markdown page and runs them block by block in one
// shell, as if a person pasted them.
package runbook

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Block is a fenced block of shell commands.
type Block struct {
	Section, Text string
	Line          int      // line number of the opening fence
	Notes         []string // words after the language: local, stack, stopped
}

// Is reports whether the block has a note.
func (b Block) Is(note string) bool { return slices.Contains(b.Notes, note) }

// Read returns the page's blocks with the language sh, in order.
func Read(file string) ([]Block, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a runbook: %w", err)
	}
	var all []Block
	section, inside := "", false
	for i, line := range strings.Split(string(raw), "\n") {
		switch {
		case inside && line == "```":
			inside = false
		case inside:
			all[len(all)-1].Text += line + "\n"
		case strings.HasPrefix(line, "## "):
			section = line[3:]
		case strings.HasPrefix(line, "```sh"):
			inside = true
			all = append(all, Block{Section: section, Line: i + 1, Notes: strings.Fields(line)[1:]})
		}
	}
	if inside {
		return nil, fmt.Errorf("%s: the last block is not closed", file)
	}
	return all, nil
}

// Shell is a bash that exits at the first command that fails.
type Shell struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Open starts a shell in a directory, with an environment.
func Open(dir string, env []string) (*Shell, error) {
	s := &Shell{cmd: exec.Command("bash", "-euo", "pipefail")}
	s.cmd.Dir, s.cmd.Env = dir, env
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("opening a shell: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("opening a shell: %w", err)
	}
	s.cmd.Stderr = s.cmd.Stdout
	s.in, s.out = in, bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("opening a shell: %w", err)
	}
	return s, nil
}

// Close ends the shell.
func (s *Shell) Close() {
	s.in.Close()
	_ = s.cmd.Wait() // a failed command was reported by Run
}

const end = "-- end of block --"

// timeout is the time limit of a block.
const timeout = 6 * time.Minute

// Run runs commands and returns their output. It returns an error if a command fails, which
// ends the shell, or if the commands take longer than timeout.
func (s *Shell) Run(text string) (string, error) {
	if _, err := fmt.Fprintf(s.in, "%s\necho '%s'\n", text, end); err != nil {
		return "", fmt.Errorf("the shell has ended: %w", err)
	}
	output := make(chan string, 1)
	go func() {
		var all strings.Builder
		for {
			line, err := s.out.ReadString('\n')
			if all.WriteString(line); err != nil || strings.HasSuffix(line, end+"\n") {
				output <- all.String()
				return
			}
		}
	}()
	select {
	case all := <-output:
		printed, complete := strings.CutSuffix(all, end+"\n")
		if !complete {
			return printed, fmt.Errorf("a command failed")
		}
		return printed, nil
	case <-time.After(timeout):
		return "", fmt.Errorf("the block did not end within %s", timeout)
	}
}
