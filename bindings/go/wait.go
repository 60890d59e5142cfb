package streamcache

// #include "shim.h"
import "C"

import (
	"context"
	"time"
)

// How long a caller sleeps between two looks: a fifth of what it has waited so far, so that it comes at most that much
// late, and looks rarely at what takes long.
const (
	firstPause   = 10 * time.Microsecond
	longestPause = 10 * time.Millisecond
)

// pause is the waiting of one caller: in Go, where a context ends it and no thread is held.
type pause struct {
	length time.Duration
	timer  *time.Timer
}

// rest sleeps once, or answers why not.
func (p *pause) rest(ctx context.Context) error {
	if p.timer == nil {
		p.length = firstPause
		p.timer = time.NewTimer(p.length)
	} else {
		if p.length += p.length / 4; p.length > longestPause {
			p.length = longestPause
		}
		p.timer.Reset(p.length)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.timer.C:
		return nil
	}
}

func (p *pause) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// beginning asks until it is told something other than to wait.
func beginning(ctx context.Context, flags []Flags, begin func(C.uint32_t) C.scgo_found) (C.scgo_found, error) {
	if err := ctx.Err(); err != nil {
		return C.scgo_found{}, err
	}
	all := together(flags)
	found := begin(C.uint32_t(all | NoWait))
	if found.status != C.STREAMCACHE_BUSY || all&NoWait != 0 {
		return found, nil
	}
	var pause pause
	defer pause.end()
	for found.status == C.STREAMCACHE_BUSY {
		if err := pause.rest(ctx); err != nil {
			return C.scgo_found{}, err
		}
		found = begin(C.uint32_t(all | NoWait))
	}
	return found, nil
}

// begun is what a begin found: a value, a ticket, or an error.
func begun(found C.scgo_found, err error) (*Value, *Ticket, error) {
	if err != nil {
		return nil, nil, err
	}
	if found.ticket != nil {
		return nil, newTicket(found.ticket), nil
	}
	value, err := leased(found)
	return value, nil, err
}

// shut is what a begin finds on a closed object.
func shut() C.scgo_found { return C.scgo_found{status: C.STREAMCACHE_CLOSED} }
