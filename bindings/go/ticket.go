package streamcache

// #include "shim_digest.h"
// #include "shim_put.h"
import "C"

import (
	"context"
	"runtime"
	"time"
	"unsafe"
)

// Ticket is the exclusive right to compute one missing value: commit it, or give it up by Abort or Close. It belongs to
// no goroutine; only one at a time works on it.
type Ticket struct{ handle }

func newTicket(pointer *C.streamcache_ticket) *Ticket {
	t := &Ticket{}
	t.pointer, t.release = unsafe.Pointer(pointer), releaseTicket
	runtime.SetFinalizer(t, (*Ticket).Close)
	return t
}

func releaseTicket(pointer unsafe.Pointer) {
	C.scgo_ticket_release(C.scgo_handle(uintptr(pointer)))
}

func (t *Ticket) c() *C.streamcache_ticket { return (*C.streamcache_ticket)(t.pointer) }

// Begin looks up a chunk's result under the present state. It answers a value; or, to the first who asks, a ticket to
// compute what is missing. All others wait, in Go and not in C, until that is done, or until the context is: its error
// then. With NoWait they don't: ErrBusy. Whoever holds a ticket and begins the same chunk waits for itself.
func (f *Filter) Begin(ctx context.Context, chunk Digest, flags ...Flags) (*Value, *Ticket, error) {
	return begun(beginning(ctx, flags, func(flags C.uint32_t) C.scgo_found {
		if !f.acquire() {
			return shut()
		}
		defer f.done()
		return C.scgo_filter_begin(f.word(), chunk.c(), flags)
	}))
}

// BeginBytes digests a chunk's bytes and begins. It gives the chunk's digest, too.
func (f *Filter) BeginBytes(ctx context.Context, data []byte, flags ...Flags) (*Value, *Ticket, Digest, error) {
	var chunk Digest
	digested := false
	found, err := beginning(ctx, flags, func(flags C.uint32_t) C.scgo_found {
		if !f.acquire() {
			return shut()
		}
		defer f.done()
		if digested {
			return C.scgo_filter_begin(f.word(), chunk.c(), flags)
		}
		found := C.scgo_filter_begin_bytes(f.word(), bytePointer(data), C.size_t(len(data)), flags)
		chunk, digested = digestOf(found.digest), true
		return found
	})
	value, ticket, err := begun(found, err)
	return value, ticket, chunk, err
}

// Begin begins under the snapshot's state; otherwise as Filter.Begin.
func (s *Snapshot) Begin(ctx context.Context, chunk Digest, flags ...Flags) (*Value, *Ticket, error) {
	return begun(beginning(ctx, flags, func(flags C.uint32_t) C.scgo_found {
		if !s.acquire() {
			return shut()
		}
		defer s.done()
		return C.scgo_snapshot_begin(s.word(), chunk.c(), flags)
	}))
}

// Begin begins under a key of the caller's, see KeyChunk; otherwise as Filter.Begin.
func (c *Cache) Begin(ctx context.Context, key Digest, flags ...Flags) (*Value, *Ticket, error) {
	return begun(beginning(ctx, flags, func(flags C.uint32_t) C.scgo_found {
		if !c.acquire() {
			return shut()
		}
		defer c.done()
		return C.scgo_cache_begin(c.word(), key.c(), flags)
	}))
}

// Key is the key of the missing value.
func (t *Ticket) Key() (Digest, error) {
	if !t.acquire() {
		return Digest{}, ErrClosed
	}
	defer t.done()
	return made(C.scgo_ticket_get_key(t.word()))
}

// State leases the trained state that the ticket's key names, and gives its digest: the one to compute with, whatever
// the filter loads meanwhile. The value is nil where only the digest is known. ErrNoState for a key of the caller's.
func (t *Ticket) State() (*Value, Digest, error) {
	if !t.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer t.done()
	return stateOf(C.scgo_ticket_get_state(t.word()))
}

// StepState leases the recurrent state that a stream's step begins with, and gives its digest. ErrNoState where the
// ticket is no stream's, or the stream's state was unknown.
func (t *Ticket) StepState() (*Value, Digest, error) {
	if !t.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer t.done()
	return stateOf(C.scgo_ticket_get_step_state(t.word()))
}

// Phase is where a ticket stands.
type Phase int32

