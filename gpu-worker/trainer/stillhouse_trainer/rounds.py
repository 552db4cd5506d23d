"""
On-policy rounds (BOND, arXiv 2407.14622): the student answers the training prompts several times, its samples are scored
by what the teacher said, and the worst of them makes the next round's pair. The anchor moves to the best model so far.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import stop
from .config import TrainConfig
from .data import Item, Pair, Row, rank_margin
from .model import Student
from .prompts import ChatFormat
from .score import score_answer

#: Samples of a row: text, score.
Scored = list[tuple[str, float]]


def sample_rows(
    student: Student, chat: ChatFormat, config: TrainConfig, rows: list[Row], round: int, longest_answer: int, begin: int
) -> Iterator[tuple[int, list[Scored]]]:
    """
    Batches from row `begin` on, as (place of the first row, samples of each row). A batch's draws depend on the seed, the
    round and its place alone: what was sampled before a stop stands, and the rest comes out as it would have.
    """
    settings = config.settings
    size = max(1, config.micro_batch_rows)
    student.model.eval()
    try:
        for at in range(begin, len(rows), size):
            stop.check()
            chunk = rows[at : at + size]
            prompts = [row.prompt for row in chunk for _ in range(settings.round_samples)]
            made = student.answer(
                prompts, chat, longest_answer, temperature=settings.round_temperature, seed=hash_seed(settings.seed, round, at)
            )
            texts = [chat.decode(ids) for ids in made]
            n = settings.round_samples
            yield at, [_scored(config.task.kind, row, texts[i * n : (i + 1) * n]) for i, row in enumerate(chunk)]
    finally:
        student.model.train()


def _scored(kind: str, row: Row, texts: list[str]) -> Scored:
    if kind == "label":
        # A label that the teacher never gave is worth nothing, one that it wavered about a part.
        return [(text, row.shares.get(text.strip(), 0.0)) for text in texts]
    return [(text, score_answer(kind, text, row.reference)) for text in texts]


def items_of_round(kind: str, rows: list[Row], samples: list[Scored], chat: ChatFormat) -> list[Item]:
    """
    The teacher's answer is the best of what is known, so it stays the one to learn; the worst is now the student's own. The
    margin is that of the best among all: the teacher's answer ranks with the samples.
    """
    items: list[Item] = []
    for row, scored in zip(rows, samples, strict=True):
        top = row.shares.get(row.reference, 1.0) if kind == "label" else 1.0
        worst, low = min(scored, key=lambda sample: sample[1])
        pair = None
        if low < top:
            pair = Pair(chat.answer_ids(worst), rank_margin([top, *(score for _, score in scored)]))
        items.append(Item(row.row_id, row.prompt, row.reference_ids, pair))
    return items


def hash_seed(*parts: int) -> int:
    """Different for different parts, the same on every machine."""
    seed = 0
    for part in parts:
        seed = (seed * 1_000_003 + part + 1) % (2**63 - 1)
    return seed
