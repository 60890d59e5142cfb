//go:build cgo

package streamcache

import "context"

// Source is what results are looked up in and computed for: a Filter, a Snapshot, or a Cache by its callers' own keys.
type Source interface {
	Begin(ctx context.Context, chunk Digest, flags ...Flags) (*Value, *Ticket, error)
}

// GetOrCompute answers a chunk's result, from the cache or from compute, which is called where it is missing: once,
// however many goroutines ask for it at once. The others wait for it, each until its own context is done, whose error
// it answers then; none of them holds a thread meanwhile.
//
// What compute returns is copied; an error of its is answered as it is and not remembered, and neither is a panic,
// which goes on: in both cases one of those who wait computes instead. Where another goroutine may load a state into a
// filter, give a Snapshot and compute with its State. Where no room can be made, the value is there all the same, see
// Value.Stored. A compute that asks for its own chunk waits for itself.
func GetOrCompute(ctx context.Context, source Source, chunk Digest, compute func() ([]byte, error)) (*Value, error) {
	value, ticket, err := source.Begin(ctx, chunk)
	if ticket == nil {
		return value, err
	}
	return fillFrom(ticket, compute)
}

// GetOrComputeBytes is GetOrCompute for a chunk by its bytes: a hit digests and looks up in one call of C.
func GetOrComputeBytes(ctx context.Context, filter *Filter, data []byte, compute func() ([]byte, error)) (*Value, error) {
	value, ticket, _, err := filter.BeginBytes(ctx, data)
	if ticket == nil {
		return value, err
	}
	return fillFrom(ticket, compute)
}

// GetOrFill is GetOrCompute for a function that commits by itself: it writes into Ticket.Buffer, describes tensors,
// computes with Ticket.State, or commits a rejection and returns a *Rejection. The ticket is closed when it returns, so
// what it has not committed is somebody else's to compute. ErrInvalidArgument where it returns neither value nor error.
func GetOrFill(ctx context.Context, source Source, chunk Digest, fill func(*Ticket) (*Value, error)) (*Value, error) {
	value, ticket, err := source.Begin(ctx, chunk)
	if ticket == nil {
		return value, err
	}
	defer ticket.Close() // also where fill panics
	value, err = fill(ticket)
	if value == nil && err == nil {
		err = &Error{ErrInvalidArgument, "the function gave neither a value nor an error"}
	}
	return value, err
}

func fillFrom(ticket *Ticket, compute func() ([]byte, error)) (*Value, error) {
	defer ticket.Close() // also where compute panics
	data, err := compute()
	if err != nil {
		return nil, err
	}
	return ticket.CommitCopy(data, nil)
}
