package keys

import (
	"reflect"
	"testing"

	"statgate/shared/table"
)

func TestRecordIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	want := record{ID: "key_1", Org: "org_1", Name: "n", Scopes: []string{"a", "b"}, Metadata: `{"x":1}`, Owner: "usr_1", CreatedBy: "usr_2", Game: "g",
		Prefix: "sg_live_", LastFour: "wxyz", Environment: "live", CreatedAt: 1, SecretAt: 6, ExpiresAt: 2, RevokedAt: 3,
		Secrets: map[string]int64{"s1": 0, "s2": 4}, Imported: "s2", Rev: 5}
	if v := reflect.ValueOf(want); true {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s: the record of this test does not set it", v.Type().Field(i).Name)
			}
		}
	}
	it, err := want.item()
	if err != nil {
		t.Fatal(err)
	}
	got, ok, err := recordFrom(it)
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, %v, want %+v", got, ok, err, want)
	}
	var decoded record
	if err := table.Decode(it, &decoded); err != nil || !reflect.DeepEqual(got, decoded) {
		t.Errorf("by hand %+v, by tags %+v (%v)", got, decoded, err)
	}
}
