"""Checkpoints of SAM 2: from a file or a folder of weights to a `Sam2Backend`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.backends.sam2.parameter_names import as_in_transformers, is_sam2
from napari_sam.backends.sam2.published_sizes import NAMES, OTHER, config_of, sam2_name
from napari_sam.backends.weight_files import IN_FOLDER, read_state
from napari_sam.core.errors import (
    CheckpointError,
    MissingPackageError,
    UnknownModelError,
)
from napari_sam.models.state_dict import differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor
    from transformers import Sam2VideoConfig, Sam2VideoModel

    from napari_sam.backends.sam2.backend import Sam2Backend

#: Beside the weights, in a folder that transformers has written.
_CONFIG = "config.json"


def open_sam2(
    name: str,
    checkpoint: str | Path | None,
    *,
    architecture: str | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Sam2Backend:
    """Load a checkpoint of a named size, or of any.

    Parameters
    ----------
    name
        For messages and fingerprints.
    checkpoint
        An official file, a file that transformers has written, or the folder that it
        has written with its ``config.json``.
    architecture
        A named size such as ``sam2.1_t``, or ``sam2`` for others, which only a folder
        can say. By default, what the name says.
    device, precision
        As in `Sam2Backend`.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    UnknownModelError
        If there is no such size.
    CheckpointError
        If nothing is given, or it does not hold the weights of that size.
    """
    size = architecture or name
    if size not in (*NAMES, OTHER):
        known = ", ".join(NAMES)
        raise UnknownModelError(f"There is no model {size!r}. Known sizes: {known}.")
    if checkpoint is None:
        raise CheckpointError(
            f"{name} brings no weights in the package. Give a file of them: "
            'checkpoint="FILE", or --checkpoint FILE on the command line.'
        )
    check_transformers(name)
    from napari_sam.backends.sam2.backend import Sam2Backend

    path = Path(checkpoint)
    model = _model(path, read_state(path), size)
    return Sam2Backend(model, name=name, device=device, precision=precision)


def check_transformers(name: str) -> None:
    """Import transformers, which takes seconds.

    Raises
    ------
    MissingPackageError
        If it cannot be imported.
    """
    try:
        from transformers import Sam2VideoModel  # noqa: F401
    except ImportError as wrong:
        raise MissingPackageError(
            f"{name} needs transformers, which cannot be imported: {wrong}. Install "
            'the extra sam2, or the package: pip install "transformers>=5.20,<6".'
        ) from wrong


def _model(path: Path, given: Mapping[str, Tensor], size: str) -> Sam2VideoModel:
    """Build the model of a state dict; refuse one of another size."""
    from transformers import Sam2VideoModel

    if not is_sam2(given):
        raise CheckpointError(
            f"{path} does not hold {size}, nor any other SAM 2. Load it by no name: "
            "the file says what it is."
        )
    state = as_in_transformers(given)
    config = _config(path, state, size)
    model = Sam2VideoModel(config)
    wrong = differences(model.state_dict(), state)
    if wrong:
        raise CheckpointError(f"{path} does not hold {size}: {'; '.join(wrong)}.")
    model.load_state_dict(state, strict=True)
    return model


def _config(path: Path, state: Mapping[str, Tensor], size: str) -> Sam2VideoConfig:
    found = sam2_name(state)
    folder = path.parent if path.name == IN_FOLDER else path
    described = folder / _CONFIG
    if size in (OTHER, found) and described.is_file():
        return _read_config(described)
    if found == OTHER:
        raise CheckpointError(
            f"{path} holds a SAM 2 of none of the published sizes, and they are not in "
            f"the file. Give the folder that transformers has written, with {_CONFIG}."
        )
    if size not in (OTHER, found):
        raise CheckpointError(
            f"{path} does not hold {size}, but {found}. Load it by the name of its own "
            "size, or by no name."
        )
    return config_of(found)


def _read_config(path: Path) -> Sam2VideoConfig:
    from transformers import Sam2VideoConfig

    try:
        return Sam2VideoConfig.from_dict(json.loads(path.read_text("utf-8")))
    except Exception as wrong:
        # Whatever transformers raises at fields that it does not like.
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise CheckpointError(
            f"{path} is no configuration of SAM 2: {reason}"
        ) from wrong
