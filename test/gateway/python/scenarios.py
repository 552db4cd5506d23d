"""What the scenarios share: their registry, how a call is marked, how an answer and a refusal are told."""

import base64
import json
import os
from collections.abc import Callable

from pydantic import BaseModel

GATEWAY = os.environ["STILLHOUSE_TEST_GATEWAY"]
KEY = os.environ["STILLHOUSE_TEST_KEY"]
HELLO = [{"role": "user", "content": "Hi"}]
PICTURE_DATA = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()
PICTURE = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE_DATA}"}},
        ],
    }
]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
AT_ONCE = 50
# Seconds after which a client gives up; long enough for what does come to come on a machine that is busy.
SOON = 2.0

SCENARIOS: dict[str, Callable[[], object]] = {}


class City(BaseModel):
    city: str
    people: int


def scenario(run: Callable[[], object]) -> Callable[[], object]:
    """Its name marks its calls, so that their traces are found by it; what it returns goes to the test as JSON."""
    SCENARIOS[run.__name__] = run
    return run


def mark(run: Callable[[], object]) -> dict[str, str]:
    """Headers by which the traces of a scenario's calls are found."""
    return {"x-stillhouse-metadata": json.dumps({"scenario": run.__name__})}


def numbered(index: int) -> list[dict[str, str]]:
    """A question of its own for each of the calls at once; `lab/together` answers when it has them all."""
    return [{"role": "user", "content": "Hi" + "!" * index}]


def refusal(call: Callable[[], object]) -> dict[str, object]:
    """The exception that the call ends with."""
    try:
        answer = call()
    except Exception as error:
        library = type(error).__module__.split(".")[0]
        return {"class": f"{library}.{type(error).__name__}", "status": getattr(error, "status_code", None), "message": str(error)}
    raise AssertionError(f"there was an answer: {answer}")
