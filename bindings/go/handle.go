package streamcache

// #include "shim.h"
import "C"

import (
	"math"
	"sync/atomic"
	"unsafe"
)

// handle is a reference of the C library's. It counts the calls that use it, so that Close may come at any time, from
// any goroutine: the reference goes back with the last of them, and later calls are told that it is closed.
type handle struct {
	// users is twice the number of calls under way, plus one once it is closed.
	users   atomic.Int64
	pointer unsafe.Pointer
	release func(unsafe.Pointer)
}

// released is what users is about once the reference went back: odd, and so far below zero that no call gets it to 1.
const released = math.MinInt64/2 + 1

// word is the reference as shim.h takes it.
func (h *handle) word() C.scgo_handle { return C.scgo_handle(uintptr(h.pointer)) }

// acquire begins a call; where it answers false, there is nothing to use and no release to be called.
func (h *handle) acquire() bool {
	if h.users.Add(2)&1 == 0 {
		return true
	}
	h.done()
	return false
}

// done ends a call.
func (h *handle) done() {
	if h.users.Add(-2) == 1 && h.users.CompareAndSwap(1, released) && h.pointer != nil {
		h.release(h.pointer)
	}
}

// shut closes the handle, and answers whether this call did.
func (h *handle) shut() bool {
	for {
		users := h.users.Load()
		if users&1 != 0 {
			return false
		}
		if h.users.CompareAndSwap(users, users+3) { // closed, and one call under way: this one
			h.done()
			return true
		}
	}
}

// closed tells whether Close was called.
func (h *handle) closed() bool { return h.users.Load()&1 != 0 }
