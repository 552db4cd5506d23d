"""`python -m stillhouse_trainer <command> <config.json>`: events on stdout, logs on stderr, the exit status of errors.py."""

from __future__ import annotations

import errno
import importlib
import sys
import traceback
from pathlib import Path

from . import events, stop
from .config import BuildBaseConfig, ExportConfig, InspectConfig, TrainConfig
from .errors import EXIT_STATUS, Stopped, TrainerError
from .strict_json import read_config

#: Command → its configuration and the module whose `run` takes it. Modules are imported late: torch alone takes seconds,
#: and a wrong configuration should not have to wait for it.
COMMANDS = {
    "inspect": (InspectConfig, "inspect_base"),
    "train": (TrainConfig, "train"),
    "export": (ExportConfig, "export.command"),
    "build-base": (BuildBaseConfig, "build_base.command"),
}


def main(arguments: list[str]) -> int:
    events.claim_stdout()
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        events.log(f"usage: python -m stillhouse_trainer <{'|'.join(COMMANDS)}> <config.json>")
        return _fail(TrainerError("config_invalid", f"The command must be one of {', '.join(COMMANDS)}, with a configuration."))
    kind, module = COMMANDS[arguments[0]]
    # Only a training has something to save.
    stop.watch(at_once=None if arguments[0] == "train" else lambda: events.emit("stopped", step=0, path=None))
    try:
        config = read_config(kind, Path(arguments[1]))
        if not (isinstance(config, TrainConfig) and config.settings.four_bit):
            # PEFT loads it wherever it is installed: ten seconds of a processor that only a 4-bit training needs.
            sys.modules["bitsandbytes"] = None  # type: ignore[assignment]
        importlib.import_module(f".{module}", __package__).run(config)
    except Stopped:
        return EXIT_STATUS["stopped"]
    except Exception as error:
        return _fail(as_trainer_error(error))
    return 0


def as_trainer_error(error: Exception) -> TrainerError:
    """What is known of an exception that no one expected, as a code that the worker can act on."""
    if isinstance(error, TrainerError):
        return error
    events.log("".join(traceback.format_exception(error)))
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or _is_cpu_memory(error):
        return TrainerError("out_of_memory", "The device ran out of memory.")
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return TrainerError("disk_full", "The disk is full: nothing that was saved before is damaged.", path=str(error.filename))
        return TrainerError("io_error", f"{error.strerror or error} ({error.filename}).")
    return TrainerError("internal", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}")


def _is_cpu_memory(error: Exception) -> bool:
    # torch says it by a RuntimeError on a CPU.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _fail(error: TrainerError) -> int:
    events.emit("error", code=error.code, message=error.message, data=error.data)
    return EXIT_STATUS[error.code]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
