"""Finds the C library, checks its version, and turns its answers into exceptions.

Looked for in this order: the file STREAMCACHE_LIBRARY names; the one this package carries; the system's, by its SONAME.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, List, NoReturn, Optional, Tuple

from . import _constants as c
from ._declarations import ffi as _ffi
from ._errors import BY_STATUS, ClosedError, LibraryError, StreamcacheError

ffi: Any = _ffi
NULL: Any = ffi.NULL

# Before 1.0 the minor version is part of the ABI's name.
SONAME = f"libstreamcache.so.{c.VERSION_MAJOR}.{c.VERSION_MINOR}" if c.VERSION_MAJOR == 0 else f"libstreamcache.so.{c.VERSION_MAJOR}"
CARRIED = Path(__file__).resolve().parent / "_lib" / SONAME


def _candidates() -> List[Tuple[str, str]]:
    named = os.environ.get("STREAMCACHE_LIBRARY")
    if named:  # asked for by name: nothing else will do
        return [(named, "STREAMCACHE_LIBRARY")]
    return [(str(CARRIED), "carried in the package"), (SONAME, "the system's")]


def _has(library: Any, name: str) -> bool:
    try:
        return getattr(library, name) is not None
    except (AttributeError, ffi.error):
        return False


def _check_version(library: Any, path: str) -> None:
    try:
        number = library.streamcache_version_number()
    except (AttributeError, ffi.error):
        raise LibraryError(f"{path} is no streamcache library: it has no streamcache_version_number") from None
    major, minor = number // 1000000, number // 1000 % 1000
    fits = major == c.VERSION_MAJOR and (major > 0 or minor == c.VERSION_MINOR) and number >= c.VERSION_NUMBER
    if not fits:
        series = f"{c.VERSION_MAJOR}.{c.VERSION_MINOR}" if c.VERSION_MAJOR == 0 else f"{c.VERSION_MAJOR}"
        wanted = f"{series}, {c.VERSION_STRING} or newer"
        raise LibraryError(
            f"{path} is streamcache {major}.{minor}.{number % 1000}, and this Python package needs {wanted}: install the "
            "two of one version"
        )
    missing = [name for name in dir(library) if not _has(library, name)]
    if missing:  # a build between two versions, or a damaged one
        raise LibraryError(f"{path} is streamcache {major}.{minor}.{number % 1000}, but lacks {', '.join(missing)}: install a newer one")


def _load() -> Tuple[Any, str]:
    looked = []
    for path, what in _candidates():
        if path == str(CARRIED) and not CARRIED.exists():
            looked.append(f"  {path} ({what}): no such file")
            continue
        try:
            library = ffi.dlopen(path)
        except (OSError, ValueError) as error:
            looked.append(f"  {path} ({what}): {error}")
            continue
        _check_version(library, path)
        return library, path
    raise LibraryError(
        "the C library of streamcache was not found. Looked for:\n" + "\n".join(looked) + "\n"
        "Install it (cmake --install), or name its file in the environment variable STREAMCACHE_LIBRARY."
    )


lib: Any
lib, library_path = _load()


def text(pointer: Any) -> str:
    """A C string as Python's."""
    return bytes(ffi.string(pointer)).decode("utf-8", "replace")


def fail(status: int, *handles: Any, error: Any = None) -> NoReturn:
    """Raises what a status stands for. `error` is a streamcache_error **, freed here; a handle of NULL was closed."""
    message = ""
    if error is not None and error[0] != NULL:
        message = text(lib.streamcache_error_get_message(error[0]))
        lib.streamcache_error_free(error[0])
    if status == c.INVALID_ARGUMENT and any(handle == NULL for handle in handles):
        raise ClosedError("this object was closed")
    raise BY_STATUS.get(status, StreamcacheError)(message or text(lib.streamcache_status_message(status)))


def check(status: int, *handles: Any, error: Any = None) -> int:
    """Passes on a status that is no error, and raises the others."""
    if status < 0:
        fail(status, *handles, error=error)
    return status


def received(call: Callable[[], int], *outs: Tuple[Any, Any]) -> Tuple[int, List[Any]]:
    """A call's status, and the handles it wrote, each to be released with its last reference in Python.

    `outs` are pairs of a cell, NULL until then, and what releases such a handle. An exception between two steps of
    Python, which is what Ctrl-C makes, loses none: they are taken over in one step, or released here.
    """
    held: List[Any] = []
    try:
        status = call()
        held.extend(map(ffi.gc, [cell[0] for cell, _ in outs], [release for _, release in outs]))
    except BaseException:
        if not held:
            for cell, release in outs:
                release(cell[0])
        raise
    return status, held


def closed_or(handle: Any, error: Optional[BaseException]) -> None:
    """For functions that answer no status: a handle of NULL was closed."""
    if handle == NULL:
        raise ClosedError("this object was closed") from error
