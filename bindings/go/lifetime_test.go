package streamcache_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	sc "streamcache/bindings/go"
)

// Every method of everything that was closed answers ErrClosed, and closing again is fine.
func TestClosed(t *testing.T) {
	cache, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	snapshot, err := filter.Snapshot()
	must(t, err)
	stream, err := filter.OpenStream([]byte("state"))
	must(t, err)
	batch, err := filter.BeginBatch([]sc.Digest{chunk})
	must(t, err)
	_, ticket, err := filter.Begin(background, chunkOf("another"))
	must(t, err)
	value, _, err := filter.State()
	must(t, err)
	hasher, err := sc.NewHasher(sc.RoleChunk)
	must(t, err)
	barrier, err := sc.NewBarrier()
	must(t, err)
	only := func(_ any, err error) error { return err }
	two := func(_, _ any, err error) error { return err }

	calls := map[string]func() error{
		"value.View":             func() error { return value.View(func([]byte) error { return errors.New("called") }) },
		"value.Clone":            func() error { return only(value.Clone()) },
		"value.Tensors":          func() error { return only(value.Tensors()) },
		"value.Blob":             func() error { return only(value.Blob()) },
		"value.Content":          func() error { return only(value.Content()) },
		"ticket.Key":             func() error { return only(ticket.Key()) },
		"ticket.State":           func() error { return two(ticket.State()) },
		"ticket.StepState":       func() error { return two(ticket.StepState()) },
		"ticket.Phase":           func() error { return only(ticket.Phase()) },
		"ticket.Buffer":          func() error { return only(ticket.Buffer(1)) },
		"ticket.Commit":          func() error { return only(ticket.Commit(0, nil)) },
		"ticket.CommitCopy":      func() error { return only(ticket.CommitCopy(nil, nil)) },
		"ticket.CommitStep":      func() error { return only(ticket.CommitStep(nil, nil, nil)) },
		"ticket.CommitRejection": func() error { return only(ticket.CommitRejection(1, 0)) },
		"ticket.Abort":           ticket.Abort,
		"batch.Missing":          func() error { return only(batch.Missing()) },
		"batch.Values":           func() error { return only(batch.Values()) },
		"batch.Commit":           func() error { return only(batch.Commit([]int{0}, nil, nil)) },
		"batch.Wait":             func() error { return only(batch.Wait(background)) },
		"stream.Begin":           func() error { return two(stream.Begin(background, chunk)) },
		"stream.Step":            func() error { return only(stream.Step(background, chunk, nil)) },
		"stream.State":           func() error { return two(stream.State()) },
		"stream.Reset":           func() error { return stream.Reset(nil) },
		"stream.Forget":          stream.Forget,
		"stream.Fork":            func() error { return only(stream.Fork()) },
		"stream.Position":        func() error { return only(stream.Position()) },
		"stream.Digest":          func() error { return only(stream.Digest()) },
		"snapshot.State":         func() error { return two(snapshot.State()) },
		"snapshot.Get":           func() error { return two(snapshot.Get(chunk)) },
		"snapshot.Key":           func() error { return only(snapshot.Key(chunk)) },
		"snapshot.Put":           func() error { return only(snapshot.Put(chunk, nil, nil)) },
		"snapshot.Begin":         func() error { return two(snapshot.Begin(background, chunk)) },
		"PipelineSnapshotKey":    func() error { return only(sc.PipelineSnapshotKey(chunk, snapshot)) },
		"filter.LoadState":       func() error { return filter.LoadState(nil) },
		"filter.LoadStateDigest": func() error { return filter.LoadStateDigest(chunk) },
		"filter.SaveState":       filter.SaveState,
		"filter.RestoreState":    func() error { return filter.RestoreState(chunk) },
		"filter.State":           func() error { return two(filter.State()) },
		"filter.Get":             func() error { return two(filter.Get(chunk)) },
		"filter.GetInto":         func() error { return two(filter.GetInto(chunk, nil)) },
		"filter.Key":             func() error { return only(filter.Key(chunk)) },
		"filter.Remove":          func() error { return filter.Remove(chunk) },
		"filter.Purge":           func() error { return only(filter.Purge()) },
		"filter.Retire":          func() error { return only(filter.Retire()) },
		"filter.Put":             func() error { return only(filter.Put(chunk, chunk, nil, nil)) },
		"filter.Snapshot":        func() error { return only(filter.Snapshot()) },
		"filter.OpenStream":      func() error { return only(filter.OpenStream(nil)) },
		"filter.Begin":           func() error { return two(filter.Begin(background, chunk)) },
		"filter.BeginBatch":      func() error { return only(filter.BeginBatch(nil)) },
		"filter.Stats":           func() error { return only(filter.Stats()) },
		"GetOrCompute":           func() error { return only(sc.GetOrCompute(background, filter, chunk, never(t))) },
		"GetOrComputeBytes":      func() error { return only(sc.GetOrComputeBytes(background, filter, nil, never(t))) },
		"GetOrFill":              func() error { return only(sc.GetOrFill(background, filter, chunk, nil)) },
		"GetOrComputeBatch":      func() error { return only(sc.GetOrComputeBatch(background, filter, nil, nil)) },
		"PipelineKey":            func() error { return only(sc.PipelineKey(chunk, filter)) },
		"cache.OpenFilter":       func() error { return only(cache.OpenFilter("id", chunk)) },
		"cache.Get":              func() error { return only(cache.Get(chunk)) },
		"cache.GetInto":          func() error { return only(cache.GetInto(chunk, nil)) },
		"cache.Put":              func() error { return only(cache.Put(chunk, nil, nil)) },
		"cache.Begin":            func() error { return two(cache.Begin(background, chunk)) },
		"cache.Remove":           func() error { return cache.Remove(chunk) },
		"cache.Purge":            func() error { return cache.Purge(sc.PurgeMemory) },
		"cache.SetMaxBytes":      func() error { return cache.SetMaxBytes(1 << 20) },
		"cache.SetMaxChunks":     func() error { return cache.SetMaxChunks(1) },
		"cache.Flush":            func() error { return cache.Flush(0) },
		"cache.Export":           func() error { return cache.Export(background, "file") },
		"cache.Import":           func() error { return only(cache.Import(background, "file")) },
		"cache.FlushContext":     func() error { return cache.FlushContext(background) },
		"cache.TierStats":        func() error { return only(cache.TierStats(sc.TierDisk)) },
		"cache.Stats":            func() error { return only(cache.Stats()) },
		"cache.StatsText":        func() error { return only(cache.StatsText(sc.StatsJSON)) },
		"hasher.Write":           func() error { return only(hasher.Write([]byte("data"))) },
		"hasher.Finish":          func() error { return only(hasher.Finish()) },
		"hasher.Reset":           hasher.Reset,
		"barrier.Add":            func() error { return barrier.Add(chunk) },
		"barrier.Finish":         func() error { return only(barrier.Finish()) },
		"barrier.Reset":          barrier.Reset,
	}
	closers := []interface{ Close() error }{value, ticket, batch, stream, snapshot, filter, cache, hasher, barrier}
	for round := 0; round < 2; round++ {
		for _, closer := range closers {
			must(t, closer.Close())
		}
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, sc.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if value.Bytes() != nil || value.Copy() != nil || value.Tier() != sc.TierMemory || value.Len() != len("weights") {
		t.Error("a closed value can be read")
	}
	if n, err := cache.CloseWithin(0); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// The cache's Close reaches its filters, and leases outlive it.
func TestLeaseOutlivesTheCache(t *testing.T) {
	cache, filter := opened(t, nil)
	value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
	must(t, err)
	clone, err := value.Clone()
	must(t, err)
	must(t, value.Close())
	must(t, cache.Purge(0))
	must(t, cache.Close())
	_, _, err = filter.Get(chunkOf("chunk"))
	wants(t, err, sc.ErrClosed)
	must(t, filter.Close())
	reads(t, clone, nil, "result")
}

// Everything is closed while others are in calls on it: each call works or answers ErrClosed.
func TestCloseUnderFire(t *testing.T) {
	for round := 0; round < 20; round++ {
		cache, filter := opened(t, nil)
		value, err := sc.GetOrCompute(background, filter, chunkOf("0"), returns("result 0"))
		must(t, err)
		var all sync.WaitGroup
		fine := func(err error) bool {
			if err != nil && !errors.Is(err, sc.ErrClosed) && !errors.Is(err, sc.ErrMiss) {
				t.Error(err)
			}
			return err == nil
		}
		for g := 0; g < 8; g++ {
			all.Add(1)
			go func(g int) {
				defer all.Done()
				buffer := make([]byte, 64)
				for i := 0; i < 200; i++ {
					chunk := chunkOf(fmt.Sprint(i % 10))
					result, err := sc.GetOrCompute(background, filter, chunk, returns(fmt.Sprint("result ", i%10)))
					if fine(err) {
						_ = result.View(func(data []byte) error {
							if string(data) != fmt.Sprint("result ", i%10) {
								t.Errorf("%q", data)
							}
							return nil
						})
						result.Close()
					}
					_, _, err = filter.GetInto(chunk, buffer)
					fine(err)
					fine(value.View(func(data []byte) error {
						if string(data) != "result 0" {
							t.Errorf("%q", data)
						}
						return nil
					}))
					if i == 10*g {
						switch g {
						case 1:
							value.Close()
						case 2:
							fine(filter.Close())
						case 3:
							fine(cache.Close())
						}
					}
				}
			}(g)
		}
		all.Wait()
	}
}

// A wait ends when what is waited on is closed.
func TestCloseEndsAWait(t *testing.T) {
	for _, what := range []string{"cache", "filter"} {
		cache, filter := opened(t, nil)
		_, ticket, err := filter.Begin(background, chunkOf("chunk"))
		must(t, err)
		ended := make(chan error)
		go func() {
			_, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), never(t))
			ended <- err
		}()
		soon(t, "one who waits", func() bool { return statsOf(t, cache).Busy > 0 })
		if what == "cache" {
			must(t, cache.Close())
		} else {
			must(t, filter.Close())
		}
		wants(t, <-ended, sc.ErrClosed)
		must(t, ticket.Close())
	}
}

