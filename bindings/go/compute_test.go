package streamcache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

// A thousand goroutines want one chunk: it is computed once, and they wait in Go, not each in a thread.
func TestStorm(t *testing.T) {
	cache, filter := opened(t, nil)
	var computed atomic.Int32
	var all sync.WaitGroup
	threads := pprof.Lookup("threadcreate").Count()
	for i := 0; i < 1000; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			value, err := sc.GetOrComputeBytes(background, filter, []byte("chunk"), func() ([]byte, error) {
				computed.Add(1)
				time.Sleep(20 * time.Millisecond)
				return []byte("result"), nil
			})
			if err != nil || string(value.Bytes()) != "result" {
				t.Error(value, err)
				return
			}
			value.Close()
		}()
	}
	all.Wait()
	if computed.Load() != 1 {
		t.Fatalf("computed %d times", computed.Load())
	}
	if more := pprof.Lookup("threadcreate").Count() - threads; more > 100 {
		t.Fatalf("%d threads were made", more)
	}
	if stats := statsOf(t, cache); stats.OpenTickets != 0 || stats.Lookups != 1000 || stats.Misses != 1 {
		t.Fatalf("%+v", stats)
	}
}

// Many goroutines, many chunks, some computations that fail: each chunk has one result, and nobody is left waiting.
func TestStormOfMany(t *testing.T) {
	cache, filter := opened(t, nil)
	const chunks, goroutines = 50, 16
	var succeeded [chunks]atomic.Int32
	failed := errors.New("failed")
	var all sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			for n := 0; n < chunks; n++ {
				i := (n*7 + g*11) % chunks
				value, err := sc.GetOrCompute(background, filter, chunkOf(fmt.Sprint(i)), func() ([]byte, error) {
					if (g+i)%3 == 0 {
						return nil, failed
					}
					runtime.Gosched()
					succeeded[i].Add(1)
					return []byte(fmt.Sprint("result ", i)), nil
				})
				if err == nil {
					if string(value.Bytes()) != fmt.Sprint("result ", i) {
						t.Errorf("%d: %q", i, value.Bytes())
					}
					value.Close()
				} else if !errors.Is(err, failed) {
					t.Error(err)
				}
			}
		}(g)
	}
	all.Wait()
	for i := range succeeded {
		if succeeded[i].Load() != 1 {
			t.Errorf("%d was computed %d times", i, succeeded[i].Load())
		}
	}
	if stats := statsOf(t, cache); stats.OpenTickets != 0 || stats.LeasedBytes != 0 {
		t.Fatalf("%+v", stats)
	}
}

// computing begins a computation that lasts until the returned function is called.
func computing(t *testing.T, filter *sc.Filter, chunk sc.Digest) func() {
	t.Helper()
	value, ticket, err := filter.Begin(background, chunk)
	must(t, err)
	if value != nil || ticket == nil {
		t.Fatal("it is there")
	}
	return func() {
		value, err := ticket.CommitCopy([]byte("result"), nil)
		reads(t, value, err, "result")
		must(t, ticket.Close())
	}
}

func TestContextEndsAWait(t *testing.T) {
	_, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	finish := computing(t, filter, chunk)
	ctx, cancel := context.WithTimeout(background, 30*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := sc.GetOrCompute(ctx, filter, chunk, never(t))
	wants(t, err, context.DeadlineExceeded)
	if took := time.Since(start); took < 30*time.Millisecond || took > 2*time.Second {
		t.Fatal(took)
	}
	ctx, cancel = context.WithCancel(background)
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = sc.GetOrComputeBytes(ctx, filter, []byte("chunk"), never(t))
	wants(t, err, context.Canceled)
	_, err = sc.GetOrCompute(ctx, filter, chunkOf("another"), never(t)) // it is over before it begins
	wants(t, err, context.Canceled)
	_, _, err = filter.Begin(background, chunk, sc.NoWait)
	wants(t, err, sc.ErrBusy)
	finish()
	value, err := sc.GetOrCompute(background, filter, chunk, never(t))
	reads(t, value, err, "result")
}

// Who waits comes at most a fifth late, and so do its counters: a wait of 100 ms is some dozens of looks.
func TestBackoff(t *testing.T) {
	cache, filter := opened(t, nil)
	finish := computing(t, filter, chunkOf("chunk"))
	time.AfterFunc(100*time.Millisecond, finish)
	value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), never(t))
	reads(t, value, err, "result")
	if busy := statsOf(t, cache).Busy; busy < 5 || busy > 100 {
		t.Fatalf("looked %d times", busy)
	}
}

func TestErrorIsNotRemembered(t *testing.T) {
	cache, filter := opened(t, nil)
	failed := errors.New("failed")
	_, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), func() ([]byte, error) { return []byte("half"), failed })
	if err != failed {
		t.Fatal(err)
	}
	if open := statsOf(t, cache).OpenTickets; open != 0 {
		t.Fatal("tickets open: ", open)
	}
	value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
	reads(t, value, err, "result")
}

