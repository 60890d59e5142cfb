package streamcache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

// Some batches that overlap, from many goroutines: each chunk is computed once, and every row is at its place.
func TestBatches(t *testing.T) {
	_, filter := opened(t, nil)
	const chunks, width = 40, 8
	var mutex sync.Mutex
	computed := map[int]int{}
	var all sync.WaitGroup
	for g := 0; g < 8; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			var digests []sc.Digest
			var numbers []int
			for i := 0; i < 20; i++ {
				n := (g*3 + i*2) % chunks
				numbers = append(numbers, n)
				digests = append(digests, chunkOf(fmt.Sprint(n)))
			}
			values, err := sc.GetOrComputeBatch(background, filter, digests, func(missing []int) ([]byte, error) {
				var rows []byte
				mutex.Lock()
				defer mutex.Unlock()
				for _, index := range missing {
					computed[numbers[index]]++
					rows = append(rows, fmt.Sprintf("%*d", width, numbers[index])...)
				}
				return rows, nil
			})
			if err != nil {
				t.Error(err)
				return
			}
			for i, value := range values {
				if string(value.Bytes()) != fmt.Sprintf("%*d", width, numbers[i]) {
					t.Errorf("%d: %q", numbers[i], value.Bytes())
				}
				value.Close()
			}
		}(g)
	}
	all.Wait()
	for n, times := range computed {
		if times != 1 {
			t.Errorf("%d was computed %d times", n, times)
		}
	}
}

// What another caller gives up becomes this batch's.
func TestBatchTakesOver(t *testing.T) {
	_, filter := opened(t, nil)
	_, ticket, err := filter.Begin(background, chunkOf("b"))
	must(t, err)
	time.AfterFunc(20*time.Millisecond, func() { must(t, ticket.Abort()) })
	var computed [][]int
	values, err := sc.GetOrComputeBatch(background, filter, []sc.Digest{chunkOf("a"), chunkOf("b")}, func(missing []int) ([]byte, error) {
		computed = append(computed, missing)
		return make([]byte, len(missing)), nil
	})
	must(t, err)
	if fmt.Sprint(computed) != "[[0] [1]]" {
		t.Fatal(computed)
	}
	for _, value := range values {
		reads(t, value, nil, "\x00")
	}
	_, err = ticket.CommitCopy(nil, nil)
	wants(t, err, sc.ErrEnded)
}

func TestBatchFailures(t *testing.T) {
	cache, filter := opened(t, nil)
	digests := []sc.Digest{chunkOf("a"), chunkOf("b"), chunkOf("a")}
	failed := errors.New("failed")
	_, err := sc.GetOrComputeBatch(background, filter, digests, func([]int) ([]byte, error) { return nil, failed })
	if err != failed {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() != "at the disco" {
				t.Error("another panic")
			}
		}()
		_, _ = sc.GetOrComputeBatch(background, filter, digests, func([]int) ([]byte, error) { panic("at the disco") })
	}()
	_, err = sc.GetOrComputeBatch(background, filter, digests, func([]int) ([]byte, error) { return []byte("odd"), nil })
	wants(t, err, sc.ErrInvalidArgument)
	if open := statsOf(t, cache).OpenTickets; open != 0 {
		t.Fatal("tickets open: ", open)
	}
	batch, err := filter.BeginBatch(digests)
	must(t, err)
	defer batch.Close()
	for _, wrong := range [][]int{{-1}, {2}, {0, 0}, {1 << 40}} {
		_, err := batch.Commit(wrong, make([]byte, len(wrong)), nil)
		wants(t, err, sc.ErrInvalidArgument)
	}
	_, err = batch.Commit(nil, []byte("rows of none"), nil)
	wants(t, err, sc.ErrInvalidArgument)
	values, err := batch.Values()
	if err != nil || values[0] != nil || values[1] != nil || values[2] != nil {
		t.Fatal(values, err)
	}
	stored, err := batch.Commit([]int{1, 0}, []byte("BA"), &sc.PutOptions{Blob: []byte("beside")})
	if stored != 2 || err != nil {
		t.Fatal(stored, err)
	}
	values, err = batch.Values()
	must(t, err)
	for i, want := range []string{"A", "B", "A"} {
		blob, err := values[i].Blob()
		if string(blob) != "beside" || err != nil {
			t.Error(blob, err)
		}
		reads(t, values[i], nil, want)
	}
}

// A context's own error, not one that only looks like it.
func TestContextOfABatch(t *testing.T) {
	_, filter := opened(t, nil)
	finish := computing(t, filter, chunkOf("chunk"))
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := sc.GetOrComputeBatch(ctx, filter, []sc.Digest{chunkOf("chunk")}, func([]int) ([]byte, error) {
		t.Error("it was computed")
		return nil, nil
	})
	wants(t, err, context.Canceled)
	finish()
}

