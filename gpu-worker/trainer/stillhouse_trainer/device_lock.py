"""One trainer a device. The lock is the kernel's, so it ends with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .errors import TrainerError


def hold(path: Path) -> int:
    """Takes the lock and writes our pid into the file; returns the descriptor, which the caller keeps open for life."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not inherited by children: a converter that outlives us must not hold the device.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise TrainerError(
            "device_busy",
            f"Another trainer (process {holder or 'unknown'}) holds this device.",
            holder=int(holder) if holder.isdigit() else None,
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
