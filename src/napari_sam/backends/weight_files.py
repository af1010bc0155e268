"""Files of weights, read without executing anything, and their architectures."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from napari_sam.core.errors import CheckpointError
from napari_sam.models.config import SamConfig
from napari_sam.models.state_dict import guess_config, split_extras

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The sizes of Segment Anything that have a name.
SIZES = ("vit_t", "vit_b", "vit_l", "vit_h")
#: What a second decoder's tensors are called among the extras.
INSTANCE_DECODER = "instance_decoder."
#: Keys under which training programs wrap the weights.
_WRAPPERS = ("model", "model_state", "state_dict", "model_state_dict")
#: The key under which micro-sam keeps its second decoder next to them.
_DECODER = "decoder_state"
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

    Nothing in the file is executed: a pickle that asks for anything but tensors is
    refused.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or holds anything but weights.
    """
    loaded, metadata = _load(path)
    found = _unwrapped(path, loaded)
    state, extras = split_extras(found)
    if isinstance(loaded, dict) and isinstance(loaded.get(_DECODER), dict):
        extras |= _as_extras(_checked(path, loaded[_DECODER]))
    return Weights(state, extras, metadata)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of the model itself; see `read_weights`."""
    return read_weights(path).state


def read_decoder(path: Path) -> dict[str, Tensor]:
    """Read a second decoder from a file of its own, named as an extra."""
    loaded, _ = _load(path)
    return _as_extras(_checked(path, loaded))


def architecture_of(weights: Weights) -> str:
    """Return ``pocket``, one of `SIZES`, or ``sam`` for other sizes.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if _POCKET in weights.state:
        return "pocket"
    return name_of(guess_config(weights.state)) or "sam"


def name_of(config: SamConfig) -> str | None:
    """Return the name of a published size."""
    for name in SIZES:
        if config == getattr(SamConfig, name)():
            return name
    return None


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
    except ValueError as wrong:
        raise CheckpointError(f"{path}: {wrong}") from wrong


def _load(path: Path) -> tuple[object, Mapping[str, str]]:
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}.")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
            return load_file(path), metadata
        return torch.load(path, map_location="cpu", weights_only=True), {}
    except pickle.UnpicklingError as wrong:
        raise CheckpointError(
            f"{path} is damaged, or holds Python objects besides tensors; those are "
            "never loaded, since they can run any program. Save its state dict alone, "
            "as safetensors."
        ) from wrong
    except (OSError, RuntimeError, EOFError, SafetensorError) as wrong:
        reason = str(wrong).strip().splitlines()[:1] or [type(wrong).__name__]
        raise CheckpointError(f"{path} cannot be read: {reason[0]}") from wrong


def _unwrapped(path: Path, loaded: object) -> dict[str, Tensor]:
    """Find the tensors in what a training program saved."""
    for wrapper in _WRAPPERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(wrapper), dict):
            loaded = loaded[wrapper]
            break
    state = _checked(path, loaded)
    return {name.removeprefix("sam."): value for name, value in state.items()}


def _as_extras(decoder: dict[str, Tensor]) -> dict[str, Tensor]:
    return {INSTANCE_DECODER + name: value for name, value in decoder.items()}


def _checked(path: Path, loaded: object) -> dict[str, Tensor]:
    """Return a state dict; refuse anything else."""
    if not isinstance(loaded, dict) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in loaded.items()
    ):
        raise CheckpointError(f"{path} holds no state dict: names and tensors.")
    return loaded
