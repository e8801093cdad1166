package connect_test

import (
	"testing"

	"statgate/shared/table/dynamo/connect"
)

func TestClientIsConfiguredByTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, endpoint               string
		env                          map[string]string
		wantKey, wantRegion, wantURL string
	}{
		{"emulator", "http://e", nil, "local", "us-east-1", "http://e"},
		{"emulator with credentials", "http://e", map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}, "k", "eu-west-1", "http://e"},
		{"endpoint from the environment", "", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_DEFAULT_REGION": "eu-west-2"}, "local", "eu-west-2", "http://all"},
		{"endpoint for DynamoDB only", "", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://d"}, "local", "us-east-1", "http://d"},
		{"AWS", "", map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}, "k", "eu-west-1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} {
				t.Setenv(name, c.env[name])
			}
			client, err := connect.Client(t.Context(), c.endpoint)
			if err != nil {
				t.Fatal(err)
			}
			o, url := client.Options(), ""
			if o.BaseEndpoint != nil {
				url = *o.BaseEndpoint
			}
			key, err := o.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if key.AccessKeyID != c.wantKey || o.Region != c.wantRegion || url != c.wantURL {
				t.Errorf("got %s, %s, %s, want %s, %s, %s", key.AccessKeyID, o.Region, url, c.wantKey, c.wantRegion, c.wantURL)
			}
		})
	}
}
