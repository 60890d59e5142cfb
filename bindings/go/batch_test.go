package streamcache

import (
	"context"
	"testing"
)

// Where every result is wanted, one that is missing is an error and no nil; what was leased before it is given back.
func TestValuesThatAreMissing(t *testing.T) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cache, err := Open(nil)
	check(err)
	defer cache.Close()
	filter, err := cache.OpenFilter("test", DigestConfigBytes(nil))
	check(err)
	check(filter.LoadState(nil))
	chunks := []Digest{DigestChunk([]byte("a")), DigestChunk([]byte("b")), DigestChunk([]byte("c"))}
	_, ticket, err := filter.Begin(context.Background(), chunks[1])
	check(err)
	_, err = ticket.CommitRejection(7, 0)
	check(err)
	batch, err := filter.BeginBatch(chunks)
	check(err)
	defer batch.Close()
	_, err = batch.Commit([]int{0}, []byte("A"), nil)
	check(err)
	if values, err := batch.values(true); values != nil || err != fill {
		t.Fatal(values, err)
	}
	values, err := batch.Values()
	if err != nil || string(values[0].Bytes()) != "A" || values[1] != nil || values[2] != nil {
		t.Fatal(values, err)
	}
	check(values[0].Close())
	_, err = batch.Commit([]int{2}, []byte("C"), nil)
	check(err)
	values, err = batch.values(true)
	if err != nil || string(values[2].Bytes()) != "C" || values[1] != nil {
		t.Fatal(values, err)
	}
	check(values[0].Close())
	check(values[2].Close())
}
