package streamcache

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"time"
	"unsafe"
)

// Cache is a cache. Any goroutine, any time.
type Cache struct{ handle }

func (c *Cache) c() *C.streamcache_cache { return (*C.streamcache_cache)(c.pointer) }

// Open opens a cache; nil for the defaults. Threads are started only where the options ask for some.
// ErrInvalidArgument for an option that can't be as it is, ErrIO where the store on disk can't be opened,
// ErrNotSupported where the library that was loaded is of another version than this package or has no such store; the
// error says what to do.
func Open(options *Options) (*Cache, error) {
	if mismatch != nil {
		return nil, mismatch
	}
	made, err := options.c()
	if err != nil {
		return nil, err
	}
	return open(made)
}

// OpenJSON opens a cache by options in JSON, such as {"max_bytes": 1073741824, "policy": "lru"}: the names are those of
// the C library. ErrInvalidArgument for an unknown one, and the error offers the nearest that is known.
func OpenJSON(options string) (*Cache, error) {
	if mismatch != nil {
		return nil, mismatch
	}
	var made *C.streamcache_options
	var details *C.streamcache_error
	text := (*C.char)(unsafe.Pointer(bytePointer([]byte(options))))
	status := C.streamcache_options_from_json(text, C.size_t(len(options)), &made, &details)
	if status != C.STREAMCACHE_OK {
		return nil, explained(status, details)
	}
	return open(made)
}

func open(options *C.streamcache_options) (*Cache, error) {
	defer C.streamcache_options_free(options)
	var pointer *C.streamcache_cache
	var details *C.streamcache_error
	if status := C.streamcache_cache_open(options, &pointer, &details); status != C.STREAMCACHE_OK {
		return nil, explained(status, details)
	}
	c := &Cache{}
	c.pointer, c.release = unsafe.Pointer(pointer), releaseCache
	runtime.SetFinalizer(c, func(c *Cache) { c.shut() }) // which ends no filter's work, and waits for nothing
	return c, nil
}

func releaseCache(pointer unsafe.Pointer) {
	C.streamcache_cache_release((*C.streamcache_cache)(pointer))
}

// Close ends the cache's work: calls on it and on its filters answer ErrClosed from now on, leases stay valid. What
// waits to be written to the disk and the remote store is written; ErrTimeout after 60 seconds, with what was left
// dropped. Closing again is fine.
func (c *Cache) Close() error {
	_, err := c.closeWithin(C.STREAMCACHE_TIMEOUT_DEFAULT)
	return err
}

// CloseWithin closes as Close does, waiting so long at most, and tells how many queued writes were dropped.
func (c *Cache) CloseWithin(timeout time.Duration) (dropped uint64, err error) {
	ms, err := patience(timeout)
	if err != nil {
		return 0, err
	}
	return c.closeWithin(ms)
}

// CloseContext closes as Close does, waiting until the context is done: then it drops what is left, tells how many queued
// writes those were, and answers the context's error.
func (c *Cache) CloseContext(ctx context.Context) (dropped uint64, err error) {
	type ending struct {
		dropped uint64
		err     error
	}
	ended := make(chan ending, 1)
	go func() {
		dropped, err := c.closeWithin(C.STREAMCACHE_TIMEOUT_DEFAULT - 1)
		ended <- ending{dropped, err}
	}()
	select {
	case end := <-ended:
		return end.dropped, end.err
	case <-ctx.Done():
	}
	// A close with less time ends the other, be it the first or the second to reach the cache.
	dropped, err = c.closeWithin(0)
	end := <-ended
	if end.dropped > dropped {
		dropped = end.dropped
	}
	if err == nil {
		err = end.err
	}
	if err == ErrTimeout {
		err = ctx.Err()
	}
	return dropped, err // nil where all was written by then
}

