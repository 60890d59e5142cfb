package streamcache

// #include "shim_digest.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"unsafe"
)

// Stream is a filter whose recurrent state evolves chunk by chunk. A step's key names the state it begins with: a
// stream hits where it replays what was computed from a reset, and an endless live one never does. Any goroutine, one
// step at a time.
type Stream struct{ handle }

func newStream(pointer *C.streamcache_stream) *Stream {
	s := &Stream{}
	s.pointer, s.release = unsafe.Pointer(pointer), releaseStream
	runtime.SetFinalizer(s, (*Stream).Close)
	return s
}

func releaseStream(pointer unsafe.Pointer) {
	C.streamcache_stream_release((*C.streamcache_stream)(pointer))
}

func (s *Stream) c() *C.streamcache_stream { return (*C.streamcache_stream)(s.pointer) }

// OpenStream opens a stream at an initial recurrent state, which is copied and charged to the budget. It pins the
// trained state the filter has now until a Reset. ErrNoState where none was loaded, ErrNoSpace where the state doesn't
// fit.
func (f *Filter) OpenStream(state []byte) (*Stream, error) {
	if !f.acquire() {
		return nil, ErrClosed
	}
	defer f.done()
	var pointer *C.streamcache_stream
	var details *C.streamcache_error
	status := C.scgo_stream_open(f.word(), bytePointer(state), C.size_t(len(state)), &pointer, &details)
	if status != C.STREAMCACHE_OK {
		return nil, explained(status, details)
	}
	return newStream(pointer), nil
}

// Begin looks up what the next chunk gives from the stream's present state, waiting as Filter.Begin does. A value: the
// stream has moved on. A ticket: compute from its StepState, and CommitStep moves the stream on. Where the stream's
// state is unknown, nothing is looked up, and the ticket's StepState answers ErrNoState: compute from a state of your
// own.
func (s *Stream) Begin(ctx context.Context, chunk Digest, flags ...Flags) (*Value, *Ticket, error) {
	return begun(beginning(ctx, flags, func(flags C.uint32_t) C.scgo_found {
		if !s.acquire() {
			return shut()
		}
		defer s.done()
		return C.scgo_stream_begin(s.word(), chunk.c(), flags)
	}))
}

// Step answers what the next chunk gives, from the cache or from compute, which is called where it is missing: with
// the recurrent state to compute from, which it must not keep or change (nil where it is unknown), and it returns the
// output and the next state, nil where that is not known. An error of its, or a panic, leaves the stream where it is.
func (s *Stream) Step(ctx context.Context, chunk Digest, compute func(state []byte) (output, next []byte, err error)) (*Value, error) {
	value, ticket, err := s.Begin(ctx, chunk)
	if ticket == nil {
		return value, err
	}
	defer ticket.Close() // also where compute panics
	var output, next []byte
	state, _, err := ticket.StepState()
	switch {
	case errors.Is(err, ErrNoState):
		output, next, err = compute(nil)
	case err == nil:
		defer state.Close()
		err = state.View(func(bytes []byte) error {
			if bytes == nil {
				bytes = []byte{} // an empty state is one
			}
			output, next, err = compute(bytes)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return ticket.CommitStep(output, next, nil)
}

// State leases the recurrent state the stream is at, and gives its digest. ErrNoState where it is unknown.
func (s *Stream) State() (*Value, Digest, error) {
	if !s.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer s.done()
	return stateOf(C.scgo_stream_get_state(s.word()))
}

// Reset goes back to position 0, at a given state, or at the initial one for nil, under the trained state the filter
// has now. ErrNoSpace where the state doesn't fit; the stream stays where it is.
func (s *Stream) Reset(state []byte) error {
	if !s.acquire() {
		return ErrClosed
	}
	defer s.done()
	at := bytePointer(state)
	if state != nil && at == nil {
		at = (*C.uint8_t)(unsafe.Pointer(&empty[0])) // an empty state is not the initial one
	}
	var details *C.streamcache_error
	status := C.scgo_stream_reset(s.word(), at, C.size_t(len(state)), &details)
	return explained(status, details)
}

var empty [1]byte

// Forget tells a stream that the engine went on without it: its state is unknown until a Reset or a committed next
// state.
func (s *Stream) Forget() error {
	if !s.acquire() {
		return ErrClosed
	}
	defer s.done()
	return failure(C.streamcache_stream_forget(s.c()))
}

// Fork opens another stream at the same place.
func (s *Stream) Fork() (*Stream, error) {
	if !s.acquire() {
		return nil, ErrClosed
	}
	defer s.done()
	var pointer *C.streamcache_stream
	if err := failure(C.streamcache_stream_fork(s.c(), &pointer)); err != nil {
		return nil, err
	}
	return newStream(pointer), nil
}

// Position is how many chunks the stream has gone since it was opened or reset.
func (s *Stream) Position() (uint64, error) {
	if !s.acquire() {
		return 0, ErrClosed
	}
	defer s.done()
	var position C.uint64_t
	err := failure(C.streamcache_stream_get_position(s.c(), &position))
	return uint64(position), err
}

// Digest names the stream's place: streams with equal digests give equal outputs from here on. ErrNoState where its
// state is unknown.
func (s *Stream) Digest() (Digest, error) {
	if !s.acquire() {
		return Digest{}, ErrClosed
	}
	defer s.done()
	return made(C.scgo_stream_get_digest(s.word()))
}

// Close gives the stream back. A ticket of the stream's may outlive it. Closing again is fine.
func (s *Stream) Close() error {
	if s.shut() {
		runtime.SetFinalizer(s, nil)
	}
	return nil
}