// A panic goes on as that panic, and so does a goroutine's end; those who wait compute instead.
func TestPanicAbandonsTheTicket(t *testing.T) {
	cache, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	inside, leave := make(chan bool), make(chan bool)
	ways := map[string]func(){"panic": func() { panic("at the disco") }, "exit": runtime.Goexit}
	for name, way := range ways {
		way := way
		ended := make(chan any)
		go func() {
			defer func() { ended <- recover() }()
			_, _ = sc.GetOrCompute(background, filter, chunk, func() ([]byte, error) {
				inside <- true
				<-leave
				way()
				return nil, nil
			})
		}()
		<-inside
		looked := statsOf(t, cache).Busy
		waiting := make(chan string)
		go func() {
			value, err := sc.GetOrCompute(background, filter, chunk, returns("after "+name))
			if err != nil {
				waiting <- err.Error()
				return
			}
			waiting <- string(value.Copy())
			value.Close()
		}()
		soon(t, "one who waits", func() bool { return statsOf(t, cache).Busy > looked })
		leave <- true
		if why := <-ended; name == "panic" && why != "at the disco" || name == "exit" && why != nil {
			t.Fatal(name, why)
		}
		if got := <-waiting; got != "after "+name {
			t.Fatal(got)
		}
		must(t, filter.Remove(chunk))
	}
}

func TestGetOrFill(t *testing.T) {
	cache, filter := opened(t, nil)
	config, state, chunk := sc.DigestConfigBytes([]byte("config")), sc.DigestState([]byte("weights")), chunkOf("chunk")
	value, err := sc.GetOrFill(background, cache, sc.KeyChunk(config, state, chunk), func(ticket *sc.Ticket) (*sc.Value, error) {
		_, _, err := ticket.State()
		wants(t, err, sc.ErrNoState)
		buffer, err := ticket.Buffer(100)
		must(t, err)
		return ticket.Commit(copy(buffer, "result"), nil)
	})
	reads(t, value, err, "result")
	value, err = sc.GetOrFill(background, filter, chunk, nil) // by the filter's way to the same key
	reads(t, value, err, "result")

	_, err = sc.GetOrFill(background, filter, chunkOf("nothing"), func(*sc.Ticket) (*sc.Value, error) { return nil, nil })
	wants(t, err, sc.ErrInvalidArgument)
	if open := statsOf(t, cache).OpenTickets; open != 0 {
		t.Fatal("tickets open: ", open)
	}
}

func TestRejection(t *testing.T) {
	_, filter := opened(t, nil)
	chunk := chunkOf("too short")
	_, err := sc.GetOrFill(background, filter, chunk, func(ticket *sc.Ticket) (*sc.Value, error) {
		stored, err := ticket.CommitRejection(42, time.Minute)
		if !stored {
			t.Error("it was not stored")
		}
		must(t, err)
		return nil, &sc.Rejection{Code: 42}
	})
	wants(t, err, sc.ErrRejected)
	_, err = sc.GetOrCompute(background, filter, chunk, never(t))
	var rejection *sc.Rejection
	if !errors.As(err, &rejection) || rejection.Code != 42 || !strings.HasSuffix(err.Error(), "(code 42)") {
		t.Fatal(err)
	}
	_, _, err = filter.Get(chunk)
	wants(t, err, sc.ErrRejected)
	_, _, err = filter.GetInto(chunk, nil)
	wants(t, err, sc.ErrRejected)
}

// A state that is loaded while another computes: the result lands under the state that computed it.
func TestSwapWhileComputing(t *testing.T) {
	_, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	value, err := sc.GetOrFill(background, filter, chunk, func(ticket *sc.Ticket) (*sc.Value, error) {
		must(t, filter.LoadState([]byte("new weights")))
		state, digest, err := ticket.State()
		if digest != sc.DigestState([]byte("weights")) {
			t.Error(digest)
		}
		reads(t, state, err, "weights")
		return ticket.CommitCopy([]byte("by the old"), nil)
	})
	reads(t, value, err, "by the old")
	value, err = sc.GetOrCompute(background, filter, chunk, returns("by the new"))
	reads(t, value, err, "by the new")
	must(t, filter.LoadState([]byte("weights")))
	value, err = sc.GetOrCompute(background, filter, chunk, never(t))
	reads(t, value, err, "by the old")
}

// Where nothing can be stored, the value is there all the same.
func TestNotStored(t *testing.T) {
	cache, err := sc.Open(&sc.Options{MaxBytes: sc.Nothing})
	must(t, err)
	defer cache.Close()
	filter, err := cache.OpenFilter("test", sc.DigestConfigBytes(nil))
	must(t, err)
	wants(t, filter.LoadState([]byte("weights")), sc.ErrNoSpace)
	if limit := statsOf(t, cache).MaxBytes; limit != 0 {
		t.Fatal(limit)
	}
	must(t, filter.LoadStateDigest(sc.DigestState([]byte("weights"))))
	for i := 0; i < 2; i++ {
		computed := false
		value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), func() ([]byte, error) {
			computed = true
			return []byte("result"), nil
		})
		must(t, err)
		if !computed || value.Stored() {
			t.Fatal("it was stored")
		}
		reads(t, value, err, "result")
	}
}