func (c *Cache) closeWithin(ms C.uint32_t) (dropped uint64, err error) {
	if !c.acquire() {
		return 0, nil
	}
	defer c.done()
	var lost C.uint64_t
	err = failure(C.streamcache_cache_close(c.c(), ms, &lost))
	if c.shut() {
		runtime.SetFinalizer(c, nil)
	}
	return uint64(lost), err
}

// Flush waits until every result that was put before is written behind, or given up. ErrTimeout when the time is up; 0
// looks once.
func (c *Cache) Flush(timeout time.Duration) error {
	if timeout < 0 {
		return ErrInvalidArgument
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return c.flush(ctx, ErrTimeout)
}

// FlushContext waits as Flush does, until the context is done: its error then.
func (c *Cache) FlushContext(ctx context.Context) error { return c.flush(ctx, nil) }

// flush waits in Go and not in C, where it would hold a thread. late is its error when the time is up; nil: the context's.
func (c *Cache) flush(ctx context.Context, late error) error {
	var pause pause
	defer pause.end()
	for {
		if !c.acquire() {
			return ErrClosed
		}
		status := C.streamcache_cache_flush(c.c(), 0)
		c.done()
		if status != C.STREAMCACHE_TIMEOUT {
			return failure(status)
		}
		if err := pause.rest(ctx); err != nil {
			if late != nil {
				err = late
			}
			return err
		}
	}
}

// Scope is where a purge reaches.
type Scope uint32

// The scopes.
const (
	// PurgeMemory is this process's memory.
	PurgeMemory Scope = C.STREAMCACHE_PURGE_MEMORY
	// PurgeDisk is the disk, for all processes that share it, and this process's memory.
	PurgeDisk Scope = C.STREAMCACHE_PURGE_DISK
)

// Purge forgets every result. States and leases stay.
func (c *Cache) Purge(scope Scope) error {
	if !c.acquire() {
		return ErrClosed
	}
	defer c.done()
	return failure(C.streamcache_cache_purge(c.c(), C.uint32_t(scope)))
}

// SetMaxBytes changes the limit while the cache is in use; what is too much then is evicted here. Nothing stores
// nothing.
func (c *Cache) SetMaxBytes(bytes uint64) error {
	if !c.acquire() {
		return ErrClosed
	}
	defer c.done()
	return failure(C.streamcache_cache_set_max_bytes(c.c(), limit(bytes)))
}

// SetMaxChunks changes the limit while the cache is in use; what is too much then is evicted here. Nothing stores
// nothing.
func (c *Cache) SetMaxChunks(chunks uint64) error {
	if !c.acquire() {
		return ErrClosed
	}
	defer c.done()
	return failure(C.streamcache_cache_set_max_chunks(c.c(), limit(chunks)))
}

// Get looks up a result under a key of the caller's, see KeyChunk. ErrMiss where it is not there.
func (c *Cache) Get(key Digest, flags ...Flags) (*Value, error) {
	if !c.acquire() {
		return nil, ErrClosed
	}
	defer c.done()
	return leased(C.scgo_cache_get(c.word(), key.c(), C.uint32_t(together(flags))))
}

// GetInto looks up a result and copies it into the buffer: n is its size. ErrMiss where it is not there;
// ErrBufferTooSmall where n bytes are needed.
func (c *Cache) GetInto(key Digest, buffer []byte, flags ...Flags) (n int, err error) {
	if !c.acquire() {
		return 0, ErrClosed
	}
	copied := C.scgo_cache_get_into(c.word(), key.c(), C.uint32_t(together(flags)), bytePointer(buffer), C.size_t(len(buffer)))
	c.done()
	return int(copied.len), failure(copied.status)
}

// Remove forgets a result: in memory, on disk and in the remote store. ErrMiss where memory had none.
func (c *Cache) Remove(key Digest) error {
	if !c.acquire() {
		return ErrClosed
	}
	defer c.done()
	digest := key.c()
	return failure(C.streamcache_cache_remove_chunk(c.c(), &digest))
}
