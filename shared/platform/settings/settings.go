// Package settings keeps what a deployment makes up once for itself.
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

// CursorKey returns a function that reads the key that signs cursors: 32 bytes,
// made at first use and kept in the keys table, so that no function needs the
// peppers for it. It is read once a process; a failed read is tried again.
func CursorKey(keys table.Table, rand io.Reader) func(ctx context.Context) ([]byte, error) {
	var mu sync.Mutex
	var held []byte
	return func(ctx context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if held != nil {
			return held, nil
		}
		key, err := readOrMake(ctx, keys, rand)
		if err == nil {
			held = key
		}
		return key, err
	}
}

func readOrMake(ctx context.Context, keys table.Table, rand io.Reader) ([]byte, error) {
	it, err := keys.Get(ctx, cursorAt, false)
	if err != nil {
		return nil, fmt.Errorf("settings: reading the cursor key: %w", err)
	}
	if it == nil {
		if it, err = make32(ctx, keys, rand); err != nil {
			return nil, err
		}
	}
	key, err := hex.DecodeString(it.Str("key"))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("settings: the cursor key is damaged")
	}
	return key, nil
}

// make32 puts a new key; where somebody else was first, theirs is the one.
func make32(ctx context.Context, keys table.Table, rand io.Reader) (table.Item, error) {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(rand, fresh); err != nil {
		return nil, fmt.Errorf("settings: drawing the cursor key: %w", err)
	}
	it := table.Item{table.PartitionAttr: cursorAt.Partition, table.SortAttr: cursorAt.Sort, "key": hex.EncodeToString(fresh)}
	_, err := keys.Write(ctx, table.Put(it, table.IsNew()))
	if refused := table.WasRefused(err); refused != nil {
		return refused.Item, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings: keeping the cursor key: %w", err)
	}
	return it, nil
}
