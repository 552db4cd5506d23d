"""A base from the Hugging Face hub: into the hub's own cache, whole or not at all, and from it when the hub is away."""

from __future__ import annotations

import json
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from . import events
from .base_files import CARD, FILES, check_config, check_names
from .errors import TrainerError


def fetch(id: str) -> Path:
    try:
        return _download(id)
    except GatedRepoError:
        raise _gated(id) from None
    except RepositoryNotFoundError as error:
        # The hub says 401 of what is private and of what does not exist alike; with a token it says 404 of the latter.
        raise TrainerError(
            "base_missing", f"The hub has no model {id}, or it is private and the token (HF_TOKEN) may not read it.", id=id
        ) from error
    except HFValidationError as error:
        raise TrainerError("base_missing", f"{id} is no name of a model on the hub.", id=id) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403):
            raise _gated(id) from error
        return _from_cache(id, f"it answered {status}")
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        return _from_cache(id, type(error).__name__)


def _download(id: str) -> Path:
    # The weights are the dear part: whether they may be had and are safe is known from two small requests.
    check_names(huggingface_hub.HfApi().list_repo_files(id))
    check_config(json.loads(Path(huggingface_hub.hf_hub_download(id, "config.json")).read_text("utf-8")))
    return Path(huggingface_hub.snapshot_download(id, allow_patterns=[*FILES, CARD]))


def _from_cache(id: str, why: str) -> Path:
    try:
        folder = Path(huggingface_hub.snapshot_download(id, allow_patterns=[*FILES, CARD], local_files_only=True))
    except (LocalEntryNotFoundError, OSError):
        raise TrainerError(
            "hub_unreachable", f"The hub can't be reached ({why}), and {id} is not in the cache of this machine.", id=id
        ) from None
    events.warn(f"The hub can't be reached ({why}): {id} is taken from the cache of this machine.")
    return folder


def _gated(id: str) -> TrainerError:
    return TrainerError(
        "base_gated",
        f"{id} is gated: accept its licence on the hub and give the worker a token (HF_TOKEN) of that account.",
        id=id,
    )
