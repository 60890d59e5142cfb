#!/usr/bin/env python3
"""What a hit costs through Python: a result of 64 bytes under a chunk of 64 bytes, medians of rounds.

    bench.py [ROUNDS]       15 rounds or more; prints lines "python WHAT NANOSECONDS"
"""

import sys
import threading
import time

import streamcache

CALLS = 2000  # a round is shorter than the time the system gives a thread at once


def median_ns(rounds, what):
    times = []
    for _ in range(rounds):
        begun = time.perf_counter_ns()
        for _ in range(CALLS):
            what()
        times.append((time.perf_counter_ns() - begun) / CALLS)
    return sorted(times)[len(times) // 2]


def beside_busy_thread(what, seconds=1.0):
    """The same while another thread computes in Python: each call gives the interpreter away and must get it back."""
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            sum(range(100))

    thread = threading.Thread(target=busy)
    thread.start()
    calls, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        what()
        calls += 1
    stop.set()
    thread.join()
    return (time.perf_counter() - begun) / calls * 1e9


def main():
    rounds = max(15, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    with streamcache.Cache() as cache:
        filter_ = cache.filter("bench", {"bench": 1}, state=b"")
        chunk, buffer = bytes(range(64)), bytearray(64)
        filter_.put(chunk, bytes(64))
        digest = streamcache.Digest.chunk(chunk)
        measured = {
            "get_into": lambda: filter_.get_into(chunk, buffer),
            "get_into_digest": lambda: filter_.get_into(digest, buffer),
            "lease": lambda: filter_.get(chunk),
            "lease_and_view": lambda: filter_.get(chunk).data,
            "get_or_compute": lambda: filter_.get_or_compute(chunk, None),
            "nothing": lambda: None,
        }
        for name, what in measured.items():
            print(f"python {name} {median_ns(rounds, what):.0f}")
        print(f"python get_into_beside_a_busy_thread {beside_busy_thread(measured['get_into']):.0f}")


if __name__ == "__main__":
    main()
