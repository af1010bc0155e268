"""Folders that hold a model of words as transformers writes it; nothing is fetched."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import CheckpointError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Loaded(NamedTuple):
    """A network in evaluation mode, and the tokenizer beside it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def kind_of(folder: Path) -> str:
    """Return which model a folder holds, by its own words; empty if it does not say."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def load(folder: Path, class_name: str, *, expected: str) -> Loaded:
    """Load a class of transformers and its tokenizer from a folder.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    CheckpointError
        If a file is missing or damaged, or tensors are missing in them.
    """
    try:
        import transformers
    except ImportError:
        raise MissingPackageError(
            'Words need transformers: pip install "transformers>=5.20,<6".'
        ) from None
    try:
        with _without_bars():
            model, loading = getattr(transformers, class_name).from_pretrained(
                folder, local_files_only=True, output_loading_info=True
            )
    except (OSError, ValueError, KeyError, RuntimeError) as wrong:
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise CheckpointError(f"{folder}: {reason}; {expected}.") from wrong
    if loading["missing_keys"]:
        some = ", ".join(sorted(loading["missing_keys"])[:3])
        raise CheckpointError(
            f"{folder} lacks {len(loading['missing_keys'])} tensors, such as {some}; "
            f"{expected}."
        )
    return Loaded(model.eval(), load_tokenizer(folder, expected=expected))


def load_tokenizer(folder: Path, *, expected: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a folder.

    Raises
    ------
    CheckpointError
        If there is none that can be read.
    """
    from transformers import AutoTokenizer

    refusal = f"{folder} holds no tokenizer that can be read; {expected}."
    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as wrong:
        # Readers of vocabularies raise errors of any type at files that they miss.
        raise CheckpointError(refusal) from wrong
    # Without a vocabulary one is made of its marks alone, to which all words are alike.
    if len(found) <= len(found.all_special_tokens):
        raise CheckpointError(refusal)
    return found


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing progress bars; those who ask for ours get ours."""
    from transformers.utils import logging

    if not logging.is_progress_bar_enabled():
        yield
        return
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()
