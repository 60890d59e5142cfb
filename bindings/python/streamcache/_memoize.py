"""What Filter.memoize makes of a function."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from ._data import is_array, is_bytes, refuse
from ._digest import Digest, digest_of
from ._value import Value

if TYPE_CHECKING:
    from ._filter import Filter

TUPLE = b"tuple"  # the blob of an answer that is a tuple of arrays


def memoized(
    filter: "Filter", names: Dict[str, Any], function: Callable[..., Any], name: Optional[str], timeout: Optional[float]
) -> Callable[..., Any]:
    """The function behind the filter; `names` has those that the filter memoizes already."""
    if not callable(function):
        raise TypeError(f"memoize takes a function, not {type(function).__qualname__}")
    if name is None:
        name = f"{function.__module__}.{function.__qualname__}"
        if "<lambda>" in name:
            raise ValueError("a lambda has no name to tell it from another: give one, memoize(name=...)")
    if names.setdefault(name, function) is not function:
        raise ValueError(
            f"this filter memoizes another function as {name!r}: give this one another name, memoize(name=...), or a filter "
            "whose configuration says what differs"
        )
    named = Digest.raw("chunk", b"memoize " + name.encode())

    @functools.wraps(function)
    def remembered(*arguments: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{name}() is memoized and takes positional arguments only: {', '.join(keywords)} would not be part of the key")
        if not arguments:
            raise TypeError(f"{name}() is memoized and takes at least one argument")
        for index, argument in enumerate(arguments):
            if not (is_bytes(argument) or is_array(argument)):
                raise refuse(argument, f"argument {index} of {name}()")
        key = Digest.inputs([named, *map(digest_of, arguments)])
        found = filter.begin(key, timeout=timeout)
        if isinstance(found, Value):
            return _answer(found)
        with found:
            answer = function(*arguments)
            blob = TUPLE if type(answer) is tuple else b""
            return _answer(found.commit(_storable(answer, name), blob=blob))

    return remembered


def _storable(answer: Any, name: str) -> Any:
    """Only what a hit gives back as it was."""
    numpy = sys.modules.get("numpy")
    parts = answer if type(answer) is tuple else (answer,)
    arrays = numpy is not None and all(type(part) is numpy.ndarray for part in parts)
    if type(answer) is not bytes and not arrays:
        raise TypeError(f"{name}() is memoized and must give bytes, a numpy.ndarray or a tuple of those, not {type(answer).__qualname__}")
    return answer


def _answer(value: Value) -> Any:
    """As the function gave it; arrays are views that keep the lease."""
    arrays = value.arrays()
    if value.blob == TUPLE:
        return arrays
    return arrays[0] if arrays else bytes(value)
