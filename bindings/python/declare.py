#!/usr/bin/env python3
"""Writes what the package knows of the C header: streamcache/_constants.py, and streamcache/_declarations.py, which is
cffi's own form of the declarations, so that nothing is parsed at import. Needs cffi.

    declare.py [--check] [HEADER]       --check: write nothing, and fail unless the files are as they should be
"""

import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent
HEADER = HERE.parents[1] / "include" / "streamcache.h"
PACKAGE = HERE / "streamcache"


def joined(text):
    """Without comments, a preprocessor's line in one line."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return text.replace("\\\n", " ")


def constants(header):
    """The numbers and the version's text, without the prefix that Python's modules make superfluous."""
    known, lines = {"UINT64_MAX": 2**64 - 1}, []
    for name, value in re.findall(r"^#define STREAMCACHE_(\w+) +(.+?) *$", header, flags=re.MULTILINE):
        expression = re.sub(r"STREAMCACHE_(\w+)", r"\1", value)
        known[name] = eval(expression, {"__builtins__": {}}, known)  # arithmetic of the project's own header
        shown = f'"{known[name]}"' if isinstance(known[name], str) else known[name]
        lines.append(f"{name} = {shown}\n")
    return '"""The constants of include/streamcache.h. Made by declare.py: change the header, then run that."""\n\n' + "".join(lines)


def cdef(header):
    """The C that is left without the preprocessor and the linkage."""
    text = re.sub(r"^#.*$", "", header, flags=re.MULTILINE)
    return re.sub(r'extern "C" \{|^\}$', "", text, flags=re.MULTILINE)


def declarations(header):
    ffi = cffi.FFI()
    ffi.cdef(cdef(header))
    ffi.set_source("streamcache._declarations", None)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.py"
        with contextlib.redirect_stdout(io.StringIO()):  # cffi says what it writes
            ffi.emit_python_code(str(file))
        return file.read_text(encoding="utf-8")


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    header = joined(Path(arguments[0] if arguments else HEADER).read_text(encoding="utf-8"))
    for name, text in (("_constants.py", constants(header)), ("_declarations.py", declarations(header))):
        if "--check" not in sys.argv:
            (PACKAGE / name).write_text(text, encoding="utf-8")
        elif text != (PACKAGE / name).read_text(encoding="utf-8"):
            raise SystemExit(f"{name} is not what the header declares: run bindings/python/declare.py")


if __name__ == "__main__":
    main()
