package local

import bolt "go.etcd.io/bbolt"

// Records returns the number of records in a table's stream; -1 if it has no stream.
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
