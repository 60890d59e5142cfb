package streamcache

// #include "shim_put.h"
import "C"

import "time"

// Flags change one call.
type Flags uint32

// The flags. Not every call takes every flag: ErrInvalidArgument then.
const (
	// Peek looks into memory alone, without counting and without marking the result as used.
	Peek Flags = C.STREAMCACHE_PEEK
	// Bypass neither looks nor stores.
	Bypass Flags = C.STREAMCACHE_BYPASS
	// Refresh doesn't look, but stores: the result is computed anew and replaced.
	Refresh Flags = C.STREAMCACHE_REFRESH
	// ReadOnly looks, but stores nothing, nor brings to memory what a store behind it has.
	ReadOnly Flags = C.STREAMCACHE_READ_ONLY
	// NoWait waits for no one: ErrBusy at once where another caller computes, or a store has to be read.
	NoWait Flags = C.STREAMCACHE_NO_WAIT
	// MemoryOnly neither reads nor writes the disk and the remote store.
	MemoryOnly Flags = C.STREAMCACHE_MEMORY_ONLY
	// NoRemote neither reads nor writes the remote store.
	NoRemote Flags = C.STREAMCACHE_NO_REMOTE
)

// together are all flags of a call. A list of them costs nothing where it is empty.
func together(flags []Flags) Flags {
	var all Flags
	for _, flag := range flags {
		all |= flag
	}
	return all
}

// PutOptions are what a put or a commit may say about its value. The zero value, and nil, say nothing.
type PutOptions struct {
	// TTL is how long the result is found, rounded up to milliseconds; 0 for the cache's, which is never exceeded.
	TTL time.Duration
	// ComputeTime is what the computation took: every later hit counts it as time saved. 0 where unknown; a ticket
	// measures it.
	ComputeTime time.Duration
	// Tensors are what the value's bytes are, at most 1024.
	Tensors []TensorView
	// Blob is a few bytes to keep beside the value, at most 65536.
	Blob []byte
	// Flags are Bypass, Refresh, ReadOnly, MemoryOnly or NoRemote; for a put only.
	Flags Flags
}

// flat are the options as shim_put.h takes them. Its slices are passed beside it, and live as long as the call.
type flat struct {
	put     C.scgo_put
	tensors []int64
	blob    []byte
	flags   C.uint32_t
}

func (o *PutOptions) flat() (flat, error) {
	if o == nil {
		return flat{}, nil
	}
	ttl, err := milliseconds(o.TTL)
	if err != nil || o.ComputeTime < 0 {
		return flat{}, ErrInvalidArgument
	}
	for i := range o.Tensors {
		if o.Tensors[i].Offset < 0 || o.Tensors[i].Length < 0 {
			return flat{}, ErrInvalidArgument
		}
	}
	f := flat{tensors: pack(o.Tensors), blob: o.Blob, flags: C.uint32_t(o.Flags)}
	f.put.ttl_ms = C.uint64_t(ttl)
	f.put.compute_ns = C.uint64_t(o.ComputeTime)
	f.put.tensor_count = C.size_t(len(o.Tensors))
	f.put.blob_len = C.size_t(len(o.Blob))
	return f, nil
}

// put is what a put answered: whether it was stored. Not to be stored is no failure.
func put(found C.scgo_found) (stored bool, err error) {
	if found.status == C.STREAMCACHE_NOT_STORED {
		return false, nil
	}
	err = explained(found.status, found.error)
	return err == nil, err
}

// Put stores a copy of a chunk's result under the state that computed it. key tells which, as this chunk's lookup gave
// it; a zero Digest will do while this filter has had no other state. stored is false, and nothing is wrong, where no
// room could be made or a flag said so.
func (f *Filter) Put(chunk, key Digest, data []byte, options *PutOptions) (stored bool, err error) {
	flat, err := options.flat()
	if err != nil {
		return false, err
	}
	if !f.acquire() {
		return false, ErrClosed
	}
	defer f.done()
	keyed := C.int(0)
	if key != (Digest{}) {
		keyed = 1
	}
	return put(C.scgo_filter_put(f.word(), chunk.c(), key.c(), keyed, bytePointer(data), C.size_t(len(data)), flat.flags,
		flat.put, dimsPointer(flat.tensors), bytePointer(flat.blob)))
}

// Put stores a copy of a chunk's result that the snapshot's state computed.
func (s *Snapshot) Put(chunk Digest, data []byte, options *PutOptions) (stored bool, err error) {
	flat, err := options.flat()
	if err != nil {
		return false, err
	}
	if !s.acquire() {
		return false, ErrClosed
	}
	defer s.done()
	return put(C.scgo_snapshot_put(s.word(), chunk.c(), bytePointer(data), C.size_t(len(data)), flat.flags, flat.put,
		dimsPointer(flat.tensors), bytePointer(flat.blob)))
}

// Put stores a copy of a result under a key of the caller's, see KeyChunk.
func (c *Cache) Put(key Digest, data []byte, options *PutOptions) (stored bool, err error) {
	flat, err := options.flat()
	if err != nil {
		return false, err
	}
	if !c.acquire() {
		return false, ErrClosed
	}
	defer c.done()
	return put(C.scgo_cache_put(c.word(), key.c(), bytePointer(data), C.size_t(len(data)), flat.flags, flat.put,
		dimsPointer(flat.tensors), bytePointer(flat.blob)))
}
