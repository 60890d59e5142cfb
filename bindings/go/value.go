package streamcache

// #include "shim_digest.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Value is a lease on an immutable result or state: valid after eviction, purge, and the cache's Close, until its own
// Close. Any goroutine, any time. A lease counts against the cache's budget: close what you no longer read.
type Value struct {
	handle
	data   unsafe.Pointer
	size   int
	stored bool
}

// lease makes a Value of a reference. Its finaliser is for those that nobody closes.
func lease(pointer *C.streamcache_value, data *C.uint8_t, size C.size_t, stored bool) *Value {
	v := &Value{data: unsafe.Pointer(data), size: int(size), stored: stored}
	v.pointer, v.release = unsafe.Pointer(pointer), releaseValue
	runtime.SetFinalizer(v, (*Value).Close)
	return v
}

func releaseValue(pointer unsafe.Pointer) {
	C.scgo_value_release(C.scgo_handle(uintptr(pointer)))
}

// leased is what a lookup answered: a value, or the error that says why there is none.
func leased(found C.scgo_found) (*Value, error) {
	switch found.status {
	case C.STREAMCACHE_OK, C.STREAMCACHE_NOT_STORED:
		return lease(found.value, found.data, found.size, found.status == C.STREAMCACHE_OK), nil
	case C.STREAMCACHE_REJECTED:
		return nil, &Rejection{int32(found.rejection)}
	}
	return nil, explained(found.status, found.error)
}

// Bytes are the value's bytes, without a copy: they are the library's memory, never to be written to, and gone after
// Close. Nothing but the Value keeps them: where no Close follows their last use, say runtime.KeepAlive(value) after
// it, or the finaliser of a Value that nobody uses any more takes them away. View does both. nil for an empty value,
// one that is closed, and one in a device's memory.
func (v *Value) Bytes() []byte {
	if v.closed() || v.data == nil || v.size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(v.data), v.size)
}

// View calls a function with the value's bytes, without a copy, and answers what it answers. Whoever closes the value
// meanwhile, the bytes stay until it returns. ErrClosed after Close, ErrNotSupported for a device's memory.
func (v *Value) View(read func([]byte) error) error {
	if !v.acquire() {
		return ErrClosed
	}
	defer v.done()
	if v.size == 0 {
		return read(nil)
	}
	if v.data == nil {
		return ErrNotSupported
	}
	return read(unsafe.Slice((*byte)(v.data), v.size))
}

// Copy is a copy of the value's bytes, Go's own; nil for a value that is closed or in a device's memory.
func (v *Value) Copy() (bytes []byte) {
	_ = v.View(func(data []byte) error {
		bytes = append(make([]byte, 0, len(data)), data...)
		return nil
	})
	return bytes
}

// Len is how many bytes the value has, also after Close.
func (v *Value) Len() int { return v.size }

// Stored tells whether a commit that gave this value stored it; of a value that was looked up it is true.
func (v *Value) Stored() bool { return v.stored }

// Clone is another lease on the same value, to be closed by itself.
func (v *Value) Clone() (*Value, error) {
	if !v.acquire() {
		return nil, ErrClosed
	}
	defer v.done()
	if err := failure(C.streamcache_value_retain((*C.streamcache_value)(v.pointer))); err != nil {
		return nil, err
	}
	clone := lease((*C.streamcache_value)(v.pointer), (*C.uint8_t)(v.data), C.size_t(v.size), v.stored)
	return clone, nil
}

// Tensors are the tensors that the value describes.
func (v *Value) Tensors() ([]TensorView, error) {
	if !v.acquire() {
		return nil, ErrClosed
	}
	defer v.done()
	value := (*C.streamcache_value)(v.pointer)
	tensors := make([]TensorView, C.streamcache_value_tensor_count(value))
	for i := range tensors {
		view := C.streamcache_tensor_view{struct_size: C.sizeof_streamcache_tensor_view}
		if err := failure(C.streamcache_value_get_tensor(value, C.size_t(i), &view)); err != nil {
			return nil, err
		}
		tensors[i] = TensorView{
			Type:   DType{TypeCode(view.dtype_code), uint8(view.dtype_bits), uint16(view.dtype_lanes)},
			Dims:   append([]int64(nil), unsafe.Slice((*int64)(unsafe.Pointer(view.dims)), view.rank)...),
			Offset: int(view.offset),
			Length: int(view.length),
		}
	}
	return tensors, nil
}

// Blob is a copy of the few bytes that were put beside the value.
func (v *Value) Blob() ([]byte, error) {
	if !v.acquire() {
		return nil, ErrClosed
	}
	defer v.done()
	var size C.size_t
	data := C.streamcache_value_blob((*C.streamcache_value)(v.pointer), &size)
	return C.GoBytes(data, C.int(size)), nil // at most 65536
}

// Content is the digest of the value's content: the chunk for the next filter in a chain. ErrNotSupported for a
// device's memory.
func (v *Value) Content() (Digest, error) {
	if !v.acquire() {
		return Digest{}, ErrClosed
	}
	defer v.done()
	return made(C.scgo_value_get_content(v.word()))
}

// Tier is where a result came from.
type Tier int32

// The tiers.
const (
	// TierMemory: it was computed in this process.
	TierMemory Tier = C.STREAMCACHE_TIER_MEMORY
	// TierDisk: from the disk.
	TierDisk Tier = C.STREAMCACHE_TIER_DISK
	// TierRemote: from the remote store.
	TierRemote Tier = C.STREAMCACHE_TIER_REMOTE
)

// Tier is where the value came from when it entered this process's memory; TierMemory after Close.
func (v *Value) Tier() Tier {
	if !v.acquire() {
		return TierMemory
	}
	defer v.done()
	return Tier(C.streamcache_value_get_tier((*C.streamcache_value)(v.pointer)))
}

// Close gives the lease back. Closing again is fine, and so is closing while another goroutine is in a call: the lease
// goes back when that returns. What Bytes gave is gone then.
func (v *Value) Close() error {
	if v.shut() {
		runtime.SetFinalizer(v, nil)
	}
	return nil
}
