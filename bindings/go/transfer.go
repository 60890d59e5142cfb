package streamcache

// #include "shim.h"
import "C"

import (
	"context"
	"unsafe"
)

// TransferResult is what became of an import.
type TransferResult struct {
	// Entries were imported, LeftOut were there already, Refused did not check, NotStored found no room in memory.
	Entries, LeftOut, Refused, NotStored uint64
}

// Export writes all results to a file, for Import in another process or on another machine; it is there when it is
// whole. When the context is done it is given up, and the context's error answered. ErrIO where the file can't be
// written.
func (c *Cache) Export(ctx context.Context, path string) error {
	_, err := c.transfer(ctx, path, func(path *C.char, length C.size_t, transfer **C.streamcache_transfer, details **C.streamcache_error) C.streamcache_status {
		return C.streamcache_cache_export(c.c(), path, length, transfer, details)
	})
	return err
}

// Import reads the results in a file that Export wrote into memory, and behind it into the disk and the remote store.
// What does not check is left out and counted. When the context is done it stops, with what was imported until then.
// ErrIO where the file can't be read or is damaged.
func (c *Cache) Import(ctx context.Context, path string) (TransferResult, error) {
	return c.transfer(ctx, path, func(path *C.char, length C.size_t, transfer **C.streamcache_transfer, details **C.streamcache_error) C.streamcache_status {
		return C.streamcache_cache_import(c.c(), path, length, transfer, details)
	})
}

type beginTransfer = func(*C.char, C.size_t, **C.streamcache_transfer, **C.streamcache_error) C.streamcache_status

// transfer begins one and looks until it has ended; a thread of the library's does the work.
func (c *Cache) transfer(ctx context.Context, path string, begin beginTransfer) (TransferResult, error) {
	var result TransferResult
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if !c.acquire() {
		return result, ErrClosed
	}
	defer c.done()
	var transfer *C.streamcache_transfer
	var details *C.streamcache_error
	text := []byte(path + "\x00") // so that an empty one has a place
	status := begin((*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(path)), &transfer, &details)
	if status != C.STREAMCACHE_OK {
		return result, explained(status, details)
	}
	defer C.streamcache_transfer_release(transfer)
	var pause pause
	defer pause.end()
	var ended error
	for {
		status = C.streamcache_transfer_wait(transfer, 0, &details)
		if status != C.STREAMCACHE_TIMEOUT {
			break
		}
		C.streamcache_error_free(details)
		details = nil
		if err := pause.rest(ctx); err != nil && ended == nil {
			ended = err
			C.streamcache_transfer_cancel(transfer)
			ctx = context.Background() // it ends soon, and leaves no half of a file
		}
	}
	progress := C.streamcache_transfer_progress{struct_size: C.sizeof_streamcache_transfer_progress}
	if C.streamcache_transfer_get_progress(transfer, &progress) == C.STREAMCACHE_OK {
		result = TransferResult{uint64(progress.entries), uint64(progress.left_out), uint64(progress.refused),
			uint64(progress.not_stored)}
	}
	err := explained(status, details)
	if Status(status) == ErrCancelled && ended != nil {
		err = ended
	}
	return result, err
}
