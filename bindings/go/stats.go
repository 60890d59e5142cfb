package streamcache

// #include "shim.h"
import "C"

import "time"

// CacheStats are the counters and gauges of one cache. A lookup is one of Hits, Misses, Coalesced, Bypassed, Rejected.
type CacheStats struct {
	Lookups, Hits, Misses, Coalesced, Bypassed, Rejected uint64
	// Busy are answers of ErrBusy, no lookups yet; also each look of a caller who waits.
	Busy uint64
	// Expired are misses whose result was there with its time to live over.
	Expired uint64
	// Puts were stored, NotStored could not be, Evictions were given up for others.
	Puts, Evictions, NotStored uint64
	Entries, MaxChunks         uint64
	Bytes, MaxBytes            uint64
	// DetachedBytes live with their callers, outside the limit; LeasedBytes are of evicted values that are still
	// leased.
	DetachedBytes, LeasedBytes, StateBytes uint64
	OpenTickets                            uint64
	OldestTicket                           time.Duration
	// TimeSaved is the computation that hits saved.
	TimeSaved time.Duration
}

// Stats reads the cache's counters and gauges. ErrClosed after this object's Close.
func (c *Cache) Stats() (CacheStats, error) {
	if !c.acquire() {
		return CacheStats{}, ErrClosed
	}
	defer c.done()
	s := C.streamcache_cache_stats{struct_size: C.sizeof_streamcache_cache_stats}
	if err := failure(C.streamcache_cache_get_stats(c.c(), &s)); err != nil {
		return CacheStats{}, err
	}
	return CacheStats{
		Lookups: uint64(s.lookups), Hits: uint64(s.hits), Misses: uint64(s.misses), Coalesced: uint64(s.coalesced),
		Bypassed: uint64(s.bypassed), Rejected: uint64(s.rejected), Busy: uint64(s.busy), Expired: uint64(s.expired),
		Puts: uint64(s.puts), Evictions: uint64(s.evictions), NotStored: uint64(s.not_stored),
		Entries: uint64(s.entries), MaxChunks: uint64(s.max_chunks), Bytes: uint64(s.bytes), MaxBytes: uint64(s.max_bytes),
		DetachedBytes: uint64(s.detached_bytes), LeasedBytes: uint64(s.leased_bytes), StateBytes: uint64(s.state_bytes),
		OpenTickets: uint64(s.open_tickets), OldestTicket: time.Duration(s.oldest_ticket_ms) * time.Millisecond,
		TimeSaved: time.Duration(s.time_saved_ns),
	}, nil
}

// FilterStats are what the calls of one filter and its snapshots counted.
type FilterStats struct {
	Lookups, Hits, Misses, Coalesced, Bypassed, Rejected, Puts uint64
	TimeSaved                                                  time.Duration
}

// Stats reads the filter's counters.
func (f *Filter) Stats() (FilterStats, error) {
	if !f.acquire() {
		return FilterStats{}, ErrClosed
	}
	defer f.done()
	s := C.streamcache_filter_stats{struct_size: C.sizeof_streamcache_filter_stats}
	if err := failure(C.streamcache_filter_get_stats(f.c(), &s)); err != nil {
		return FilterStats{}, err
	}
	return FilterStats{
		Lookups: uint64(s.lookups), Hits: uint64(s.hits), Misses: uint64(s.misses), Coalesced: uint64(s.coalesced),
		Bypassed: uint64(s.bypassed), Rejected: uint64(s.rejected), Puts: uint64(s.puts),
		TimeSaved: time.Duration(s.time_saved_ns),
	}, nil
}

// TierStats are the counters and gauges of one tier behind memory.
type TierStats struct {
	// Hits are lookups that it was asked for and had; Misses it had not, or not in time.
	Hits, Misses uint64
	// Refused are results that did not check (damaged, another secret's, expired, another format's), each a miss.
	Refused uint64
	// Written were written. Dropped were not, for want of room in the queue or of time to drain it; Superseded were
	// removed, purged or replaced before; TooLarge are larger than it takes.
	Written, Dropped, Superseded, TooLarge uint64
	// Faults are writes given up, and calls that failed.
	Faults uint64
	// Pending wait to be written, and keep PendingBytes of memory, part of the cache's bytes.
	Pending, PendingBytes uint64
	// Entries it has, and Bytes it uses of MaxBytes; 0 where it doesn't know.
	Entries, Bytes, MaxBytes uint64
	// Evictions were given up for others by this process.
	Evictions uint64
	// IsResting while it is not asked, after faults; StatsText says why.
	IsResting bool
}

// TierStats reads the counters and gauges of TierDisk or TierRemote; the disk's from its file, as a read of one row.
// ErrMiss where the cache has no such tier, ErrInvalidArgument for another.
func (c *Cache) TierStats(tier Tier) (TierStats, error) {
	if !c.acquire() {
		return TierStats{}, ErrClosed
	}
	defer c.done()
	s := C.streamcache_tier_stats{struct_size: C.sizeof_streamcache_tier_stats}
	if err := failure(C.streamcache_cache_get_tier_stats(c.c(), C.streamcache_tier(tier), &s)); err != nil {
		return TierStats{}, err
	}
	return TierStats{
		Hits: uint64(s.hits), Misses: uint64(s.misses), Refused: uint64(s.refused), Written: uint64(s.written),
		Dropped: uint64(s.dropped), Superseded: uint64(s.superseded), TooLarge: uint64(s.too_large), Faults: uint64(s.faults),
		Pending: uint64(s.pending), PendingBytes: uint64(s.pending_bytes), Entries: uint64(s.entries),
		Bytes: uint64(s.bytes), MaxBytes: uint64(s.max_bytes), Evictions: uint64(s.evictions), IsResting: s.is_resting != 0,
	}, nil
}

// StatsFormat is how stats are written as text.
type StatsFormat int32

// The formats.
const (
	// StatsJSON is one JSON object: the cache, its open filters and its tiers.
	StatsJSON StatsFormat = C.STREAMCACHE_FORMAT_JSON
	// StatsPrometheus is Prometheus' text format 0.0.4.
	StatsPrometheus StatsFormat = C.STREAMCACHE_FORMAT_PROMETHEUS
)

// StatsText writes the stats of the cache, its open filters and its tiers as text.
func (c *Cache) StatsText(format StatsFormat) (string, error) {
	if !c.acquire() {
		return "", ErrClosed
	}
	defer c.done()
	for capacity := 4096; ; {
		text := make([]C.char, capacity)
		var length C.size_t
		status := C.streamcache_cache_write_stats(c.c(), C.streamcache_format(format), &text[0], C.size_t(capacity), &length)
		switch Status(status) {
		case ok:
			return C.GoStringN(&text[0], C.int(length)), nil
		case ErrBufferTooSmall:
			capacity = int(length) + 1024 // it may grow meanwhile
		default:
			return "", failure(status)
		}
	}
}
