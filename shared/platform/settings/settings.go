// Package settings stores the values that a deployment generates once for itself:
// the key that signs cursors.
package settings

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"sync"

	"statgate/shared/table"
)

var cursorAt = table.Key{Partition: "SETTING#cursor", Sort: "SETTING"}

// CursorKey returns a function that returns the 32-byte key that signs cursors. The
// key is generated at first use and stored in the keys table, so that no function
// needs the peppers for it. Each process reads it once; after a failed read the next
// call reads again.
func CursorKey(keys table.Table, rand io.Reader) func(ctx context.Context) ([]byte, error) {
	var mu sync.Mutex
	var cached []byte
	return func(ctx context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if cached != nil {
			return cached, nil
		}
		key, err := readOrCreate(ctx, keys, rand)
		if err == nil {
			cached = key
		}
		return key, err
	}
}

func readOrCreate(ctx context.Context, keys table.Table, rand io.Reader) ([]byte, error) {
	it, err := keys.Get(ctx, cursorAt, false)
	if err != nil {
		return nil, fmt.Errorf("settings: reading the cursor key: %w", err)
	}
	if it == nil {
		if it, err = createKey(ctx, keys, rand); err != nil {
			return nil, err
		}
	}
	key, err := hex.DecodeString(it.Str("key"))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("settings: the stored cursor key must be 32 bytes in hex")
	}
	return key, nil
}

// createKey stores a new key. If another process stored one first, it returns that one.
func createKey(ctx context.Context, keys table.Table, rand io.Reader) (table.Item, error) {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(rand, fresh); err != nil {
		return nil, fmt.Errorf("settings: generating the cursor key: %w", err)
	}
	it := table.Item{table.PartitionAttr: cursorAt.Partition, table.SortAttr: cursorAt.Sort, "key": hex.EncodeToString(fresh)}
	_, err := keys.Write(ctx, table.Put(it, table.IsNew()))
	if refused := table.AsConditionFailed(err); refused != nil {
		return refused.Item, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings: storing the cursor key: %w", err)
	}
	return it, nil
}