// The phases.
const (
	PhaseOpen      Phase = C.STREAMCACHE_PHASE_OPEN
	PhaseCommitted Phase = C.STREAMCACHE_PHASE_COMMITTED
	PhaseAborted   Phase = C.STREAMCACHE_PHASE_ABORTED
	// PhaseFenced: a purge, a removal, a put or another ticket overtook it: a commit is not stored.
	PhaseFenced Phase = C.STREAMCACHE_PHASE_FENCED
)

// Phase tells where the ticket stands.
func (t *Ticket) Phase() (Phase, error) {
	if !t.acquire() {
		return PhaseOpen, ErrClosed
	}
	defer t.done()
	var phase C.streamcache_phase
	err := failure(C.streamcache_ticket_get_phase(t.c(), &phase))
	return Phase(phase), err
}

// Buffer gives n bytes of the cache's own memory to write the result into, for Commit to publish without a copy. They
// are not zeroed, and the ticket's: never to be touched after a commit, Abort, Close or another Buffer. Nothing but
// the ticket keeps them. ErrNoSpace where there is no room: compute in your own memory, and CommitCopy.
func (t *Ticket) Buffer(n int) ([]byte, error) {
	if n < 0 {
		return nil, ErrInvalidArgument
	}
	if !t.acquire() {
		return nil, ErrClosed
	}
	defer t.done()
	var data unsafe.Pointer
	if err := failure(C.streamcache_ticket_buffer(t.c(), C.size_t(n), &data)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(data), n), nil
}

// Commit publishes the first n bytes of the buffer as the result, and gives it to those who wait. The value is there
// even where it was not stored, see Value.Stored. ErrEnded after another commit or Abort.
func (t *Ticket) Commit(n int, options *PutOptions) (*Value, error) {
	flat, err := options.flat()
	if err != nil || n < 0 {
		return nil, ErrInvalidArgument
	}
	if !t.acquire() {
		return nil, ErrClosed
	}
	defer t.done()
	return leased(C.scgo_ticket_commit(t.word(), C.size_t(n), flat.put, dimsPointer(flat.tensors), bytePointer(flat.blob)))
}

// CommitCopy publishes a copy of data as the result; otherwise as Commit.
func (t *Ticket) CommitCopy(data []byte, options *PutOptions) (*Value, error) {
	flat, err := options.flat()
	if err != nil {
		return nil, err
	}
	if !t.acquire() {
		return nil, ErrClosed
	}
	defer t.done()
	return leased(C.scgo_ticket_commit_copy(t.word(), bytePointer(data), C.size_t(len(data)), flat.put,
		dimsPointer(flat.tensors), bytePointer(flat.blob)))
}

// CommitStep publishes copies of a stream's output and of its next recurrent state, and moves the stream on. A nil next
// is one that is not known: then nothing is stored and the stream's state is unknown; an empty one is a state.
func (t *Ticket) CommitStep(output, next []byte, options *PutOptions) (*Value, error) {
	flat, err := options.flat()
	if err != nil {
		return nil, err
	}
	if !t.acquire() {
		return nil, ErrClosed
	}
	defer t.done()
	known := C.int(0)
	if next != nil {
		known = 1
	}
	return leased(C.scgo_ticket_commit_step(t.word(), bytePointer(output), C.size_t(len(output)), bytePointer(next),
		C.size_t(len(next)), known, flat.put, dimsPointer(flat.tensors), bytePointer(flat.blob)))
}

// CommitRejection publishes that there is no result, and that this is to be remembered: later lookups, and those who
// wait now, get a *Rejection with this code. A computation that merely failed is to be aborted instead.
func (t *Ticket) CommitRejection(code int32, ttl time.Duration) (stored bool, err error) {
	ms, err := milliseconds(ttl)
	if err != nil {
		return false, err
	}
	if !t.acquire() {
		return false, ErrClosed
	}
	defer t.done()
	status := C.streamcache_ticket_commit_rejection(t.c(), C.int32_t(code), C.uint64_t(ms))
	return put(C.scgo_found{status: status})
}

// Abort gives the right up, after a computation that failed: a caller who waits gets it, else the next lookup does.
func (t *Ticket) Abort() error {
	if !t.acquire() {
		return ErrClosed
	}
	defer t.done()
	return failure(C.streamcache_ticket_abort(t.c()))
}

// Close gives the ticket back, and aborts one that is open. Closing again is fine.
func (t *Ticket) Close() error {
	if t.shut() {
		runtime.SetFinalizer(t, nil)
	}
	return nil
}
