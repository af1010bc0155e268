"""Checkpoints of EdgeTAM: from a file of weights to an `EdgeTamBackend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.backends.sam2.edgetam_names import edgetam_state, is_edgetam
from napari_sam.backends.sam2.weights import check_transformers
from napari_sam.backends.weight_files import read_state
from napari_sam.core.errors import CheckpointError
from napari_sam.models.state_dict import differences

if TYPE_CHECKING:
    from napari_sam.backends.sam2.edgetam import EdgeTamBackend


def open_edgetam(
    name: str,
    checkpoint: str | Path | None,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> EdgeTamBackend:
    """Load a checkpoint of EdgeTAM.

    Parameters
    ----------
    name
        For messages and fingerprints.
    checkpoint
        The official file ``edgetam.pt``, or what transformers has written.
    device, precision
        As in `EdgeTamBackend`.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    CheckpointError
        If nothing is given, or it does not hold the weights of EdgeTAM.
    """
    if checkpoint is None:
        raise CheckpointError(
            f"{name} brings no weights in the package. Give a file of them: "
            'checkpoint="FILE", or --checkpoint FILE on the command line.'
        )
    check_transformers(name)
    from napari_sam.backends.sam2.edgetam import (
        EdgeTamBackend,
        edgetam_config,
        edgetam_model,
    )

    path = Path(checkpoint)
    given = read_state(path)
    if not is_edgetam(given):
        raise CheckpointError(
            f"{path} does not hold EdgeTAM. Load it by no name: the file says what it "
            "is."
        )
    state, model = edgetam_state(given), edgetam_model(edgetam_config())
    wrong = differences(model.state_dict(), state)
    if wrong:
        raise CheckpointError(f"{path} does not hold EdgeTAM: {'; '.join(wrong)}.")
    model.load_state_dict(state, strict=True)
    return EdgeTamBackend(model, name=name, device=device, precision=precision)
