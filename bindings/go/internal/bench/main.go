// Command bench measures a hit of 64 bytes: copied into a buffer, and leased. It prints the median of the rounds, in
// nanoseconds, a line each:
//
//	go get_into 123.4
//	go lease 456.7
//
// Its argument is the number of rounds, 15 or more; each takes about 10 ms.
package main

import (
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"time"

	streamcache "streamcache/bindings/go"
)

const (
	size  = 64
	round = 10 * time.Millisecond
)

func main() {
	rounds := 15
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < rounds {
			log.Fatalf("the number of rounds, %d or more, and not %q", rounds, os.Args[1])
		}
		rounds = n
	}
	cache, err := streamcache.Open(nil)
	check(err)
	defer cache.Close()
	filter, err := cache.OpenFilter("bench", streamcache.DigestConfigBytes(nil))
	check(err)
	check(filter.LoadState(nil))
	chunk := streamcache.DigestChunk([]byte("chunk"))
	_, err = filter.Put(chunk, streamcache.Digest{}, make([]byte, size), nil)
	check(err)

	buffer := make([]byte, size)
	intoBuffer := func() {
		n, _, err := filter.GetInto(chunk, buffer)
		if n != size || err != nil {
			log.Fatal("no hit: ", err)
		}
	}
	asLease := func() {
		value, _, err := filter.Get(chunk)
		if err != nil || len(value.Bytes()) != size {
			log.Fatal("no hit: ", err)
		}
		value.Close()
	}
	hits := []struct {
		name  string
		hit   func()
		each  int
		times []float64
	}{{name: "get_into", hit: intoBuffer}, {name: "lease", hit: asLease}}
	for i := range hits {
		hits[i].each = calibrated(hits[i].hit)
	}
	for r := 0; r < rounds; r++ { // in turn, so that what disturbs one round disturbs both
		for i := range hits {
			h := &hits[i]
			h.times = append(h.times, float64(timed(h.hit, h.each))/float64(h.each))
		}
	}
	for _, h := range hits {
		sort.Float64s(h.times)
		fmt.Printf("go %s %.1f\n", h.name, h.times[len(h.times)/2])
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// calibrated is how often a round calls it.
func calibrated(hit func()) int {
	for each := 1000; ; each *= 2 {
		if took := timed(hit, each); took > round/4 {
			return int(float64(each)*float64(round)/float64(took)) + 1
		}
	}
}

func timed(hit func(), each int) time.Duration {
	start := time.Now()
	for i := 0; i < each; i++ {
		hit()
	}
	return time.Since(start)
}