// forgotten makes objects that nobody closes; a function of its own, so that nothing of them is left on a stack.
//
//go:noinline
func forgotten(t *testing.T, filter *sc.Filter) {
	for i := 0; i < 10; i++ {
		chunk := chunkOf(fmt.Sprint(i))
		value, err := sc.GetOrCompute(background, filter, chunk, returns("result"))
		must(t, err)
		must(t, filter.Remove(chunk))
		if string(value.Bytes()) != "result" {
			t.Error("another result")
		}
		runtime.KeepAlive(value)
		_, _, err = filter.Begin(background, chunk) // a ticket that nobody will ever close
		must(t, err)
		_, err = filter.BeginBatch([]sc.Digest{chunkOf(fmt.Sprint("batch ", i))})
		must(t, err)
		_, err = filter.OpenStream(make([]byte, 1000))
		must(t, err)
		_, err = filter.Snapshot()
		must(t, err)
		_, err = sc.NewHasher(sc.RoleState)
		must(t, err)
		_, err = sc.NewBarrier()
		must(t, err)
	}
}

// Finalisers give back what was forgotten: leases, tickets, streams' states.
func TestFinalisers(t *testing.T) {
	cache, filter := opened(t, nil)
	before := statsOf(t, cache)
	forgotten(t, filter)
	during := statsOf(t, cache)
	if during.LeasedBytes == 0 || during.OpenTickets != 20 || during.StateBytes <= before.StateBytes {
		t.Fatalf("%+v", during)
	}
	soon(t, "finalisers", func() bool {
		runtime.GC()
		now := statsOf(t, cache)
		return now.LeasedBytes == 0 && now.OpenTickets == 0 && now.StateBytes == before.StateBytes
	})
}

// Finalisers that run after everything was closed, and a cache that is forgotten before its filter: in any order.
func TestFinalisersInAnyOrder(t *testing.T) {
	var filters []*sc.Filter
	for i := 0; i < 10; i++ {
		func() {
			cache, err := sc.Open(nil)
			must(t, err)
			filter, err := cache.OpenFilter("forgotten", sc.DigestConfigBytes(nil))
			must(t, err)
			must(t, filter.LoadState(nil))
			forgotten(t, filter)
			if i%2 == 0 {
				must(t, cache.Close())
				must(t, filter.Close())
			} else {
				filters = append(filters, filter)
			}
		}()
		runtime.GC()
	}
	runtime.GC()
	runtime.GC()
	for _, filter := range filters { // their caches were forgotten, not closed: they go on
		value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
		reads(t, value, err, "result")
	}
}
