"""Checkpoints of SAM 3: from a folder of the user's to a `Sam3Backend`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.backends.licences import check_accepted
from napari_sam.backends.sam2.weights import check_transformers
from napari_sam.backends.weight_files import IN_FOLDER, read_state
from napari_sam.backends.words.folder import kind_of, load_tokenizer
from napari_sam.core.errors import CheckpointError
from napari_sam.models.state_dict import differences

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Sam3VideoModel

    from napari_sam.backends.sam3.backend import Sam3Backend

_CONFIG = "config.json"
_EXPECTED = (
    "expected the folder facebook/sam3 of huggingface.co, with config.json, "
    "model.safetensors and its tokenizer"
)
#: transformers 5.23 writes the first in place of the second.
_TWICE, _ONCE = "tracker_model.tracker_model.", "tracker_model."


def open_sam3(
    name: str,
    checkpoint: str | Path | None,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> Sam3Backend:
    """Load SAM 3 from a folder, once its licence is accepted.

    Parameters
    ----------
    name
        For messages and fingerprints.
    checkpoint
        The folder as Meta publishes it for transformers, or the file of weights in it.
    device, precision
        As in `Sam3Backend`.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    CheckpointError
        If nothing is given, the folder does not hold SAM 3, or its licence has not been
        accepted.
    """
    if checkpoint is None:
        raise CheckpointError(
            f"{name} cannot be downloaded for you: Meta gives its weights to those who "
            "accept its licence, at huggingface.co/facebook/sam3. Give the folder: "
            'checkpoint="FOLDER", or --checkpoint FOLDER on the command line.'
        )
    given = Path(checkpoint)
    folder = given.parent if given.name == IN_FOLDER else given
    kind = kind_of(folder)
    if kind != "sam3_video":
        raise CheckpointError(f"{folder} holds {kind or 'no model'}; {_EXPECTED}.")
    check_accepted("sam3", folder=folder)
    check_transformers(name)
    from napari_sam.backends.sam3.backend import Sam3Backend

    model = _model(folder)
    tokenizer = load_tokenizer(folder, expected=_EXPECTED)
    return Sam3Backend(model, tokenizer, name=name, device=device, precision=precision)


def _model(folder: Path) -> Sam3VideoModel:
    from transformers import Sam3VideoConfig, Sam3VideoModel

    try:
        described = json.loads((folder / _CONFIG).read_text("utf-8"))
        model = Sam3VideoModel(Sam3VideoConfig.from_dict(described))
    except Exception as wrong:
        # Whatever transformers raises at fields that it does not like.
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise CheckpointError(
            f"{folder / _CONFIG} is no configuration of SAM 3: {reason}"
        ) from wrong
    state = _as_in_model(read_state(folder))
    wrong_tensors = differences(model.state_dict(), state)
    if wrong_tensors:
        raise CheckpointError(
            f"{folder} does not hold SAM 3: {'; '.join(wrong_tensors)}."
        )
    model.load_state_dict(state, strict=True)
    return model


def _as_in_model(state: dict[str, Tensor]) -> dict[str, Tensor]:
    if not any(name.startswith(_TWICE) for name in state):
        return state
    return {
        _ONCE + name.removeprefix(_TWICE) if name.startswith(_TWICE) else name: value
        for name, value in state.items()
    }
