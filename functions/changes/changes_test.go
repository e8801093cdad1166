package changes

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"statgate/shared/feed/events"
)

func TestFilterAcceptsEveryTypeOfEvent(t *testing.T) {
	t.Parallel()
	field, ok := reflect.TypeFor[listInput]().FieldByName("Types")
	if got, want := strings.Split(field.Tag.Get("enum"), ","), events.Types(); !ok || !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
