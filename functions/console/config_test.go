package console_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"statgate/functions/console"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func configOf(t *testing.T, name string) (*contract.Contract, console.Config) {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c, console.NewConfig(c, console.Settings{Environment: c.Environments[0], StagePath: "/live", OpenID: true})
}

func TestConfigurationHasTheWordsOfEachContract(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		style, prefix string
		lists         []string // where lists are
		code          []string // where the code of an error is
		webhooks      bool
	}{
		"statgate":    {"list", "sg_live_", []string{"data"}, []string{"error"}, true},
		"balla":       {"grid", "balla_sk_", []string{"data"}, []string{"code"}, false},
		"scorelytics": {"list", "sk_live_", []string{"data"}, []string{"code"}, false},
		"teambattles": {"levels", "tb_", []string{"data"}, []string{"error"}, true},
		"fullengage":  {"role", "", []string{"data"}, nil, false},
	} {
		c, got := configOf(t, name)
		if got.Product != c.Title || got.Base != c.Base || got.StagePath != "/live" || !got.OpenID || got.Environment != c.Environments[0] {
			t.Errorf("%s: got %+v", name, got)
		}
		if got.Scopes.Style != want.style || !strings.HasPrefix(got.Secret.Prefix, want.prefix) || got.Secret.Prefix == "" || got.Secret.ShowLast != c.Secret.ShowLast {
			t.Errorf("%s: got style %q and secret %+v", name, got.Scopes.Style, got.Secret)
		}
		if !reflect.DeepEqual(got.Answers.Items, want.lists) || !reflect.DeepEqual(got.Answers.Code, want.code) || got.Answers.Message == nil {
			t.Errorf("%s: got answers %+v", name, got.Answers)
		}
		if got.Webhooks != want.webhooks || (len(got.Events) > 0) != want.webhooks {
			t.Errorf("%s: got webhooks %v with %d events", name, got.Webhooks, len(got.Events))
		}
		var plans []string
		for _, p := range got.Plans {
			plans = append(plans, p.Name)
			if of, _ := c.Plan(p.Name); of.Keys != p.Keys || !reflect.DeepEqual(of.Budgets, p.Limits) {
				t.Errorf("%s: got plan %+v, want %+v", name, p, of)
			}
		}
		if !slices.Equal(plans, c.PlanNames()) || got.DefaultPlan != c.DefaultPlan {
			t.Errorf("%s: got plans %v", name, plans)
		}
	}
}

func TestConfigurationTellsHowTheContractShowsWebhooks(t *testing.T) {
	t.Parallel()
	_, statgate := configOf(t, "statgate")
	if len(statgate.Views) != 0 || *statgate.Webhook != (console.Webhook{Filters: true}) || statgate.Operations["listWebhooks"].Answers != nil {
		t.Errorf("statgate: got the views %v, %+v and %+v", statgate.Views, statgate.Webhook, statgate.Operations["listWebhooks"])
	}
	if _, balla := configOf(t, "balla"); balla.Webhook != nil {
		t.Errorf("balla: got %+v, want none", balla.Webhook)
	}
	_, got := configOf(t, "teambattles")
	if want := (console.Webhook{Explicit: true, Overlap: 86400}); *got.Webhook != want {
		t.Errorf("got %+v, want %+v", got.Webhook, want)
	}
	for object, fields := range map[string]map[string]console.Part{
		"webhook":           {"types": {Path: []string{"events"}}, "state": {Path: []string{"status"}}, "created_at": {Path: []string{"createdAt"}, Millis: true}},
		"webhookWithSecret": {"signing_secret": {Path: []string{"signingSecret"}}},
		"delivery":          {"type": {Path: []string{"event"}}, "event": {Path: []string{"eventId"}}},
	} {
		for field, want := range fields {
			if part := got.Views[object][field]; !reflect.DeepEqual(part, want) {
				t.Errorf("%s.%s: got %+v, want %+v", object, field, part, want)
			}
		}
	}
	list, deliveries := got.Operations["listWebhooks"], got.Operations["listDeliveries"]
	if !list.OnePage || !slices.Equal(list.Answers.Items, []string{"webhooks"}) || list.Answers.Next != nil {
		t.Errorf("got %+v", list)
	}
	if deliveries.OnePage || !slices.Equal(deliveries.Answers.Items, []string{"page"}) || !slices.Equal(deliveries.Answers.Next, []string{"continueCursor"}) {
		t.Errorf("got %+v", deliveries)
	}
}

