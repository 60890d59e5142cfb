// Package streamcache remembers what a model already computed: Go's way into the C library of the same name.
//
//	cache, err := streamcache.Open(nil) // or with Options: limits, a disk, a Redis
//	config, err := streamcache.DigestConfigJSON(`{"model": "demo", "version": 1, "precision": "f32"}`)
//	filter, err := cache.OpenFilter("demo", config)
//	err = filter.LoadState([]byte("weights"))
//
//	value, err := streamcache.GetOrComputeBytes(ctx, filter, chunk, func() ([]byte, error) {
//		return model(chunk) // where it is missing: once, however many goroutines ask
//	})
//	defer value.Close()
//	use(value.Bytes())
//
// # Words
//
// A Filter is a pipeline stage: a configuration and a state, which is its trained parameters. A chunk is one unit of
// input. A Digest is a BLAKE3 of content; a key is a digest that names a computation: of a filter's configuration and
// state and a chunk. A Value is an immutable result, and holding one is holding a lease: it stays valid after
// eviction, purge, and the cache's Close. A Ticket is the exclusive right to compute one missing value. A Stream is a
// filter whose recurrent state evolves chunk by chunk. What belongs in a configuration is everything that changes an
// answer and is neither the input nor the state; the C library's README says more.
//
// # Closing
//
// Every object has a Close, which may be called again, and by any goroutine at any time: calls under way end as they
// would have, later ones answer ErrClosed. Finalisers close what the garbage collector finds unused, but it does not
// know how much memory a lease keeps: close values, tickets and batches yourself.
//
// Value.Bytes and Ticket.Buffer are memory of the library's, without a copy. A slice of it does not keep the Value or
// the Ticket alive: where no Close follows the last use, say runtime.KeepAlive after it. Value.View needs neither.
//
// # Waiting
//
// Where another goroutine, thread or process computes a result already, GetOrCompute, the Begins and Batch.Wait wait
// for it in Go: they look, sleep for a fifth of the time they have waited, at most 10 ms, and look again until their
// context is done. So do Flush and FlushContext for what is being written. No thread waits in C for either; one does in
// Close, which CloseContext ends. Plain lookups of a cache with a disk or a remote store read
// them in C, as reading a file does; with NoWait they answer ErrBusy while a thread of the cache's reads.
//
// # Errors
//
// Every error is a Status, or an *Error or *Rejection that errors.Is finds one in, or a context's, or what a function
// of the caller's returned. ErrMiss, ErrBusy and ErrRejected say that nothing is wrong. That a result was computed and
// not stored is no error: see Value.Stored.
//
// # Versions
//
// The loader finds libstreamcache.so.0.1 by a name that has the version in it. Should the file be of another one all
// the same, or an older one than the header this package was compiled with, Open, and whatever else makes or digests,
// fails with ErrNotSupported and says which is which; a function that has no error to answer, as DigestChunk, panics with
// it.
package streamcache
