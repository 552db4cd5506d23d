"""JSON lines on stdout, and nothing else there: what libraries print goes to stderr."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from typing import Any, TextIO

_stream: TextIO | None = None
_silent = False
_lock = threading.Lock()


def claim_stdout() -> None:
    """Keeps the real stdout for events and points file descriptor 1 at stderr, for C libraries too."""
    global _stream
    _stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def silence() -> None:
    """Of several processes of one training only the first speaks."""
    global _silent
    _silent = True


def emit(event: str, **fields: Any) -> None:
    """One event. A number that JSON has no word for becomes null; a reader that has gone is not an error here."""
    if _silent:
        return
    line = json.dumps({"event": event, "at": round(time.time(), 3), **_finite(fields)}, separators=(",", ":"), ensure_ascii=False)
    with _lock:
        try:
            stream = _stream or sys.stdout
            stream.write(line + "\n")
            stream.flush()
        except (BrokenPipeError, ValueError):
            pass  # the parent is gone; stdin's end says so to stop.py, which ends the training with a checkpoint


def warn(message: str) -> None:
    emit("warning", message=message)


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
