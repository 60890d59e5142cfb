"""The library's messages."""

from __future__ import annotations

import _thread
import atexit
import logging
import threading
from typing import Any, Callable, Optional

from . import _constants as c
from ._library import NULL, check, ffi, lib, text

Handler = Callable[[int, str, str], None]

_LEVELS = {c.LOG_DEBUG: logging.DEBUG, c.LOG_INFO: logging.INFO, c.LOG_WARNING: logging.WARNING, c.LOG_ERROR: logging.ERROR}
_AGAIN_S = 0.01
_handler: Optional[Handler] = None
_callback: Any = None  # made once, and never freed: a call that is under way may still use it
_making = threading.Lock()


def _to_logging(level: int, target: str, message: str) -> None:
    logging.getLogger(f"streamcache.{target}").log(level, "%s", message)


def _hear(_user_data: Any, level: int, target: Any, message: Any) -> None:
    try:
        handler = _handler
        if handler is not None:
            handler(_LEVELS.get(level, logging.ERROR), text(target), text(message))
    except KeyboardInterrupt:  # which can't pass through C: once more, when this call is over
        threading.Timer(_AGAIN_S, _thread.interrupt_main).start()


def log_to(handler: Optional[Handler] = None, level: int = logging.INFO) -> None:
    """Has the process's messages of this level and above heard, in place of whoever heard them before.

    By `logging`, unless a `handler` is given: the loggers are "streamcache.cache", "streamcache.disk" and so on, after
    the part of the library that speaks. `handler(level, target, message)` is called with logging's level, on the thread
    whose call caused the message or on one of a cache's, several at once, and calls nothing of streamcache. What it
    raises is printed.
    """
    global _handler, _callback
    if not (handler is None or callable(handler)):
        raise TypeError(f"a handler is a function of level, target and message, not {type(handler).__qualname__}")
    least = next((ours for ours, theirs in _LEVELS.items() if theirs >= level), None)
    if least is None:  # a level that nothing here has
        return log_off()
    with _making:
        if _callback is None:
            _callback = ffi.callback("void(void *, int32_t, char *, char *)", _hear)
            atexit.register(log_off)  # Python can be called no more then
    _handler = handler or _to_logging
    check(lib.streamcache_log_set(_callback, NULL, least))


def log_off() -> None:
    """The library is silent again, as it is at first."""
    global _handler
    check(lib.streamcache_log_set(NULL, NULL, c.LOG_ERROR))
    _handler = None
