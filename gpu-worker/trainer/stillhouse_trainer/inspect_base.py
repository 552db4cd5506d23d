"""`inspect`: what a base is, whether it can be trained, and whether the rows fit into its window."""

from __future__ import annotations

import json
from pathlib import Path

from . import events, hub
from .base_files import (
    check_config,
    check_names,
    context_tokens,
    count_parameters,
    digest,
    licence,
    read_model_config,
    text_config,
)
from .config import BaseSource, InspectConfig
from .data import encode_prompt
from .errors import TrainerError
from .prompts import ChatFormat, load_chat_format


def run(config: InspectConfig) -> None:
    folder = _folder(config.base)
    check_names(path.name for path in folder.iterdir())
    settings = read_model_config(folder)
    check_config(settings)
    context = context_tokens(folder)
    parameters = count_parameters(folder)
    chat = load_chat_format(folder)
    window = min(context, config.max_tokens) if config.max_tokens is not None else context
    longest, longest_id = _longest_row(config.rows, chat, window) if config.rows is not None else (None, None)
    events.emit(
        "base",
        id=config.base.id,
        digest=digest(folder),
        folder=str(folder),
        parameters=parameters,
        contextTokens=context,
        vocabulary=text_config(settings).get("vocab_size", len(chat.tokenizer)),
        licence=licence(folder),
        **describe(chat),
        longestRowTokens=longest,
        longestRowId=longest_id,
        bytes16=2 * parameters,
    )


def describe(chat: ChatFormat) -> dict[str, object]:
    """What a server must know to make the same prompts."""
    return {
        "chatTemplate": chat.template,
        "templateOptions": chat.options,
        "controlTokens": list(chat.control),
        "bosToken": chat.bos_token,
        "eosTokens": chat.eos_tokens,
    }


def _folder(base: BaseSource) -> Path:
    if base.kind == "hub":
        return hub.fetch(base.id)
    assert base.path is not None
    if not base.path.is_dir():
        raise TrainerError("base_missing", f"The folder of the base {base.id} is not there.", id=base.id)
    return base.path


def _longest_row(rows: Path, chat: ChatFormat, window: int) -> tuple[int, str | None]:
    longest, longest_id = 0, None
    for line in rows.read_text("utf-8").splitlines():
        if line.strip() == "":
            continue
        row = json.loads(line)
        tokens = len(encode_prompt(chat, row["messages"], row["rowId"])) + len(chat.answer_ids(row.get("answer") or ""))
        if tokens > longest:
            longest, longest_id = tokens, row["rowId"]
    if longest > window:
        raise TrainerError(
            "row_too_long",
            f"Row {longest_id} takes {longest} tokens with its answer, and the window has {window}.",
            rowId=longest_id,
            tokens=longest,
            window=window,
        )
    return longest, longest_id
