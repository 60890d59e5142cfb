package streamcache

// #include "shim_digest.h"
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Hasher digests bytes that come in pieces; it is an io.Writer. Any goroutine, any time: calls take turns, but pieces
// that several goroutines write are in whichever order they come. Reusable.
type Hasher struct {
	handle
	turn sync.Mutex // the library's own has no lock, and two at once would be two writers of one state
}

// NewHasher makes a hasher for bytes of one role; RoleConfig is for one that is not JSON.
func NewHasher(role Role) (*Hasher, error) {
	if mismatch != nil {
		return nil, mismatch
	}
	var pointer *C.streamcache_hasher
	if err := failure(C.streamcache_hasher_new(C.streamcache_role(role), &pointer)); err != nil {
		return nil, err
	}
	h := &Hasher{}
	h.pointer, h.release = unsafe.Pointer(pointer), freeHasher
	runtime.SetFinalizer(h, (*Hasher).Close)
	return h, nil
}

func freeHasher(pointer unsafe.Pointer) { C.streamcache_hasher_free((*C.streamcache_hasher)(pointer)) }

// Write adds the next bytes. How they are split makes no difference.
func (h *Hasher) Write(data []byte) (int, error) {
	if !h.acquire() {
		return 0, ErrClosed
	}
	defer h.done()
	h.turn.Lock()
	defer h.turn.Unlock()
	status := C.scgo_hasher_update(h.word(), bytePointer(data), C.size_t(len(data)))
	if status != C.STREAMCACHE_OK {
		return 0, failure(status)
	}
	return len(data), nil
}

// Finish gives the digest of all bytes since the last Finish or Reset. The next Write begins anew.
func (h *Hasher) Finish() (Digest, error) {
	if !h.acquire() {
		return Digest{}, ErrClosed
	}
	defer h.done()
	h.turn.Lock()
	defer h.turn.Unlock()
	return made(C.scgo_hasher_finish(h.word()))
}

// Reset forgets the bytes since the last Finish or Reset.
func (h *Hasher) Reset() error {
	if !h.acquire() {
		return ErrClosed
	}
	defer h.done()
	h.turn.Lock()
	defer h.turn.Unlock()
	return failure(C.streamcache_hasher_reset((*C.streamcache_hasher)(h.pointer)))
}

// Close frees it. Closing again is fine.
func (h *Hasher) Close() error {
	if h.shut() {
		runtime.SetFinalizer(h, nil)
	}
	return nil
}

// Barrier digests all chunks of a stream, in their order, keeping none: for a filter that answers only at the stream's
// end. Any goroutine, any time: calls take turns. Reusable.
type Barrier struct {
	handle
	turn sync.Mutex
}

// NewBarrier makes a barrier.
func NewBarrier() (*Barrier, error) {
	if mismatch != nil {
		return nil, mismatch
	}
	var pointer *C.streamcache_barrier
	if err := failure(C.streamcache_barrier_new(&pointer)); err != nil {
		return nil, err
	}
	b := &Barrier{}
	b.pointer, b.release = unsafe.Pointer(pointer), freeBarrier
	runtime.SetFinalizer(b, (*Barrier).Close)
	return b, nil
}

func freeBarrier(pointer unsafe.Pointer) {
	C.streamcache_barrier_free((*C.streamcache_barrier)(pointer))
}

// Add adds the stream's next chunk.
func (b *Barrier) Add(chunk Digest) error {
	if !b.acquire() {
		return ErrClosed
	}
	defer b.done()
	b.turn.Lock()
	defer b.turn.Unlock()
	digest := chunk.c()
	return failure(C.streamcache_barrier_update((*C.streamcache_barrier)(b.pointer), &digest))
}

// Finish gives the digest of the stream, to be looked up as a chunk's. The next Add begins another stream.
func (b *Barrier) Finish() (Digest, error) {
	if !b.acquire() {
		return Digest{}, ErrClosed
	}
	defer b.done()
	b.turn.Lock()
	defer b.turn.Unlock()
	return made(C.scgo_barrier_finish(b.word()))
}

// Reset forgets the chunks since the last Finish or Reset.
func (b *Barrier) Reset() error {
	if !b.acquire() {
		return ErrClosed
	}
	defer b.done()
	b.turn.Lock()
	defer b.turn.Unlock()
	return failure(C.streamcache_barrier_reset((*C.streamcache_barrier)(b.pointer)))
}

// Close frees it. Closing again is fine.
func (b *Barrier) Close() error {
	if b.shut() {
		runtime.SetFinalizer(b, nil)
	}
	return nil
}
