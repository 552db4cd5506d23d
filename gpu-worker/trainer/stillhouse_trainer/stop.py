"""When to stop: SIGTERM, SIGINT, or the end of stdin, which means that the parent is gone."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from collections.abc import Callable

from .errors import EXIT_STATUS, Stopped

_asked = threading.Event()
_at_once: Callable[[], None] | None = None
_together = False


def watch(at_once: Callable[[], None] | None = None) -> None:
    """
    Starts listening. With `at_once` a stop runs it and ends the process there and then: for commands that have nothing to
    save. A second signal ends the process in any case.
    """
    global _at_once
    _at_once = at_once
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _ask(again=True))
    if _is_pipe(0):
        threading.Thread(target=_watch_stdin, name="stdin", daemon=True).start()


def asked() -> bool:
    return _asked.is_set()


def only_together() -> None:
    """Of several processes none stops by itself: `check` passes, and the training asks `asked` of all between two steps."""
    global _together
    _together = True


def check() -> None:
    """Raises where a stop was asked for: called between micro-batches and between the tokens of a generation."""
    if _asked.is_set() and not _together:
        raise Stopped


def _ask(again: bool) -> None:
    if _asked.is_set():
        if again:
            os._exit(EXIT_STATUS["stopped"])
        return
    _asked.set()
    if _at_once is not None:
        _at_once()
        os._exit(EXIT_STATUS["stopped"])


def _watch_stdin() -> None:
    # Not sys.stdin: a buffered reader holds a lock that the interpreter's end would wait for.
    while True:
        try:
            if os.read(0, 4096) == b"":
                break
        except OSError:
            break
    print("stdin has ended: the parent is gone", file=sys.stderr, flush=True)
    _ask(again=False)


def _is_pipe(descriptor: int) -> bool:
    """A pipe or a socket pair is held by a parent; a terminal, a file or /dev/null says nothing of one."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
