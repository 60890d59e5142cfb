package streamcache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

// opened is a cache of these options and a filter with a state, closed at the test's end.
func opened(t testing.TB, options *sc.Options) (*sc.Cache, *sc.Filter) {
	t.Helper()
	cache, err := sc.Open(options)
	must(t, err)
	t.Cleanup(func() { _ = cache.Close() })
	return cache, filterOf(t, cache, "weights")
}

func filterOf(t testing.TB, cache *sc.Cache, state string) *sc.Filter {
	t.Helper()
	filter, err := cache.OpenFilter("test", sc.DigestConfigBytes([]byte("config")))
	must(t, err)
	t.Cleanup(func() { _ = filter.Close() })
	must(t, filter.LoadState([]byte(state)))
	return filter
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails unless the error is that one.
func wants(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%v (%T), and not %v", err, err, target)
	}
}

func chunkOf(text string) sc.Digest { return sc.DigestChunk([]byte(text)) }

// returns is a computation that gives this.
func returns(text string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(text), nil }
}

// never is a computation that must not run.
func never(t testing.TB) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("it was computed")
		return nil, errors.New("it was computed")
	}
}

// reads fails unless the value has these bytes, and closes it.
func reads(t testing.TB, value *sc.Value, err error, text string) {
	t.Helper()
	must(t, err)
	defer value.Close()
	if string(value.Bytes()) != text {
		t.Fatalf("%q, and not %q", value.Bytes(), text)
	}
}

// soon waits until it holds.
func soon(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 seconds: ", what)
		}
	}
}

func statsOf(t testing.TB, cache *sc.Cache) sc.CacheStats {
	t.Helper()
	stats, err := cache.Stats()
	must(t, err)
	return stats
}

var background = context.Background()
