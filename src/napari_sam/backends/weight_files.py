"""Files of weights, read without executing anything, and their architectures."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from napari_sam.backends.file_kinds import is_safetensors, refuse_other_kinds
from napari_sam.backends.sam2.edgetam_names import is_edgetam
from napari_sam.backends.sam2.parameter_names import is_sam2
from napari_sam.backends.sam2.published_sizes import sam2_name
from napari_sam.backends.transformers_names import (
    has_transformers_names,
    with_published_names,
)
from napari_sam.backends.wrapped_weights import checked_state, unwrapped
from napari_sam.core.errors import CheckpointError
from napari_sam.models.state_dict import guess_config, published_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: What a second decoder's tensors are called among the extras.
INSTANCE_DECODER = "instance_decoder."
#: The key under which micro-sam keeps its second decoder next to them.
_DECODER = "decoder_state"
#: What transformers calls the file of weights in its folders.
IN_FOLDER = "model.safetensors"
#: What names of SAM 3 begin with, as transformers has them.
_SAM3 = "detector_model."
#: A key that only `pocket` has.
_POCKET = "decoder.iou_token.weight"


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    Attributes
    ----------
    state
        The tensors of the model itself, by name.
    extras
        Those of further decoders that belong to it, for whoever uses them.
    metadata
        What the file says of itself; empty but for safetensors.
    """

    state: dict[str, Tensor]
    extras: dict[str, Tensor]
    metadata: Mapping[str, str]


def read_weights(path: Path) -> Weights:
    """Read a file of weights: safetensors, or torch's own format, tensors only.

    A folder that transformers has written is read as the file of weights in it.

    Nothing in the file is executed: a pickle that asks for anything but tensors is
    refused.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or holds anything but weights.
    """
    loaded, metadata = _load(path)
    state, extras = _model_state(path, loaded), {}
    if isinstance(loaded, dict) and isinstance(loaded.get(_DECODER), dict):
        extras = _as_extras(checked_state(path, loaded[_DECODER]))
    return Weights(state, extras, metadata)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of the model itself; see `read_weights`."""
    return read_weights(path).state


def read_decoder(path: Path) -> dict[str, Tensor]:
    """Read a second decoder from a file of its own, named as an extra."""
    loaded, _ = _load(path)
    return _as_extras(checked_state(path, loaded))


def architecture_of(weights: Weights) -> str:
    """Return ``pocket``, one of `PUBLISHED`, or ``sam`` for other sizes.

    Of SAM 2, return a name as of `sam2_name`; of others, ``sam3`` or
    ``edgetam``.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if _POCKET in weights.state:
        return "pocket"
    if any(name.startswith(_SAM3) for name in weights.state):
        return "sam3"
    if is_edgetam(weights.state):
        return "edgetam"
    if is_sam2(weights.state):
        return sam2_name(weights.state)
    return published_name(guess_config(weights.state)) or "sam"


def identify(path: Path) -> str:
    """Return the architecture that a file holds the weights of.

    Raises
    ------
    CheckpointError
        If it cannot be read, or holds something else.
    """
    return identified(path)[0]


def identified(path: Path) -> tuple[str, Weights]:
    """Return the architecture and the weights of a file; see `identify`."""
    weights = read_weights(path)
    try:
        return architecture_of(weights), weights
    except (ValueError, LookupError, ArithmeticError, RuntimeError) as wrong:
        raise CheckpointError(f"{path}: {wrong}") from wrong


def _load(path: Path) -> tuple[object, Mapping[str, str]]:
    """Read what a file holds, whatever its suffix: what it is, its bytes say."""
    path = _file_of(path)
    try:
        refuse_other_kinds(path)
        if is_safetensors(path):
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
            return load_file(path), metadata
        return torch.load(path, map_location="cpu", weights_only=True), {}
    except CheckpointError:
        raise
    except pickle.UnpicklingError as wrong:
        raise CheckpointError(
            f"{path} is damaged, or holds Python objects besides tensors; those are "
            "never loaded, since they can run any program. Save its state dict alone, "
            "as safetensors."
        ) from wrong
    except Exception as wrong:
        # Readers of archives and pickles raise errors of any type at damaged bytes.
        reason = str(wrong).strip().splitlines()[:1] or [type(wrong).__name__]
        raise CheckpointError(f"{path} cannot be read: {reason[0]}") from wrong


def _file_of(path: Path) -> Path:
    """Return the file of weights at a path: itself, or the one in a folder."""
    file = path / IN_FOLDER if path.is_dir() else path
    if not file.is_file():
        raise CheckpointError(f"There is no file {file}.")
    return file


def _model_state(path: Path, loaded: object) -> dict[str, Tensor]:
    """Find the tensors in what a training program saved; refuse what cannot be used."""
    state = unwrapped(path, loaded)
    if has_transformers_names(state) and not (is_sam2(state) or is_edgetam(state)):
        state = with_published_names(state)
    _check_finite(path, state)
    return state


def _check_finite(path: Path, state: Mapping[str, Tensor]) -> None:
    for name, value in state.items():
        if value.is_meta:
            raise CheckpointError(
                f"{path} holds names and shapes without values, as of {name!r}: save "
                "the weights from the device that has them."
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise CheckpointError(
                f"{path} holds numbers that are not finite, in {name!r}: training went "
                "wrong there, or the file is damaged. Take an earlier one."
            )


def _as_extras(decoder: dict[str, Tensor]) -> dict[str, Tensor]:
    return {INSTANCE_DECODER + name: value for name, value in decoder.items()}
