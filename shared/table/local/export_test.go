package local

import bolt "go.etcd.io/bbolt"

// Records counts what a table's stream holds, -1 where it has none.
func (db *DB) Records(tableName string) int {
	n := -1
	_ = db.bolt.View(func(tx *bolt.Tx) error {
		if stream := tx.Bucket(streamBucket(tableName)); stream != nil {
			n = stream.Bucket(recordsBucket).Stats().KeyN
		}
		return nil
	})
	return n
}
