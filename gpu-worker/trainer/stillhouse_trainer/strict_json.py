"""JSON into dataclasses, strictly: an unknown key, a missing one or a wrong type is a sentence that names it."""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from .errors import TrainerError

T = TypeVar("T")


def read_config(cls: type[T], path: Path) -> T:
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TrainerError("config_invalid", f"The configuration {path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise TrainerError("config_invalid", f"The configuration {path} is not JSON: {error}.") from None
    return parse(cls, raw, "")


def parse(cls: type[T], raw: Any, path: str) -> T:
    """`raw` with camelCase keys as `cls` with snake_case fields; `path` is where we are, for messages."""
    if not isinstance(raw, dict):
        raise _invalid(path or "configuration", "must be an object")
    kinds = typing.get_type_hints(cls)
    fields = {_camel(field.name): field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in raw:
        if key not in fields:
            raise _invalid(_at(path, key), "is not a setting")
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key in raw:
            values[field.name] = _value(kinds[field.name], raw[key], _at(path, key))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise _invalid(_at(path, key), "is missing")
    made = cls(**values)
    check = getattr(made, "check", None)
    if check is not None:
        check()
    return made


def _value(kind: Any, raw: Any, path: str) -> Any:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if raw is None and type(None) in parts:
            return None
        return _value(next(part for part in parts if part is not type(None)), raw, path)
    if origin is typing.Literal:
        if raw not in parts:
            raise _invalid(path, f"must be one of {', '.join(map(str, parts))}")
        return raw
    if origin is list:
        if not isinstance(raw, list):
            raise _invalid(path, "must be a list")
        return [_value(parts[0], item, f"{path}[{at}]") for at, item in enumerate(raw)]
    if dataclasses.is_dataclass(kind):
        return parse(kind, raw, path)  # type: ignore[arg-type]
    if kind is Path:
        if not isinstance(raw, str) or raw == "":
            raise _invalid(path, "must be a path")
        return Path(raw)
    # JSON has no difference between 1 and 1.0, Python's bool is an int.
    if kind is float and isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    if kind is int and isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if type(raw) is not kind:
        words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise _invalid(path, f"must be {words.get(kind, kind)}")
    return raw


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _invalid(path: str, what: str) -> TrainerError:
    return TrainerError("config_invalid", f"{path} {what}.", key=path)
