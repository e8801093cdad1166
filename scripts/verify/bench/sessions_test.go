package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/table"
)

// console sends requests to the routes of sessions, as the page does.
type console struct {
	t              *testing.T
	w              *fixture
	cookie, access string
}

// post sends a request and keeps the session's secrets.
func (c *console) post(operation, body string, status int) {
	c.t.Helper()
	route, _ := api.Find(operation)
	r := httptest.NewRequestWithContext(c.t.Context(), route.Method, route.Path, strings.NewReader(body))
	for name, value := range map[string]string{"Content-Type": "application/json", "Origin": "http://" + r.Host, "Sec-Fetch-Site": "same-origin", "Cookie": c.cookie} {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	c.w.Gateway.ServeHTTP(rec, r)
	if rec.Code != status {
		c.t.Fatalf("%s: %d %s", operation, rec.Code, rec.Body)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if status == http.StatusOK && json.Unmarshal(rec.Body.Bytes(), &answer) == nil {
		c.access = answer.Token
		c.cookie, _, _ = strings.Cut(rec.Header().Get("Set-Cookie"), ";")
	}
}

// TestASessionConsumesWhatThePageSays signs in with a key, renews and ends the session. Its
// writes are made again on their own, as DynamoDB Local does not count most of a transaction.
func TestASessionConsumesWhatThePageSays(t *testing.T) {
	t.Parallel()
	e := meteredEngine(t)
	log := &writeLog{Table: e.keys}
	e.keys = log
	w, err := newFixture(t.Context(), e, stoppedClock())
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, w: w}
	var reads []float64
	var ends []int // of the writes of each step
	step := func(do func()) {
		w.tape.rewind()
		do()
		_, by := w.tape.recorded()
		reads, ends = append(reads, by[table.Keys.Name].Read), append(ends, len(log.writes))
	}
	step(func() {})
	step(func() { c.post("startSession", `{"key":"`+w.operator+`"}`, http.StatusOK) })
	step(func() {
		if _, err := w.Keys.Authenticate(t.Context(), c.access); err != nil {
			t.Fatal(err)
		}
	})
	step(func() { c.post("renewSession", `{}`, http.StatusOK) })
	step(func() { c.post("closeSession", `{}`, http.StatusNoContent) })
	units := eachAlone(t, log.writes, ends)
	got := measured.Sessions{}
	for i, into := range []*measured.Units{nil, &got.Started, &got.Authorised, &got.Renewed, &got.Ended} {
		if into != nil {
			*into = measured.Units{Read: reads[i], Write: units[i]}
		}
	}
	compareMeasured(t, "sessions", got, figures(t).Sessions)
}

// eachAlone makes writes one by one on tables of their own, and returns the write units of each
// step.
func eachAlone(t *testing.T, writes []loggedWrite, ends []int) []float64 {
	t.Helper()
	e := meteredEngine(t)
	units := make([]float64, len(ends))
	at := 0
	for i, l := range writes {
		for at < len(ends)-1 && i >= ends[at] {
			at++
		}
		e.tape.rewind()
		if _, err := e.keys.Write(t.Context(), l.Write); err != nil {
			t.Fatal(err)
		}
		_, by := e.tape.recorded()
		units[at] += l.factor * by[table.Keys.Name].Write
	}
	return units
}
