package streamcache

// #include "shim_digest.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Filter is a pipeline stage with a configuration and a state. Any goroutine, any time.
type Filter struct{ handle }

func (f *Filter) c() *C.streamcache_filter { return (*C.streamcache_filter)(f.pointer) }

// FilterFlags say what kind of filter it is.
type FilterFlags uint32

// NonDeterministic is a filter whose answers differ from run to run (sampling, dropout): every call bypasses the cache.
const NonDeterministic FilterFlags = C.STREAMCACHE_FILTER_NONDETERMINISTIC

// OpenFilter opens a filter: a configuration, and a state to be loaded. id is a name for people and logs, part of no
// key. Filters of equal configuration and state share their results. It keeps the cache alive. ErrInvalidArgument for
// an id that is not UTF-8.
func (c *Cache) OpenFilter(id string, config Digest, flags ...FilterFlags) (*Filter, error) {
	if !c.acquire() {
		return nil, ErrClosed
	}
	defer c.done()
	var all FilterFlags
	for _, flag := range flags {
		all |= flag
	}
	var pointer *C.streamcache_filter
	var details *C.streamcache_error
	digest := config.c()
	text := []byte(id + "\x00") // so that an empty one has a place
	status := C.streamcache_filter_open(c.c(), (*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(id)), &digest,
		C.uint32_t(all), &pointer, &details)
	if status != C.STREAMCACHE_OK {
		return nil, explained(status, details)
	}
	f := &Filter{}
	f.pointer, f.release = unsafe.Pointer(pointer), releaseFilter
	runtime.SetFinalizer(f, (*Filter).Close)
	return f, nil
}

func releaseFilter(pointer unsafe.Pointer) {
	C.streamcache_filter_release((*C.streamcache_filter)(pointer))
}

// LoadState loads a trained state: hashed once, copied, charged to the budget, never evicted. Lookups switch to it in
// one step; a filter without trained parameters loads nil. ErrNoSpace where it doesn't fit; the old state stays.
func (f *Filter) LoadState(data []byte) error {
	if !f.acquire() {
		return ErrClosed
	}
	defer f.done()
	var details *C.streamcache_error
	status := C.scgo_filter_load_state(f.word(), bytePointer(data), C.size_t(len(data)), &details)
	return explained(status, details)
}

// LoadStateDigest loads a state by its digest alone: the way for large models, whose bytes live in the engine.
func (f *Filter) LoadStateDigest(state Digest) error {
	if !f.acquire() {
		return ErrClosed
	}
	defer f.done()
	var details *C.streamcache_error
	digest := state.c()
	status := C.streamcache_filter_load_state_digest(f.c(), &digest, &details)
	return explained(status, details)
}

// SaveState queues the present state's bytes for the disk and the remote store, where RestoreState finds them.
// ErrNotSupported where the cache has neither.
func (f *Filter) SaveState() error {
	if !f.acquire() {
		return ErrClosed
	}
	defer f.done()
	return failure(C.streamcache_filter_save_state(f.c()))
}

// RestoreState loads the state of this digest that SaveState saved, in this or another process. ErrMiss where no store
// has it.
func (f *Filter) RestoreState(state Digest) error {
	if !f.acquire() {
		return ErrClosed
	}
	defer f.done()
	digest := state.c()
	return failure(C.streamcache_filter_restore_state(f.c(), &digest))
}

// stateOf is what a getter of a state answered. Where only the digest is known there is no value, and no error.
func stateOf(found C.scgo_found) (*Value, Digest, error) {
	if found.status == C.STREAMCACHE_MISS {
		return nil, digestOf(found.digest), nil
	}
	value, err := leased(found)
	if err != nil {
		return nil, Digest{}, err
	}
	return value, digestOf(found.digest), nil
}

// State leases the present state, and gives its digest; the value is nil where only that is known. ErrNoState where
// none was loaded.
func (f *Filter) State() (*Value, Digest, error) {
	if !f.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer f.done()
	return stateOf(C.scgo_filter_get_state(f.word()))
}

// Get looks up a chunk's result under the present state. key is the one it looked under, on a miss too, for Put.
// ErrMiss where it is not there: compute it, with the state that key names, and put it. ErrNoState where none was
// loaded.
func (f *Filter) Get(chunk Digest, flags ...Flags) (value *Value, key Digest, err error) {
	if !f.acquire() {
		return nil, Digest{}, ErrClosed
	}
	found := C.scgo_filter_get(f.word(), chunk.c(), C.uint32_t(together(flags)))
	f.done()
	value, err = leased(found)
	return value, digestOf(found.digest), err
}

// GetInto looks up a chunk's result and copies it into the buffer: n is its size. It allocates nothing and is the
// fastest way to a small result. ErrBufferTooSmall where n bytes are needed; otherwise as Get.
func (f *Filter) GetInto(chunk Digest, buffer []byte, flags ...Flags) (n int, key Digest, err error) {
	if !f.acquire() {
		return 0, Digest{}, ErrClosed
	}
	copied := C.scgo_filter_get_into(f.word(), chunk.c(), C.uint32_t(together(flags)), bytePointer(buffer),
		C.size_t(len(buffer)))
	f.done()
	return int(copied.len), digestOf(copied.key), failure(copied.status)
}

// Key is the key a chunk's result has under the present state.
func (f *Filter) Key(chunk Digest) (Digest, error) {
	if !f.acquire() {
		return Digest{}, ErrClosed
	}
	defer f.done()
	return made(C.scgo_filter_key(f.word(), chunk.c()))
}

// Remove forgets a chunk's result under the present state: in memory, on disk and in the remote store. ErrMiss where
// memory had none.
func (f *Filter) Remove(chunk Digest) error {
	if !f.acquire() {
		return ErrClosed
	}
	defer f.done()
	digest := chunk.c()
	return failure(C.streamcache_filter_remove(f.c(), &digest))
}

// Purge forgets the results of the present state, also on disk, and tells how many memory had.
func (f *Filter) Purge() (removed uint64, err error) {
	if !f.acquire() {
		return 0, ErrClosed
	}
	defer f.done()
	var count C.uint64_t
	err = failure(C.streamcache_filter_purge(f.c(), &count))
	return uint64(count), err
}

// Retire forgets the results of this filter's other states, also on disk, and tells how many memory had: for an engine
// that will not roll back.
func (f *Filter) Retire() (removed uint64, err error) {
	if !f.acquire() {
		return 0, ErrClosed
	}
	defer f.done()
	var count C.uint64_t
	err = failure(C.streamcache_filter_retire(f.c(), &count))
	return uint64(count), err
}

// Close gives the filter back; its results stay. Closing again is fine, and so is closing while others are in a call.
func (f *Filter) Close() error {
	if f.shut() {
		runtime.SetFinalizer(f, nil)
	}
	return nil
}
