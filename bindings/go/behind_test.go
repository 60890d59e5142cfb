package streamcache_test

import (
	"context"
	"errors"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

func TestTierStats(t *testing.T) {
	directory := t.TempDir()
	for process := 0; process < 2; process++ {
		cache, filter := opened(t, &sc.Options{DiskDirectory: directory, DiskMaxBytes: 8 << 20})
		value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
		reads(t, value, err, "result")
		must(t, cache.Flush(time.Minute))
		stats, err := cache.TierStats(sc.TierDisk)
		must(t, err)
		if stats.Entries != 1 || stats.MaxBytes != 8<<20 || stats.Bytes == 0 || stats.Pending != 0 || stats.IsResting ||
			stats.Written != uint64(1-process) || stats.Hits != uint64(process) || stats.Misses != uint64(1-process) {
			t.Errorf("%+v", stats)
		}
		_, err = cache.TierStats(sc.TierRemote)
		wants(t, err, sc.ErrMiss)
		_, err = cache.TierStats(99)
		wants(t, err, sc.ErrInvalidArgument)
		must(t, cache.Close())
	}
}

// unanswered is a cache whose remote store takes whatever it is sent and never says a word, with one result on its way.
func unanswered(t *testing.T) *sc.Cache {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for {
			if _, err := server.Accept(); err != nil {
				return
			}
		}
	}()
	cache, err := sc.Open(&sc.Options{RemoteURLs: []string{"redis://" + server.Addr().String()}, RemoteTimeout: time.Minute})
	must(t, err)
	_, err = cache.Put(chunkOf("key"), []byte("result"), nil)
	must(t, err)
	soon(t, "a write", func() bool {
		stats, err := cache.TierStats(sc.TierRemote)
		must(t, err)
		return stats.Pending == 1
	})
	return cache
}

// Whoever waits for a store that does not answer goes on when the time is up, or the context done.
func TestWaitingForAStore(t *testing.T) {
	cache := unanswered(t)
	start := time.Now()
	wants(t, cache.Flush(0), sc.ErrTimeout)
	wants(t, cache.Flush(20*time.Millisecond), sc.ErrTimeout)
	wants(t, cache.Flush(-1), sc.ErrInvalidArgument)
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(20*time.Millisecond, cancel)
	wants(t, cache.FlushContext(ctx), context.Canceled)
	if took := time.Since(start); took < 40*time.Millisecond || took > 5*time.Second {
		t.Error(took)
	}
	flushed := make(chan error)
	go func() { flushed <- cache.Flush(math.MaxInt64) }()
	ctx, cancel = context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	closed := make(chan struct{})
	go func() { // another's wait ends with it, and is told so
		defer close(closed)
		if _, err := cache.CloseWithin(math.MaxInt64); err != nil && !errors.Is(err, sc.ErrTimeout) {
			t.Error(err)
		}
	}()
	dropped, err := cache.CloseContext(ctx)
	if dropped != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(dropped, err)
	}
	wants(t, <-flushed, sc.ErrClosed)
	<-closed
	if took := time.Since(start); took > 10*time.Second {
		t.Error(took)
	}
}

func TestCloseContext(t *testing.T) {
	cache, filter := opened(t, &sc.Options{DiskDirectory: t.TempDir()})
	value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
	reads(t, value, err, "result")
	for round := 0; round < 2; round++ {
		if dropped, err := cache.CloseContext(background); dropped != 0 || err != nil {
			t.Error(dropped, err)
		}
	}
	cancelled, cancel := context.WithCancel(background)
	cancel()
	if dropped, err := cache.CloseContext(cancelled); dropped != 0 || err != nil {
		t.Error(dropped, err)
	}
	var nothing sc.Cache
	_, err = nothing.CloseContext(cancelled)
	wants(t, err, sc.ErrInvalidArgument)
}

// Many goroutines, one hasher and one barrier: pieces that are all alike make one digest in any order.
func TestSharedHashers(t *testing.T) {
	const goroutines, pieces = 8, 200
	piece := make([]byte, 100_001)
	hasher, err := sc.NewHasher(sc.RoleChunk)
	must(t, err)
	defer hasher.Close()
	barrier, err := sc.NewBarrier()
	must(t, err)
	defer barrier.Close()
	one, err := sc.NewBarrier()
	must(t, err)
	defer one.Close()
	var all sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		for i := 0; i < pieces; i++ {
			must(t, one.Add(chunkOf("chunk")))
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < pieces; i++ {
				if _, err := hasher.Write(piece); err != nil {
					t.Error(err)
				}
				if err := barrier.Add(chunkOf("chunk")); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	if digest, err := hasher.Finish(); err != nil || digest != sc.DigestChunk(make([]byte, goroutines*pieces*len(piece))) {
		t.Error(digest, err)
	}
	want, err := one.Finish()
	must(t, err)
	if digest, err := barrier.Finish(); err != nil || digest != want {
		t.Error(digest, err)
	}
}

// A batch's computation that gives nothing has computed nothing; rows of length 0 are something.
func TestBatchOfNothing(t *testing.T) {
	cache, filter := opened(t, nil)
	chunks := []sc.Digest{chunkOf("a"), chunkOf("b")}
	_, err := sc.GetOrComputeBatch(background, filter, chunks, func([]int) ([]byte, error) { return nil, nil })
	wants(t, err, sc.ErrInvalidArgument)
	if stats := statsOf(t, cache); stats.Puts != 0 || stats.OpenTickets != 0 {
		t.Errorf("%+v", stats)
	}
	values, err := sc.GetOrComputeBatch(background, filter, chunks, func([]int) ([]byte, error) { return []byte{}, nil })
	must(t, err)
	for _, value := range values {
		reads(t, value, nil, "")
	}
	dice, err := cache.OpenFilter("dice", sc.DigestConfigBytes(nil), sc.NonDeterministic)
	must(t, err)
	must(t, dice.LoadState(nil))
	values, err = sc.GetOrComputeBatch(background, dice, chunks, func([]int) ([]byte, error) { return []byte("12"), nil })
	must(t, err)
	reads(t, values[0], nil, "1")
	reads(t, values[1], nil, "2")
}
