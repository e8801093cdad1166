package console

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
)

// download is a file that a page gave a person.
type download struct{ Name, Text string }

func (p *tab) downloads(path ...at) (d download) {
	p.t.Helper()
	p.must(command{"op": "downloaded", "path": path}, &d)
	return d
}

// TestAddressesCanBeSharedAndBackWorks opens views by their addresses, as a colleague does.
func TestAddressesCanBeSharedAndBackWorks(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		id, _ := s.Key(t, org, "Kept", "keys:read")
		gone, _ := s.Key(t, org, "Ended", "keys:read")
		if r := s.Call(t, s.Operator, http.MethodPost, "/keys/"+gone+"/revoke", ""); r.Status >= http.StatusBadRequest {
			t.Fatalf("revoking: %d %s", r.Status, r.Body)
		}
		s.enter(s.visitor, org, user)
		s.choose("revoked", at{Role: "combobox", Name: "State"})
		s.see(row("Ended"))
		s.gone(row("Kept"))
		colleague := visit(t)
		s.enter(colleague, org, user)
		colleague.goes(s.url())
		colleague.see(row("Ended"))
		if n := colleague.count(row("Kept")); n != 0 {
			t.Error("the shared address forgets the filter")
		}
		s.click(row("Ended"), link("Ended"))
		s.see(heading("Ended"))
		s.back()
		s.see(heading("API keys"))
		s.see(row("Ended"))
		if n := s.count(row("Kept")); n != 0 {
			t.Error("back forgets the filter")
		}
		s.goes(s.URL + "/console#/keys/" + id)
		s.see(heading("Kept"))
		s.reload()
		s.see(heading("Kept"))
		s.fill("ept", s.search()...)
		s.gone(row("Ended"))
		s.see(row("Kept"))
	})
}

// search goes to the list of keys and returns the field that searches it.
func (s *tale) search() []at {
	s.t.Helper()
	s.click(navigation, link("API keys"))
	s.see(heading("API keys"))
	return []at{{Role: "searchbox"}}
}

// TestFilesThatPeopleTakeAway downloads the file of a secret, and the audit trail as CSV.
func TestFilesThatPeopleTakeAway(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		const name = `=HYPERLINK("https://attacker.example","x"),"quoted"`
		form := s.creates(s.tab, name)
		s.click(confirmed(form, "Create key")...)
		shown := dialog(name + " is ready")
		s.see(shown)
		file := s.downloads(shown, button("Download .env"))
		secret := s.takes(shown)
		if want := "_API_KEY=" + secret + "\n"; !strings.HasSuffix(file.Text, want) || !strings.HasSuffix(file.Name, ".env") || strings.Contains(file.Name, secret) {
			t.Errorf("got the file %q with %q, want a variable with the secret", file.Name, file.Text)
		}
		s.view("Audit")
		s.see(at{Role: "main"}, words("/key.create/"))
		s.looks(s.tab, "audit")
		trail := s.downloads(button("Download what is shown"))
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(trail.Text, "\ufeff"))).ReadAll()
		if err != nil || len(rows) < 2 || !strings.HasSuffix(trail.Name, ".csv") {
			t.Fatalf("%s: %v in %q", trail.Name, err, trail.Text)
		}
		if !strings.Contains(trail.Text, "key.create") || !strings.Contains(trail.Text, `""name"":""=HYPERLINK`) {
			t.Errorf("the file lacks what is shown: %q", trail.Text)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("a spreadsheet runs the cell %q", cell)
				}
			}
		}
		search(t, []place{{"audit trail as a file", trail.Text, "key.create"}}, secrets{"key": secret})
	})
}