func TestConfigurationListsEveryScopeWithWhatItGrants(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, got := configOf(t, name)
		var names []string
		for _, s := range got.Scopes.Names {
			names = append(names, s.Name)
			permissions, err := c.Scopes.Permissions([]string{s.Name})
			if err != nil || !slices.Equal(s.Permissions, permissions) || s.Management != c.Scopes.IsManagementScope(s.Name) || s.Needs != c.Scopes.Needs(s.Name) {
				t.Errorf("%s: got %+v, want %v (%v)", name, s, permissions, err)
			}
		}
		if !slices.Equal(names, c.Scopes.Names()) {
			t.Errorf("%s: got scopes %v, want %v", name, names, c.Scopes.Names())
		}
	}
}

func TestGridAndLevelsAreGroupedAsPeopleChooseThem(t *testing.T) {
	t.Parallel()
	_, balla := configOf(t, "balla")
	if len(balla.Scopes.Verbs) == 0 || len(balla.Scopes.Resources) == 0 {
		t.Errorf("balla: got verbs %v and resources %v", balla.Scopes.Verbs, balla.Scopes.Resources)
	}
	_, teambattles := configOf(t, "teambattles")
	levels := map[string]console.Level{}
	for _, l := range teambattles.Scopes.Levels {
		levels[l.Category+"."+l.Name] = l
	}
	if got, want := levels["game.lifecycle"], (console.Level{Category: "game", Name: "lifecycle", Description: "Query, or manage, the matches of the key's game", Needs: "game",
		Scopes: []string{"game.lifecycle:none", "game.lifecycle:read", "game.lifecycle:read-write"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := levels["webhooks.manage"].Scopes; !slices.Equal(got, []string{"webhooks.manage:none", "webhooks.manage:enabled"}) {
		t.Errorf("got %v, want the level that grants nothing first", got)
	}
}

func TestConfigurationNamesTheOperationsOfTheDeploymentAlone(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, got := configOf(t, name)
		count := 0
		for _, r := range api.For(c) {
			if r.Open {
				continue
			}
			count++
			if op := got.Operations[r.Operation]; op.Method != r.Method || op.Path != r.Path || !reflect.DeepEqual(op.Names, c.Operations[r.Operation].Names) {
				t.Errorf("%s: got %s as %+v, want %s", name, r.Operation, op, r.ID())
			}
		}
		if len(got.Operations) != count {
			t.Errorf("%s: got %d operations, want %d", name, len(got.Operations), count)
		}
	}
}

// A title with characters that HTML reads differently must not end the attribute.
func TestConfigurationCannotLeaveItsAttribute(t *testing.T) {
	t.Parallel()
	c, _ := configOf(t, "statgate")
	c.Title = `"><script>alert(1)</script>&amp;`
	bundle := fstest.MapFS{"index.html": {Data: []byte(`<title>%TITLE%</title><meta content="%CONFIG%">`)}}
	site, err := console.Load(bundle, console.NewConfig(c, console.Settings{Environment: "live"}))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := console.Handlers(console.Deps{Site: site})[0].Call(t.Context(), nil, newInput(t))
	if err != nil {
		t.Fatal(err)
	}
	page := string(answer.(api.Raw).Body)
	if strings.Contains(page, "<script") || strings.Count(page, "<") != 3 || strings.Count(page, ">") != 3 {
		t.Errorf("got %s", page)
	}
}

// newInput returns an input of getConsole, whose type is not exported.
func newInput(t *testing.T) any {
	t.Helper()
	for _, h := range console.Handlers(console.Deps{}) {
		if h.Operation == "getConsole" {
			return reflect.New(h.Input).Interface()
		}
	}
	t.Fatal("there is no getConsole")
	return nil
}

func TestPageWithoutItsPlaceholdersIsRefused(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"no page":          "",
		"no configuration": "<title>%TITLE%</title>",
		"two titles":       `<title>%TITLE%</title><h1>%TITLE%</h1><meta content="%CONFIG%">`,
	} {
		bundle := fstest.MapFS{"app.js": {}}
		if page != "" {
			bundle["index.html"] = &fstest.MapFile{Data: []byte(page)}
		}
		if _, err := console.Load(bundle, console.Config{}); err == nil {
			t.Errorf("%s: the bundle was accepted", name)
		}
	}
}
