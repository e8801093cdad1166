package dynamo

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// WithTimes calls observe with the Date of each answer when it arrives, refused writes and
// errors included.
func WithTimes(observe func(stated time.Time)) Option {
	record := middleware.DeserializeMiddlewareFunc("statgate:Date", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok {
			if stated, err := http.ParseTime(response.Header.Get("Date")); err == nil {
				observe(stated)
			}
		}
		return out, metadata, err
	})
	options := func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Deserialize.Add(record, middleware.After) // next to the transport, so that each attempt is observed
		})
	}
	return func(t *Table) { t.options = append(t.options, options) }
}
