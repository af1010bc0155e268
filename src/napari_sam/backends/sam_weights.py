"""Checkpoints of Segment Anything: from a file of weights to a `SamBackend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_sam.backends.sam import SamBackend
from napari_sam.backends.sam2.parameter_names import is_sam2
from napari_sam.backends.sam2.published_sizes import sam2_name
from napari_sam.backends.weight_files import read_decoder, read_weights
from napari_sam.core.errors import CheckpointError, UnknownModelError
from napari_sam.models.config import PUBLISHED
from napari_sam.models.state_dict import guess_config, published_name, sam_from_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_sam.models.sam import Sam


def open_sam(
    name: str,
    checkpoint: str | Path | None,
    *,
    architecture: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    fit: Literal["pad", "stretch"] = "pad",
    values: Literal["normalised", "unit"] = "normalised",
    percentiles: tuple[float, float] | None = None,
    decoder: Path | None = None,
) -> SamBackend:
    """Load a checkpoint of a named size, or of any.

    Parameters
    ----------
    name
        For messages and fingerprints.
    checkpoint
        The file of weights.
    architecture
        A named size, which the file must have, or ``sam`` for any. By default, what
        the name says.
    device, precision, fit, values, percentiles
        As in `SamBackend`.
    decoder
        A file with the tensors of a second decoder, which become extras.

    Raises
    ------
    UnknownModelError
        If there is no such size.
    CheckpointError
        If no file is given, or it does not hold the weights of that size.
    """
    size = architecture or name
    path = _check_choice(name, size, checkpoint)
    weights = read_weights(path)
    extras = weights.extras
    if decoder is not None:
        extras = extras | read_decoder(decoder)
    return SamBackend(
        _model_of_size(path, weights.state, size),
        name=name,
        device=device,
        precision=precision,
        fit=fit,
        values=values,
        percentiles=percentiles,
        extras=extras,
    )


def _check_choice(name: str, size: str, checkpoint: str | Path | None) -> Path:
    """Refuse a size that is not known, and a model without a file of weights."""
    if size not in (*PUBLISHED, "sam"):
        raise UnknownModelError(
            f"There is no model {size!r}. Known sizes: {', '.join(PUBLISHED)}."
        )
    if checkpoint is None:
        raise CheckpointError(
            f"{name} brings no weights in the package. Give a file of them: "
            f'checkpoint="FILE", or --checkpoint FILE on the command line; or take '
            'the model "pocket", which needs none.'
        )
    return Path(checkpoint)


def _model_of_size(path: Path, state: Mapping[str, Tensor], size: str) -> Sam:
    """Build the model of a state dict; refuse one of another size."""
    if is_sam2(state):
        raise CheckpointError(_other_size(path, size, sam2_name(state)))
    try:
        config = guess_config(state)
        model = sam_from_state({k: _as_float32(v) for k, v in state.items()})
    except (ValueError, LookupError, ArithmeticError, RuntimeError) as wrong:
        raise CheckpointError(f"{path}: {wrong}") from wrong
    if size != "sam" and published_name(config) != size:
        other = published_name(config) or f"a model of other sizes ({config})"
        raise CheckpointError(_other_size(path, size, other))
    return model


def _other_size(path: Path, size: str, found: str) -> str:
    return (
        f"{path} does not hold {size}, but {found}. Load it by the name of its own "
        "size, or by no name."
    )


def _as_float32(value: Tensor) -> Tensor:
    """Undo a rounding that only the file needed."""
    return value.float() if value.is_floating_point() else value
