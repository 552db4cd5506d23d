"""
Messages into token ids by the base's own chat template.

A control token's text inside a message is text: a customer who writes `<|im_end|>` ends no turn. The server that will serve
the student does the same, so that what was trained is what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import AutoTokenizer, GenerationConfig

from .errors import TrainerError

#: Unicode's private use area.
PRIVATE_USE, PRIVATE_USE_END = 0xE000, 0xF900
ANSWER_MARK = "\ue8a1answer\ue8a2"


@dataclass
class ChatFormat:
    tokenizer: Any
    template: str
    #: What the template is given beside the messages.
    options: dict[str, str | bool | None]
    #: Texts that the tokenizer reads as control tokens, and their ids.
    control: dict[str, int]
    bos_token: str | None
    #: Texts that end an answer; the first is what a trained answer ends with.
    eos_tokens: list[str]
    _control_pattern: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        longest_first = sorted(self.control, key=len, reverse=True)
        self._control_pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @property
    def eos_ids(self) -> list[int]:
        return [self.tokenizer.convert_tokens_to_ids(token) for token in self.eos_tokens]

    @property
    def pad_id(self) -> int:
        """Padding is masked everywhere, so any id does."""
        pad = self.tokenizer.pad_token_id
        return self.eos_ids[0] if pad is None else pad

    def render(self, messages: list[dict[str, Any]], generation_prompt: bool = True) -> str:
        return self.tokenizer.apply_chat_template(
            messages,
            chat_template=self.template,
            tokenize=False,
            add_generation_prompt=generation_prompt,
            **self.options,
        )

    def prompt_ids(self, messages: list[dict[str, Any]]) -> list[int]:
        """(T,) ids of the templated prompt, up to where the answer begins."""
        messages = [{**message, "content": text_of(message.get("content"))} for message in messages]
        pattern = self._control_pattern
        found = {text for message in messages for text in pattern.findall(message["content"])} if pattern else set()
        if pattern is None or not found:
            return self.tokenizer.encode(self.render(messages), add_special_tokens=False)
        placeholders = dict(zip(sorted(found), _unused_characters("".join(message["content"] for message in messages)), strict=False))
        hidden = [{**message, "content": pattern.sub(lambda hit: placeholders[hit[0]], message["content"])} for message in messages]
        return self._encode_around_control_tokens(self.render(hidden), placeholders)

    def _encode_around_control_tokens(self, rendered: str, placeholders: dict[str, str]) -> list[int]:
        """Every control token that is left in `rendered` comes from the template."""
        assert self._control_pattern is not None
        ids: list[int] = []
        end = 0
        for hit in self._control_pattern.finditer(rendered):
            ids += self._plain_ids(rendered[end : hit.start()], placeholders)
            ids.append(self.control[hit[0]])
            end = hit.end()
        return ids + self._plain_ids(rendered[end:], placeholders)

    def _plain_ids(self, text: str, placeholders: dict[str, str]) -> list[int]:
        for control, placeholder in placeholders.items():
            text = text.replace(placeholder, control)
        return self.text_ids(text)

    def text_ids(self, text: str) -> list[int]:
        """Ids of plain text: nothing in it is a control token."""
        return self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) if text else []

    def answer_ids(self, text: str) -> list[int]:
        """(K,) ids of an answer with the token that ends it."""
        return [*self.text_ids(text), self.eos_ids[0]]

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)


def load_chat_format(base: Path) -> ChatFormat:
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise TrainerError("base_malformed", f"The base's tokenizer can't be read: {_first_line(error)}") from error
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise TrainerError("no_chat_template", "The base has no chat template: take an instruction-tuned model.")
    control = {token.content: id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    options = _options(template)
    chat = ChatFormat(tokenizer, template, options, control, tokenizer.bos_token, [])
    chat.eos_tokens = _eos_tokens(chat, base)
    return chat


def text_of(content: Any) -> str:
    """`textOf` of contracts/chat.ts: a string, or text parts joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))


def _options(template: str) -> dict[str, str | bool | None]:
    options: dict[str, str | bool | None] = {}
    if "enable_thinking" in template:
        options["enable_thinking"] = False
    if "date_string" in template:
        # Llama 3's template writes today's date into the prompt: training, a resume and serving would differ by the day.
        options["date_string"] = "26 Jul 2024"
    return options


def _eos_tokens(chat: ChatFormat, base: Path) -> list[str]:
    """The token with which the template ends an assistant's turn, then what the base itself calls its end."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": ANSWER_MARK}]
    try:
        after = chat.render(turns, generation_prompt=False).partition(ANSWER_MARK)[2]
    except TemplateError as error:
        raise TrainerError("no_chat_template", f"The base's chat template can't be used: {_first_line(error)}") from error
    found = chat._control_pattern.search(after) if chat._control_pattern else None
    ids: list[int | None] = [chat.tokenizer.eos_token_id]
    if (base / "generation_config.json").is_file():
        declared = GenerationConfig.from_pretrained(base).eos_token_id
        ids += declared if isinstance(declared, list) else [declared]
    tokens = [found[0]] if found else []
    tokens += [chat.tokenizer.convert_ids_to_tokens(id) for id in ids if id is not None]
    if not tokens:
        raise TrainerError("base_malformed", "The base's tokenizer has no token that ends an answer.")
    return list(dict.fromkeys(tokens))


def _unused_characters(contents: str) -> Iterator[str]:
    """Private-use characters that occur nowhere in the messages: one stands for one control token's text."""
    return (chr(code) for code in range(PRIVATE_USE, PRIVATE_USE_END) if chr(code) not in contents)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
