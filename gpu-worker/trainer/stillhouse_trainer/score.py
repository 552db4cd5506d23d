"""How well an answer agrees with a reference, 0 to 1."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


def score_answer(kind: str, answer: str, reference: str) -> float:
    """Labels and texts agree or don't, after trimming; JSON agrees field by field."""
    if kind == "json":
        return field_f1(answer, reference)
    return float(answer.strip() == reference.strip())


def field_f1(answer: str, reference: str) -> float:
    """F1 over the leaves of two JSON values, each a path with its value; what is no JSON has no leaves."""
    found, wanted = _leaves(answer), _leaves(reference)
    if found is None or wanted is None:
        return float(answer.strip() == reference.strip())
    if not found and not wanted:
        return 1.0
    shared = sum((found & wanted).values())
    return 2 * shared / (sum(found.values()) + sum(wanted.values()))


def _leaves(text: str) -> Counter[tuple[str, str]] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    leaves: Counter[tuple[str, str]] = Counter()
    _collect(value, "", leaves)
    return leaves


def _collect(value: Any, path: str, leaves: Counter[tuple[str, str]]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, f"{path}.{key}", leaves)
    elif isinstance(value, list):
        # An item counts wherever it stands in its list.
        for item in value:
            _collect(item, f"{path}[]", leaves)
    else:
        # 50.0 and 50 are one number, as to JavaScript, which counts votes and scores evaluations.
        whole = isinstance(value, float) and value.is_integer()
        leaves[path, json.dumps(int(value) if whole else value)] += 1
