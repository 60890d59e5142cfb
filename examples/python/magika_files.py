#!/usr/bin/env python3
"""Magika on ONNX Runtime behind the cache: what kind of file is it? Twice over a folder; the second pass runs no model.

    magika_files.py [FOLDER [AT_MOST]]      needs streamcache, numpy, onnxruntime, and the magika package for its model
"""

import collections
import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy
import onnxruntime
import streamcache

# The package of the model is found, not imported: it needs no more than the file in it.
MODEL = Path(importlib.util.find_spec("magika").origin).parent / "models" / "standard_v3_3"
SPACE = b"\t\n\v\f\r "
BLOCK, PART, PADDING = 4096, 1024, 256


def features(file):
    """The model's input: the first and the last 1024 bytes without white space around them; None for a few bytes."""
    data = file.read_bytes()
    first, last = data[:BLOCK].lstrip(SPACE)[:PART], data[-BLOCK:].rstrip(SPACE)[-PART:]
    if len(first) < 8:
        return None
    tokens = numpy.full((1, 2 * PART), PADDING, numpy.int32)
    tokens[0, : len(first)] = numpy.frombuffer(first, numpy.uint8)
    tokens[0, 2 * PART - len(last) :] = numpy.frombuffer(last, numpy.uint8)
    return tokens


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include")
    at_most = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:at_most]
    inputs = [tokens for tokens in map(features, files) if tokens is not None]
    labels = json.loads((MODEL / "config.min.json").read_text())["target_labels_space"]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    engine = onnxruntime.InferenceSession(str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def model(tokens):
        return engine.run(["target_label"], {"bytes": tokens})[0]

    # All that changes an answer: what computes it. The weights are the filter's state, by their file's digest. Results that
    # leave the process (disk_directory, remote_urls) need the processor's instruction set here, too.
    config = {"engine": "onnxruntime", "version": onnxruntime.__version__, "provider": "CPU", "threads": 1}
    with streamcache.Cache(max_bytes=64 << 20) as cache:
        filter_ = cache.filter("magika", config, state=streamcache.Digest.state_file(MODEL / "model.onnx"))
        identify = filter_.memoize(model, name="magika")  # a name, because it holds the engine, which is no part of a key

        print(f"Magika {MODEL.name} on ONNX Runtime {onnxruntime.__version__}, {len(inputs)} files of {folder}")
        passes = []
        for number in ("first", "second"):
            before, begun = filter_.stats(), time.perf_counter()
            passes.append([identify(tokens) for tokens in inputs])
            seconds, now = time.perf_counter() - begun, filter_.stats()
            misses, hits = now.misses - before.misses, now.hits - before.hits
            print(f"{number} pass: {misses} misses, {hits} hits, {seconds * 1e6 / max(1, len(inputs)):.0f} µs a file")

        found = collections.Counter(labels[int(scores.argmax())] for scores in passes[1])
        print("labels: " + ", ".join(f"{label} {count}" for label, count in found.most_common(5)))
        alone = [model(tokens) for tokens in inputs]
        differ = sum(a.tobytes() != b.tobytes() for answers in passes for a, b in zip(answers, alone))
        print(f"{2 * len(inputs)} answers compared with the engine's alone: {differ} differ in any bit")
        missed_again = filter_.stats().misses != len({tokens.tobytes() for tokens in inputs})
    sys.exit(1 if differ or missed_again or not inputs else 0)


if __name__ == "__main__":
    main()
