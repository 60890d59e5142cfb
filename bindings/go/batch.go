package streamcache

// #include "shim_put.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Batch is chunks that were looked up together, with a ticket for each distinct one that is missing. Compute and commit
// those first, and only then Wait for what others compute. Any goroutine, any time.
type Batch struct{ handle }

func (b *Batch) c() *C.streamcache_batch { return (*C.streamcache_batch)(b.pointer) }

// BeginBatch looks up the results of many chunks, at most 2^20, under the present state, waiting for no one who
// computes. What memory has not is read from the stores behind it, all at once and for as long as one lookup; with
// NoWait it isn't.
func (f *Filter) BeginBatch(chunks []Digest, flags ...Flags) (*Batch, error) {
	if !f.acquire() {
		return nil, ErrClosed
	}
	defer f.done()
	var first *C.streamcache_digest
	if len(chunks) > 0 {
		first = (*C.streamcache_digest)(unsafe.Pointer(&chunks[0]))
	}
	var pointer *C.streamcache_batch
	status := C.streamcache_filter_begin_batch(f.c(), first, C.size_t(len(chunks)), C.uint32_t(together(flags)), &pointer)
	if err := failure(status); err != nil {
		return nil, err
	}
	b := &Batch{}
	b.pointer, b.release = unsafe.Pointer(pointer), freeBatch
	runtime.SetFinalizer(b, (*Batch).Close)
	return b, nil
}

func freeBatch(pointer unsafe.Pointer) { C.streamcache_batch_free((*C.streamcache_batch)(pointer)) }

// items are the batch's items; what they borrow lives while the caller is in a call.
func (b *Batch) items() ([]C.streamcache_batch_item, error) {
	items := make([]C.streamcache_batch_item, int(C.streamcache_batch_get_count(b.c()))+1) // so that there is a first
	err := failure(C.streamcache_batch_get_items(b.c(), &items[0], C.sizeof_streamcache_batch_item,
		C.size_t(len(items)), nil))
	return items[:len(items)-1], err
}

// Missing are the indexes of the chunks that are this batch's to compute, in order.
func (b *Batch) Missing() ([]int, error) {
	if !b.acquire() {
		return nil, ErrClosed
	}
	defer b.done()
	items, err := b.items()
	var missing []int
	for i := range items {
		if Status(items[i].status) == fill {
			missing = append(missing, i)
		}
	}
	return missing, err
}

// Values leases the results that are there by now, one for each chunk, in order; nil where there is none yet, or a
// rejection. Each is to be closed by itself, also where two chunks are the same.
func (b *Batch) Values() ([]*Value, error) { return b.values(false) }

// values are the batch's. Where all are wanted, whatever is neither a result nor a rejection is an error.
func (b *Batch) values(all bool) ([]*Value, error) {
	if !b.acquire() {
		return nil, ErrClosed
	}
	defer b.done()
	items, err := b.items()
	if err != nil {
		return nil, err
	}
	values := make([]*Value, len(items))
	for i := range items {
		item := &items[i]
		if Status(item.status) == duplicate {
			item = &items[item.same_as]
		}
		status := Status(item.status)
		if status == ok {
			status = Status(C.streamcache_value_retain(item.value))
		}
		if status != ok {
			if all && status != ErrRejected {
				for _, value := range values[:i] {
					if value != nil {
						value.Close()
					}
				}
				return nil, failure(code(status))
			}
			continue
		}
		values[i] = lease(item.value, (*C.uint8_t)(C.streamcache_value_data(item.value)),
			C.streamcache_value_size(item.value), true)
	}
	return values, nil
}

// Commit publishes the results of these of the batch's own chunks, as a model that ran over them leaves them: rows of
// equal length, one behind the other, in the order of missing. It tells how many were stored. ErrInvalidArgument where
// rows can't be divided so, or a chunk is not this batch's to compute: nothing was committed.
func (b *Batch) Commit(missing []int, rows []byte, options *PutOptions) (stored int, err error) {
	flat, err := options.flat()
	if err != nil {
		return 0, err
	}
	if len(missing) == 0 {
		if len(rows) != 0 {
			return 0, ErrInvalidArgument
		}
		return 0, nil
	}
	if len(rows)%len(missing) != 0 {
		return 0, ErrInvalidArgument
	}
	indexes := make([]C.uint32_t, len(missing))
	for i, index := range missing {
		if index < 0 {
			return 0, ErrInvalidArgument
		}
		indexes[i] = narrow(uint64(index))
	}
	if !b.acquire() {
		return 0, ErrClosed
	}
	defer b.done()
	var count C.size_t
	found := C.scgo_batch_commit(b.word(), &indexes[0], C.size_t(len(indexes)), bytePointer(rows),
		C.size_t(len(rows)/len(missing)), flat.put, dimsPointer(flat.tensors), bytePointer(flat.blob), &count)
	return int(count), explained(found.status, found.error)
}

// Wait waits for what other callers compute, in Go and not in C, until the context is done: its error then. more is
// true where one of them gave up, and there is something Missing: commit it and wait again.
func (b *Batch) Wait(ctx context.Context) (more bool, err error) {
	var pause pause
	defer pause.end()
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !b.acquire() {
			return false, ErrClosed
		}
		status := C.streamcache_batch_wait(b.c(), 0)
		b.done()
		switch Status(status) {
		case ok:
			return false, nil
		case fill:
			return true, nil
		case ErrBusy:
			if err := pause.rest(ctx); err != nil {
				return false, err
			}
		default:
			return false, failure(status)
		}
	}
}

// Close frees the batch and aborts its open tickets. Closing again is fine.
func (b *Batch) Close() error {
	if b.shut() {
		runtime.SetFinalizer(b, nil)
	}
	return nil
}

// GetOrComputeBatch answers the results of many chunks, in order. compute is called with the indexes of those that are
// missing, each distinct one once and none that another caller computes, and returns their rows, of equal length, one
// behind the other; it is called again for what another caller gave up. Errors, panics and the context are as in
// GetOrCompute. Where a chunk has a rejection its value is nil. ErrInvalidArgument where compute returns neither rows nor
// an error; rows of length 0 are an empty slice that is not nil.
func GetOrComputeBatch(ctx context.Context, filter *Filter, chunks []Digest, compute func(missing []int) ([]byte, error)) ([]*Value, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	batch, err := filter.BeginBatch(chunks)
	if err != nil {
		return nil, err
	}
	defer batch.Close() // also where compute panics
	for more := true; more; {
		missing, err := batch.Missing()
		if err != nil {
			return nil, err
		}
		if len(missing) > 0 {
			rows, err := compute(missing)
			if err != nil {
				return nil, err
			}
			if rows == nil { // it would divide as rows of length 0, and be remembered
				return nil, &Error{ErrInvalidArgument, "the function gave neither rows nor an error"}
			}
			if _, err := batch.Commit(missing, rows, nil); err != nil {
				return nil, err
			}
		}
		if more, err = batch.Wait(ctx); err != nil {
			return nil, err
		}
	}
	return batch.values(true)
}
