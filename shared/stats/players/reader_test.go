package players_test

import (
	"reflect"
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/players"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

func methodsOf[T any]() (names []string) {
	for i := range reflect.TypeFor[T]().NumMethod() {
		names = append(names, reflect.TypeFor[T]().Method(i).Name)
	}
	return names
}

// TestContractThatHidesPublicDataReadsNone calls every method of a reader and records the
// calls to the table, to find a method that ignores the contract.
func TestContractThatHidesPublicDataReadsNone(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	watched := tabletest.NewFaulty(db.Table(table.Stats.Name))
	for _, hide := range []bool{true, false} {
		r := reflect.ValueOf(players.NewStore(watched).For(&api.Caller{Org: "org_1"}, &contract.Contract{HidePublic: hide}))
		for _, name := range methodsOf[players.Reader]() {
			before, method := len(watched.Calls()), r.MethodByName(name)
			in := []reflect.Value{reflect.ValueOf(t.Context())}
			for i := 1; i < method.Type().NumIn(); i++ {
				v := reflect.New(method.Type().In(i)).Elem()
				switch v.Kind() {
				case reflect.String:
					v.SetString("x")
				case reflect.Int:
					v.SetInt(10)
				}
				in = append(in, v)
			}
			method.Call(in)
			if read := len(watched.Calls()) > before; read == hide {
				t.Errorf("%s: hide_public %t: read the table %t", name, hide, read)
			}
		}
	}
}

func TestStoreHasNoUnboundRead(t *testing.T) {
	t.Parallel()
	if got, want := methodsOf[*players.Store](), []string{"For", "Put", "Record"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: reads belong to Reader", got, want)
	}
}
