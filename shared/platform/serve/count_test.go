package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/serve"
)

// countingContract loads a contract whose lists all have a total.
func countingContract(t *testing.T) *contract.Contract {
	t.Helper()
	c, err := preset.Load("fullengage")
	if err != nil || !c.Paging.Count {
		t.Fatalf("got %v, %v, want a contract that counts", c, err)
	}
	return c
}

// ownerEvent is a request for a route of the contract by an owner.
func ownerEvent(c *contract.Contract, route string, query map[string]string) events.APIGatewayProxyRequest {
	caller := &api.Caller{Key: "key_1", Secret: apikey.ID(secret), Org: "org_1", Role: api.RoleOwner, Contract: c.Name, Permissions: []string{"*:*"}, Version: 1}
	ev := events.APIGatewayProxyRequest{Resource: c.Base + route, HTTPMethod: "GET", QueryStringParameters: query,
		Headers: map[string]string{"Authorization": "Bearer " + secret}}
	ev.RequestContext.RequestID, ev.RequestContext.Authorizer = "req-1", caller.Context()
	return ev
}

type numbersInput struct{ api.Page }

// numbers handles a list of n numbers without a stored total.
func numbers(operation string, n int) api.Handler {
	return api.Handle(operation, func(_ context.Context, _ *api.Request, in *numbersInput) (api.List[int], error) {
		from, _ := strconv.Atoi(in.After)
		to := min(n, from+in.Limit)
		list := api.List[int]{}
		for i := from; i < to; i++ {
			list.Data = append(list.Data, i)
		}
		if to < n {
			list.Next = strconv.Itoa(to)
		}
		return list, nil
	})
}

func TestTotalIsCountedUpToTheLargestOffset(t *testing.T) {
	t.Parallel()
	c := countingContract(t)
	for _, operation := range []struct{ name, route string }{{"listTeams", "/teams"}, {"listAudit", "/audit"}} {
		for n, total := range map[int]int{0: 0, 1: 1, 50: 50, 51: 51, 2345: 2345, 9_999: 9_999, 10_000: 10_000, 12_345: 10_000} {
			fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
				CursorKey: func(context.Context) ([]byte, error) { return []byte("k"), nil }, Handlers: []api.Handler{numbers(operation.name, n)}})
			if err != nil {
				t.Fatal(err)
			}
			for _, offset := range []int{0, 49, 50, 2300, 2345, 9_950} {
				r, err := fn.Handle(t.Context(), ownerEvent(c, operation.route, map[string]string{"offset": fmt.Sprint(offset)}))
				var got struct {
					Data  []int
					Total *int
				}
				if err != nil || r.StatusCode != 200 || json.Unmarshal([]byte(r.Body), &got) != nil || got.Total == nil {
					t.Fatalf("%s of %d from %d: got %d %.200s, %v", operation.name, n, offset, r.StatusCode, r.Body, err)
				}
				if want := max(0, min(50, n-offset)); *got.Total != total || len(got.Data) != want {
					t.Errorf("%s of %d from %d: got %d of %d, want %d of %d", operation.name, n, offset, len(got.Data), *got.Total, want, total)
				}
			}
		}
	}
}

// sparse handles a list of the multiples of every below n. Each call reads at most
// the given number of candidates.
func sparse(operation string, n, every, reads int) api.Handler {
	return api.Handle(operation, func(_ context.Context, _ *api.Request, in *numbersInput) (api.List[int], error) {
		from, _ := strconv.Atoi(in.After)
		list := api.List[int]{}
		for i := from; i < n; i++ {
			if i == from+reads || len(list.Data) == in.Limit {
				list.Next = strconv.Itoa(i)
				return list, nil
			}
			if i%every == 0 {
				list.Data = append(list.Data, i)
			}
		}
		return list, nil
	})
}

func TestOffsetsSkipNoItemWhenTheHandlerReturnsShortPages(t *testing.T) {
	t.Parallel()
	c := countingContract(t)
	fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		CursorKey: func(context.Context) ([]byte, error) { return []byte("k"), nil },
		Handlers:  []api.Handler{sparse("listTeams", 950, 7, 100), sparse("listAudit", 1_000_000, 999_999, 1000)}})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for offset := 0; offset < 150; offset += 50 {
		r, err := fn.Handle(t.Context(), ownerEvent(c, "/teams", map[string]string{"offset": fmt.Sprint(offset)}))
		var got struct{ Data []int }
		if err != nil || r.StatusCode != 200 || json.Unmarshal([]byte(r.Body), &got) != nil {
			t.Fatalf("got %d %.200s, %v", r.StatusCode, r.Body, err)
		}
		for _, n := range got.Data {
			if n != 7*seen {
				t.Fatalf("from %d: got %d, want %d", offset, n, 7*seen)
			}
			seen++
		}
	}
	if want := 136; seen != want {
		t.Errorf("got %d items, want %d", seen, want)
	}
	// A filter that would read the whole list for one page is refused.
	r, err := fn.Handle(t.Context(), ownerEvent(c, "/audit", nil))
	if want := c.Condition(api.InputFilter).Status; err != nil || r.StatusCode != want {
		t.Errorf("got %d %.200s, %v, want %d", r.StatusCode, r.Body, err, want)
	}
}

func TestInternalErrorIsTheContractsErrorWithoutTheCause(t *testing.T) {
	t.Parallel()
	c := countingContract(t)
	fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		Handlers: []api.Handler{api.Handle("listTeams", func(context.Context, *api.Request, *struct{}) (string, error) { panic("out of cheese") })}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := fn.Handle(t.Context(), ownerEvent(c, "/teams", nil)); err != nil || r.StatusCode != 500 || r.Body != `{"error":"Internal server error"}` {
		t.Errorf("got %d %s, %v", r.StatusCode, r.Body, err)
	}
}
