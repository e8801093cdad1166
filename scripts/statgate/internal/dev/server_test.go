package dev

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// held opens a connection to a server with short timeouts, sends text and nothing more, and
// returns what the server answers before it closes the connection.
func held(t *testing.T, short timeouts, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}), short)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, text); err != nil {
		t.Fatal(err)
	}
	// The deadline only keeps a failing test from waiting for ever.
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatalf("the connection was not closed: %v", err)
	}
	return string(answer)
}

func TestSlowClientsLoseTheirConnection(t *testing.T) {
	t.Parallel()
	const quick = 50 * time.Millisecond
	for name, tt := range map[string]struct {
		short timeouts
		sent  string
	}{
		"slow headers": {timeouts{header: quick, request: time.Hour, response: time.Hour, idle: time.Hour}, "GET / HTTP/1.1\r\nHost: x\r\n"},
		"slow body":    {timeouts{header: time.Hour, request: quick, response: time.Hour, idle: time.Hour}, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"},
		"idle":         {timeouts{header: time.Hour, request: time.Hour, response: time.Hour, idle: quick}, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("answered %q", held(t, tt.short, tt.sent))
		})
	}
}

func TestABodyHasAtMostThirtySeconds(t *testing.T) {
	t.Parallel()
	server := newServer(nil, slowest)
	for name, got := range map[string]time.Duration{"ReadHeaderTimeout": server.ReadHeaderTimeout, "ReadTimeout": server.ReadTimeout} {
		if got <= 0 || got > 30*time.Second {
			t.Errorf("%s: got %v, want at most 30 s", name, got)
		}
	}
	for name, got := range map[string]time.Duration{"WriteTimeout": server.WriteTimeout, "IdleTimeout": server.IdleTimeout} {
		if got <= 0 || got > 5*time.Minute {
			t.Errorf("%s: got %v, want a bound", name, got)
		}
	}
}
