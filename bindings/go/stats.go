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
