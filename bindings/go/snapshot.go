package streamcache

// #include "shim_digest.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Snapshot is a filter as it was at one moment: immutable, with a lease on its state. Where another goroutine may load
// a state into a filter, look up, compute and put through a snapshot. Any goroutine, any time.
type Snapshot struct{ handle }

func (s *Snapshot) c() *C.streamcache_snapshot { return (*C.streamcache_snapshot)(s.pointer) }

// Snapshot takes the filter as it is now. ErrNoState where no state was loaded.
func (f *Filter) Snapshot() (*Snapshot, error) {
	if !f.acquire() {
		return nil, ErrClosed
	}
	defer f.done()
	var pointer *C.streamcache_snapshot
	if err := failure(C.streamcache_filter_snapshot(f.c(), &pointer)); err != nil {
		return nil, err
	}
	s := &Snapshot{}
	s.pointer, s.release = unsafe.Pointer(pointer), releaseSnapshot
	runtime.SetFinalizer(s, (*Snapshot).Close)
	return s, nil
}

func releaseSnapshot(pointer unsafe.Pointer) {
	C.streamcache_snapshot_release((*C.streamcache_snapshot)(pointer))
}

// State leases the snapshot's state, and gives its digest; the value is nil where only that is known.
func (s *Snapshot) State() (*Value, Digest, error) {
	if !s.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer s.done()
	return stateOf(C.scgo_snapshot_get_state(s.word()))
}

// Get looks up a chunk's result under the snapshot's state. ErrMiss where it is not there.
func (s *Snapshot) Get(chunk Digest, flags ...Flags) (value *Value, key Digest, err error) {
	if !s.acquire() {
		return nil, Digest{}, ErrClosed
	}
	defer s.done()
	found := C.scgo_snapshot_get(s.word(), chunk.c(), C.uint32_t(together(flags)))
	value, err = leased(found)
	return value, digestOf(found.digest), err
}

// Key is the key a chunk's result has under the snapshot's state.
func (s *Snapshot) Key(chunk Digest) (Digest, error) {
	if !s.acquire() {
		return Digest{}, ErrClosed
	}
	defer s.done()
	return made(C.scgo_snapshot_key(s.word(), chunk.c()))
}

// Close gives the snapshot back. Closing again is fine, and so is closing while others are in a call.
func (s *Snapshot) Close() error {
	if s.shut() {
		runtime.SetFinalizer(s, nil)
	}
	return nil
}

// PipelineKey is the key of a chunk's result through a whole chain of filters, as their states are now, so that one
// Cache.Get looks it up and one Cache.Put stores it. ErrInvalidArgument for no filter, for filters of two caches, and
// for one that is not deterministic.
func PipelineKey(chunk Digest, filters ...*Filter) (Digest, error) {
	pointers := make([]*C.streamcache_filter, len(filters)+1) // one more, so that there is a first
	for i, filter := range filters {
		if !filter.acquire() {
			return Digest{}, ErrClosed
		}
		defer filter.done()
		pointers[i] = filter.c()
	}
	var key C.streamcache_digest
	digest := chunk.c()
	err := failure(C.streamcache_pipeline_key(&pointers[0], C.size_t(len(filters)), &digest, &key))
	return digestOf(key), err
}

// PipelineSnapshotKey is PipelineKey of filters as they were when their snapshots were taken.
func PipelineSnapshotKey(chunk Digest, snapshots ...*Snapshot) (Digest, error) {
	pointers := make([]*C.streamcache_snapshot, len(snapshots)+1)
	for i, snapshot := range snapshots {
		if !snapshot.acquire() {
			return Digest{}, ErrClosed
		}
		defer snapshot.done()
		pointers[i] = snapshot.c()
	}
	var key C.streamcache_digest
	digest := chunk.c()
	err := failure(C.streamcache_pipeline_snapshot_key(&pointers[0], C.size_t(len(snapshots)), &digest, &key))
	return digestOf(key), err
}
