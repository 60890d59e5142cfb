package streamcache

// #include "shim.h"
import "C"

import "fmt"

// Status is what the C library answers, as an error: compare with errors.Is and the constants below.
type Status int32

// Outcomes that are no faults: nothing is wrong, and nothing has changed.
const (
	// ErrMiss: not there. Compute it and put it.
	ErrMiss Status = C.STREAMCACHE_MISS
	// ErrBufferTooSmall: the buffer is too small; the length that is needed was returned.
	ErrBufferTooSmall Status = C.STREAMCACHE_BUFFER_TOO_SMALL
	// ErrBusy: another caller computes it, or a store behind memory is being read. Try again later.
	ErrBusy Status = C.STREAMCACHE_BUSY
	// ErrRejected: a caller committed that there is no result; the error is a *Rejection.
	ErrRejected Status = C.STREAMCACHE_REJECTED
	// ErrTimeout: the time was up before all was written.
	ErrTimeout Status = C.STREAMCACHE_TIMEOUT
	// ErrCancelled: it was told to stop before all was done.
	ErrCancelled Status = C.STREAMCACHE_CANCELLED
)

// Failures, after which nothing has changed.
const (
	// ErrInvalidArgument: an argument breaks the function's contract.
	ErrInvalidArgument Status = C.STREAMCACHE_INVALID_ARGUMENT
	// ErrNoMemory: the allocator refused.
	ErrNoMemory Status = C.STREAMCACHE_NO_MEMORY
	// ErrNoSpace: the byte budget can't hold it.
	ErrNoSpace Status = C.STREAMCACHE_NO_SPACE
	// ErrNoState: the filter has no state yet, or the stream's is unknown.
	ErrNoState Status = C.STREAMCACHE_NO_STATE
	// ErrClosed: the cache was closed, or Close was called on this object.
	ErrClosed Status = C.STREAMCACHE_CLOSED
	// ErrIO: a file or a store could not be read or written.
	ErrIO Status = C.STREAMCACHE_IO
	// ErrNotSupported: this build of the library, or this value, can't do that.
	ErrNotSupported Status = C.STREAMCACHE_NOT_SUPPORTED
	// ErrPanic: a panic inside the library was contained; the cache refuses further work and can still be closed.
	ErrPanic Status = C.STREAMCACHE_PANIC
	// ErrForked: the object was made before a fork and belongs to the parent process.
	ErrForked Status = C.STREAMCACHE_FORKED
	// ErrEnded: the ticket was committed or aborted before.
	ErrEnded Status = C.STREAMCACHE_ENDED
)

// What the C library answers beside those; a batch's items show some of them.
const (
	ok         Status = C.STREAMCACHE_OK
	notStored  Status = C.STREAMCACHE_NOT_STORED
	fill       Status = C.STREAMCACHE_FILL
	pending    Status = C.STREAMCACHE_PENDING
	duplicate  Status = C.STREAMCACHE_DUPLICATE
	bypassed   Status = C.STREAMCACHE_BYPASSED
	lowest            = ErrEnded
	highest           = ErrCancelled
	statusText        = "streamcache: "
)

// Error is one sentence that says what to do.
func (s Status) Error() string {
	return statusText + C.GoString(C.streamcache_status_message(C.streamcache_status(s)))
}

// Error is a failure with its details. errors.Is finds its Status.
type Error struct {
	// Status is what kind of failure it is.
	Status Status
	// Message says what happened and what to do about it, in one or two sentences.
	Message string
}

func (e *Error) Error() string { return statusText + e.Message }

// Unwrap gives the status, for errors.Is.
func (e *Error) Unwrap() error { return e.Status }

// Rejection is the error where a caller committed that there is no result. errors.Is finds ErrRejected.
type Rejection struct {
	// Code is the reason, in the numbers of whoever committed it.
	Code int32
}

func (r *Rejection) Error() string {
	return fmt.Sprintf("%v (code %d)", ErrRejected, r.Code)
}

// Unwrap gives ErrRejected, for errors.Is.
func (r *Rejection) Unwrap() error { return ErrRejected }

// statuses are the errors of all known statuses, made once: a miss allocates nothing.
var statuses = func() (made [highest - lowest + 1]error) {
	for status := lowest; status <= highest; status++ {
		if status != ok {
			made[status-lowest] = status
		}
	}
	return made
}()

// code is a status as cgo has it.
type code = C.streamcache_status

// failure is the error of a status, nil for STREAMCACHE_OK.
func failure(status code) error {
	if s := Status(status); s >= lowest && s <= highest {
		return statuses[s-lowest]
	}
	return Status(status)
}

// explained is the error of a status with the details a function gave, which it frees.
func explained(status C.streamcache_status, details *C.streamcache_error) error {
	if details == nil {
		return failure(status)
	}
	defer C.streamcache_error_free(details)
	return &Error{Status(status), C.GoString(C.streamcache_error_get_message(details))}
}
