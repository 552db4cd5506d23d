"""What the base takes from MiniLM: where its token embeddings begin, and vectors of whole messages to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from ..errors import TrainerError

EMBEDDINGS = "embeddings.word_embeddings.weight"
#: Standard deviation of the embeddings, and of the noise that tells tokens of equal text apart, in parts of it.
SCALE, NOISE = 0.05, 0.1


@torch.no_grad()
def embed_tokens(model: PreTrainedModel, tokenizer: Any, mini_lm: Path, seed: int) -> None:
    """MiniLM's 384 dimensions become the model's by principal components. Tokens without a word piece begin random."""
    try:
        tensors = load_file(mini_lm / "model.safetensors")
        pieces = tensors.get(EMBEDDINGS, tensors.get(f"bert.{EMBEDDINGS}"))
        word_pieces = AutoTokenizer.from_pretrained(mini_lm, local_files_only=True)
    except (OSError, ValueError) as error:
        raise TrainerError("data_invalid", f"The embedder in {mini_lm} can't be read: {error}") from error
    if pieces is None:
        raise TrainerError("data_invalid", f"The embedder in {mini_lm} has no word embeddings.")
    weights = model.get_input_embeddings().weight
    found: dict[int, torch.Tensor] = {}
    for id in range(len(tokenizer)):
        # Labels are words joined by underscores.
        text = tokenizer.decode([id]).replace("_", " ").strip()
        ids = [piece for piece in word_pieces(text, add_special_tokens=False)["input_ids"] if piece != word_pieces.unk_token_id]
        if ids:
            found[id] = pieces[ids].mean(0)
    means = torch.stack(list(found.values()))
    means = means - means.mean(0)
    directions = torch.linalg.svd(means, full_matrices=False)[2][: weights.shape[1]]
    projected = means @ directions.T
    source = torch.Generator().manual_seed(seed)
    weights.normal_(0, SCALE, generator=source)
    weights[torch.tensor(list(found))] = projected / projected.std() * SCALE
    weights += torch.randn(weights.shape, generator=source) * SCALE * NOISE


#: Messages that go through MiniLM at once.
ROWS = 64


@torch.inference_mode()
def sentence_vectors(texts: list[str], mini_lm: Path) -> torch.Tensor:
    """(N, 384) unit vectors: the mean over a message's word pieces, as the embedder makes them."""
    tokenizer = AutoTokenizer.from_pretrained(mini_lm, local_files_only=True)
    model = AutoModel.from_pretrained(mini_lm, local_files_only=True, use_safetensors=True, dtype=torch.float32).eval()
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    vectors = torch.zeros(len(texts), model.config.hidden_size)
    for begin in range(0, len(order), ROWS):
        places = order[begin : begin + ROWS]
        read = tokenizer([texts[at] for at in places], padding=True, truncation=True, max_length=128, return_tensors="pt")
        hidden = model(**read).last_hidden_state
        mask = read["attention_mask"].unsqueeze(-1)
        vectors[places] = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    return vectors
