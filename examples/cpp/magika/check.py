"""Compares the labels of this folder's C++ program with those of Magika's own Python package, file by file.

The reference is `identify_path`; the batched `identify_paths` gives other scores for the same file now and then.
Every file is asked twice, so each answer is checked as computed and as remembered.
"""

import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from magika import Magika

FILES_AT_LEAST = 500
LABELS_AT_LEAST = 30
FILES_WANTED = 1200
AGREEMENT_AT_LEAST = 0.999
NEAR_A_THRESHOLD = 1e-3


def corpus(root):
    """Files of as many kinds as the machine has: the same number of each file name extension, evenly spread."""
    cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry" / "src"
    roots = ["/etc", "/usr/bin", "/usr/include", "/usr/lib", "/usr/share", str(cargo), sys.prefix, str(root)]
    kinds = collections.defaultdict(list)
    seen = set()
    for top in roots:
        for folder, folders, names in os.walk(top):
            # Of the repository's own build folder only the virtual environment, which is a root itself.
            folders[:] = sorted(name for name in folders if name not in (".git", "target", "__pycache__") or top != str(root))
            for name in sorted(names):
                path = os.path.join(folder, name)
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                regular = os.path.isfile(path) and not os.path.islink(path)
                if regular and status.st_size > 0 and os.access(path, os.R_OK) and (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    kinds[os.path.splitext(name)[1].lower() or top].append(path)

    each = 1
    while each < 1000 and sum(min(each, len(paths)) for paths in kinds.values()) < FILES_WANTED:
        each += 1
    chosen = []
    for kind in sorted(kinds):
        paths = kinds[kind]
        count = min(each, len(paths))
        chosen += [paths[i * len(paths) // count] for i in range(count)]
    step = max(1.0, len(chosen) / (2 * FILES_WANTED))  # a machine with very many extensions: every n-th of them
    return [chosen[int(i * step)] for i in range(int(len(chosen) / step))]


def edge_cases(folder):
    """Everything the rules around the model are about, written to `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bytes_of = random.Random(2).randbytes
    c_source = b"#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"
    cases = {
        "empty": b"",
        "tiny-1": b"a",
        "tiny-7": b"abcdefg",
        "tiny-8": b"abcdefgh",
        "tiny-binary": b"\x00\x01\xfe\xff",
        "utf8-whole": "hé€".encode(),
        "utf8-cut-2": "abché".encode()[:-1],
        "utf8-cut-3": "abc€".encode()[:-1],
        "utf8-cut-4": "ab😀".encode()[:-1],
        "utf8-four": "ab😀".encode(),
        "utf8-overlong-2": b"a\xc0\xaf",
        "utf8-overlong-3": b"a\xe0\x80\xaf",
        "utf8-overlong-4": b"a\xf0\x80\x80\xaf",
        "utf8-surrogate": b"a\xed\xa0\x80",
        "utf8-last": b"\xf4\x8f\xbf\xbf",
        "utf8-too-high": b"\xf4\x90\x80\x80",
        "utf8-bad-lead": b"\xf5\x80\x80\x80",
        "utf8-lone-tail": b"a\x80b",
        "utf8-cut-at-block": b" " * 4095 + "é".encode() + b" " * 100,
        "utf8-whole-at-block": b" " * 4094 + "é".encode() + b" " * 100,
        "space-1": b" ",
        "space-8": b" \t\n\v\f\r  ",
        "space-4096": b" " * 4096,
        "space-4097": b"\n" * 4097,
        "space-10000": b"\r\n" * 5000,
        "space-7-letters": b" " * 50 + b"abcdefg",
        "space-8-letters": b" " * 50 + b"abcdefgh",
        "space-binary": b" " * 50 + b"\xff\xfe",
        "space-then-source": b"\n" * 4096 + c_source * 20,
        "source-then-space": c_source * 20 + b"\n" * 5000,
        "separators": b"\x1c\x1d\x1e\x1f\x85\xa0" + c_source,
        "separators-after": c_source + b"\x1c\x1d\x1e\x1f\x85\xa0",
        "zeros-8": bytes(8),
        "zeros-5000": bytes(5000),
        "ff-5000": b"\xff" * 5000,
        "binary-ff-fe": b"\xff\xfe" + "wide".encode("utf-16-le") * 300,
        "source in a name\nwith a tab\t and \"quotes\"": c_source,
        "source-é": c_source,
    }
    for size in (9, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 5119, 5120, 8191, 8192, 8193):
        cases[f"source-{size}"] = (c_source * 200)[:size]
        cases[f"random-{size}"] = bytes_of(size)
    paths = []
    for name, content in cases.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(str(path))

    strange = os.fsencode(folder) + b"/not-utf8-\xff\xfe"
    with open(strange, "wb") as file:
        file.write(c_source)
    (folder / "link").symlink_to("source-1024")
    (folder / "link-to-folder").symlink_to(".")
    (folder / "link-to-nowhere").symlink_to("nowhere")
    return paths + [os.fsdecode(strange)] + [str(folder / name) for name in ("link", "link-to-folder", "link-to-nowhere", ".", "missing")]


def ask_program(program, magika, paths):
    listed = b"".join(os.fsencode(path) + b"\0" for path in paths)
    run = subprocess.run([program, "--magika", magika, "--labels"], input=listed, stdout=subprocess.PIPE, check=True)
    answers = []
    for line in run.stdout.decode().splitlines():
        raw, label, score = line.split("\t")
        answers.append(("error", "error", 0.0) if raw == "error" else (raw, label, float(score)))
    if len(answers) != len(paths):
        sys.exit(f"The program answered {len(answers)} times to {len(paths)} paths.")
    return answers


def ask_package(paths):
    package = Magika()
    answers = []
    for i, path in enumerate(paths):
        if sys.stderr.isatty() and i % 20 == 0:
            print(f"\rMagika's Python package: {i:,} of {len(paths):,} files\033[K", end="", file=sys.stderr)
        result = package.identify_path(path)
        answers.append((str(result.dl.label), str(result.output.label), result.score) if result.ok else ("error", "error", 0.0))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return answers


def thresholds(magika):
    config = json.loads((Path(magika) / "models" / "standard_v3_3" / "config.min.json").read_text())
    return collections.defaultdict(lambda: config["medium_confidence_threshold"], config["thresholds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--magika", required=True, help="the folder of the Python package")
    parser.add_argument("--work", required=True, type=Path, help="where the edge cases are written")
    parser.add_argument("--root", required=True, type=Path, help="the repository")
    options = parser.parse_args()

    edges = edge_cases(options.work / "edge")
    found = corpus(options.root)
    paths = found + edges

    twice = ask_program(options.program, options.magika, paths + paths)
    ours, again = twice[: len(paths)], twice[len(paths) :]
    theirs = ask_package(paths)

    labels = {raw for raw, _, _ in theirs[: len(found)]} - {"undefined", "error"}
    limit = thresholds(options.magika)
    raw_agree = sum(a[0] == b[0] for a, b in zip(ours, theirs))
    label_agree = sum(a[1] == b[1] for a, b in zip(ours, theirs))
    apart = max(abs(a[2] - b[2]) for a, b in zip(ours, theirs))
    disagreements = [(p, a, b) for p, a, b in zip(paths, ours, theirs) if a[:2] != b[:2]]
    unexcused = [d for d in disagreements if abs(d[2][2] - limit[d[2][0]]) > NEAR_A_THRESHOLD]

    print()
    print("Labels of examples/cpp/magika and of Magika's Python package, identify_path")
    print()
    print(f"  files                  {len(found):>8,}   of {len(labels)} labels")
    print(f"  edge cases             {len(edges):>8,}   empty, tiny, cut UTF-8, white space, block borders, strange names")
    print(f"  raw labels agree       {raw_agree:>8,}   of {len(paths):,}")
    print(f"  labels agree           {label_agree:>8,}   of {len(paths):,}")
    print(f"  largest score apart    {apart:>8.1e}")
    print()
    for path, mine, reference in disagreements:
        print(f"  differs: {path!r}: {mine[0]}, {mine[1]}, {mine[2]:.6f}; the package says {reference[0]}, {reference[1]}, {reference[2]:.6f}")

    kept = True
    for holds, text in [
        (len(found) >= FILES_AT_LEAST, f"a corpus of at least {FILES_AT_LEAST} files (this machine has {len(found):,} that qualify)"),
        (len(labels) >= LABELS_AT_LEAST, f"of at least {LABELS_AT_LEAST} labels"),
        (raw_agree >= AGREEMENT_AT_LEAST * len(paths), f"raw labels agree on at least {AGREEMENT_AT_LEAST:.1%}"),
        (label_agree >= AGREEMENT_AT_LEAST * len(paths), f"labels agree on at least {AGREEMENT_AT_LEAST:.1%}"),
        (not unexcused, f"no disagreement but within {NEAR_A_THRESHOLD} of a threshold"),
        (ours == again, "the second, remembered answers equal the first"),
    ]:
        print(f"  {'PASS' if holds else 'FAIL'}  {text}")
        kept = kept and holds
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
