package console

import (
	"net/http"
	"strings"
	"testing"
)

// inAnswers returns the places in what the API lists and gets, for the operator, and for a
// manager of the organisation where the operator sees less.
func (s *site) inAnswers(t *testing.T, manager, org, user, key string) []place {
	t.Helper()
	queries := []struct{ name, path, has string }{
		{"getSelf", "/keys/self", "org_"},
		{"listKeys", "/keys?org=" + org, key},
		{"getKey", "/keys/" + key, key},
		{"getKeyUsage", "/keys/" + key + "/usage", ""},
		{"getKeyUsage by day", "/keys/" + key + "/usage?interval=day", ""},
		{"getOrgUsage", "/orgs/" + org + "/usage", ""},
		{"listAudit", "/audit?org=" + org, key},
		{"listAudit of the operator", "/audit", ""},
		{"listOrgs", "/orgs", org},
		{"getOrg", "/orgs/" + org, org},
		{"listMembers", "/orgs/" + org + "/members", user},
		{"listSessions", "/sessions?user=" + user, "ses_"},
	}
	var all []place
	for _, q := range queries {
		secret := s.Operator
		if q.name == "listSessions" {
			secret = manager
		}
		reply := s.Call(t, secret, http.MethodGet, q.path, "")
		if reply.Status != http.StatusOK {
			t.Errorf("%s: %d %.200s", q.name, reply.Status, reply.Body)
		}
		all = append(all, place{"answer of " + q.name, string(reply.Body), q.has})
	}
	return all
}

// inServer returns the places of the deployment: its logs, its tables and what it serves to
// everyone.
func (s *site) inServer(t *testing.T, key string) []place {
	t.Helper()
	log := s.Log.String()
	var operations, faults, other strings.Builder
	for line := range strings.Lines(log) {
		switch {
		case strings.Contains(line, `"operation"`):
			operations.WriteString(line)
		case strings.Contains(line, `"level":"ERROR"`):
			faults.WriteString(line)
		default:
			other.WriteString(line)
		}
	}
	all := []place{
		{"file of the tables", s.stored(t), key},
		{"log lines of requests", operations.String(), ""},
		{"log lines of faults", faults.String(), ""},
		{"other log lines", other.String(), ""},
		{"the whole log", log, "{"},
	}
	for _, path := range []string{"/openapi.json", "/api-docs", "/console", "/health"} {
		reply, err := s.Try("", http.MethodGet, s.URL+path, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, place{"answer of GET " + path, string(reply.Body), ""})
	}
	return all
}
