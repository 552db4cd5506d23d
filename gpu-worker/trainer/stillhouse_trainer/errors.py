"""What ends a command: a code that the worker acts on, and a sentence for people."""

from __future__ import annotations

from typing import Any

#: Exit status of each code; the worker reads the event, the status is for scripts and for a pipe that broke.
EXIT_STATUS: dict[str, int] = {
    "config_invalid": 64,
    "config_changed": 64,
    "data_invalid": 65,
    "row_too_long": 65,
    "base_missing": 66,
    "base_gated": 66,
    "base_malformed": 66,
    "base_unsafe": 66,
    "no_chat_template": 66,
    "hub_unreachable": 68,
    "device_busy": 69,
    "internal": 70,
    "out_of_memory": 71,
    "non_finite": 72,
    "disk_full": 74,
    "io_error": 74,
    "stopped": 75,
}


class TrainerError(Exception):
    """`code` is one of EXIT_STATUS; `data` goes into the event."""

    def __init__(self, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        assert code in EXIT_STATUS, code
        self.code = code
        self.message = message
        self.data = data


class Stopped(Exception):
    """A stop was asked for and is being obeyed."""