func TestStream(t *testing.T) {
	cache, filter := opened(t, nil)
	stream, err := filter.OpenStream(nil) // an empty initial state
	must(t, err)
	step := func(chunk string, compute func([]byte) ([]byte, []byte, error)) (*sc.Value, error) {
		return stream.Step(background, chunkOf(chunk), compute)
	}
	append1 := func(state []byte) (output, next []byte, err error) {
		if state == nil {
			t.Error("the state is unknown")
		}
		next = append(append([]byte{}, state...), '1')
		return next, next, nil
	}
	value, err := step("a", append1)
	reads(t, value, err, "1")
	value, err = step("a", append1)
	reads(t, value, err, "11")
	fork, err := stream.Fork()
	must(t, err)
	failed := errors.New("failed")
	_, err = step("b", func([]byte) ([]byte, []byte, error) { return nil, nil, failed })
	if err != failed {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = step("b", func([]byte) ([]byte, []byte, error) { panic("at the disco") })
		t.Error("no panic")
	}()
	if position, err := stream.Position(); position != 2 || err != nil {
		t.Fatal(position, err)
	}
	state, _, err := stream.State()
	reads(t, state, err, "11")

	// One step from the same place, by the fork: what one computes the other has.
	value, err = step("b", append1)
	reads(t, value, err, "111")
	value, err = fork.Step(background, chunkOf("b"), nil)
	reads(t, value, err, "111")
	one, err := stream.Digest()
	must(t, err)
	two, err := fork.Digest()
	if one != two || err != nil {
		t.Fatal(one, two, err)
	}

	// An unknown state, until a next one is known again; an empty one is a state.
	must(t, stream.Forget())
	_, err = stream.Digest()
	wants(t, err, sc.ErrNoState)
	value, err = step("c", func(state []byte) ([]byte, []byte, error) {
		if state != nil {
			t.Errorf("%q", state)
		}
		return []byte("from my own"), nil, nil
	})
	must(t, err)
	if value.Stored() {
		t.Error("it was stored")
	}
	reads(t, value, err, "from my own")
	value, err = step("c", func([]byte) ([]byte, []byte, error) { return []byte("known"), []byte{}, nil })
	reads(t, value, err, "known")
	value, err = step("a", nil) // it is where it began
	reads(t, value, err, "1")
	must(t, stream.Reset([]byte{}))
	value, err = step("a", nil)
	reads(t, value, err, "1")
	must(t, stream.Reset([]byte("x")))
	value, err = step("a", append1)
	reads(t, value, err, "x1")
	must(t, stream.Reset(nil))
	value, err = step("a", nil)
	reads(t, value, err, "1")

	_, ticket, err := stream.Begin(background, chunkOf("z"))
	must(t, err)
	_, err = ticket.CommitCopy(nil, nil) // a step has two results
	wants(t, err, sc.ErrInvalidArgument)
	_, _, err = stream.Begin(background, chunkOf("z"), sc.NoWait)
	wants(t, err, sc.ErrBusy)
	must(t, stream.Close())
	value, err = ticket.CommitStep([]byte("out"), []byte("state"), nil)
	reads(t, value, err, "out")
	if phase, err := ticket.Phase(); phase != sc.PhaseCommitted || err != nil {
		t.Fatal(phase, err)
	}
	must(t, ticket.Close())
	if open := statsOf(t, cache).OpenTickets; open != 0 {
		t.Fatal("tickets open: ", open)
	}
}

func TestPipeline(t *testing.T) {
	cache, filter := opened(t, nil)
	_, stranger := opened(t, nil)
	dice, err := cache.OpenFilter("dice", sc.DigestConfigBytes(nil), sc.NonDeterministic)
	must(t, err)
	must(t, dice.LoadState(nil))
	for _, wrong := range [][]*sc.Filter{{}, {filter, stranger}, {dice}} {
		_, err := sc.PipelineKey(chunkOf("chunk"), wrong...)
		wants(t, err, sc.ErrInvalidArgument)
	}
	key, err := sc.PipelineKey(chunkOf("chunk"), filter, filter)
	must(t, err)
	value, err := sc.GetOrCompute(background, cache, key, returns("of both"))
	reads(t, value, err, "of both")
	value, err = cache.Get(key)
	reads(t, value, err, "of both")
	for i := 0; i < 2; i++ {
		value, err := sc.GetOrCompute(background, dice, chunkOf("chunk"), returns("six"))
		must(t, err)
		if value.Stored() {
			t.Error("it was stored")
		}
		value.Close()
	}
}

// Under a context that is done nothing is computed, and another caller has the right.
func TestBatchOfADoneContext(t *testing.T) {
	_, filter := opened(t, nil)
	ctx, cancel := context.WithCancel(background)
	cancel()
	chunks := []sc.Digest{chunkOf("a"), chunkOf("b")}
	_, err := sc.GetOrComputeBatch(ctx, filter, chunks, func([]int) ([]byte, error) {
		t.Error("it computes")
		return make([]byte, 2), nil
	})
	wants(t, err, context.Canceled)
	value, err := sc.GetOrCompute(background, filter, chunks[0], returns("now"))
	reads(t, value, err, "now")
}
