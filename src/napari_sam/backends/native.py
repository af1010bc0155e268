"""Our own models by name: the factory that the entry points of this package name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.protocols import Backend

_PRECISIONS = ("auto", "float32", "bfloat16")


def open_backend(
    name: str,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Backend:
    """Open a model of ours.

    Parameters
    ----------
    name
        ``pocket``, ``vit_t``, ``vit_b``, ``vit_l`` or ``vit_h``.
    checkpoint
        A file of weights. Only `pocket` has some in the package.
    device
        ``auto``, or what torch calls a device: ``cpu``, ``cuda``, ``mps``.
    precision
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 for the `vit` encoders where
        the machine is fast at it.

    Raises
    ------
    CheckpointError
        If there are no weights, or they do not fit the model.
    ModelError
        If the device or the precision cannot be had.
    """
    if precision not in _PRECISIONS:
        raise ModelError(
            f"precision={precision!r}: expected one of {', '.join(_PRECISIONS)}."
        )
    if name == "pocket":
        from napari_sam.backends.pocket import open_pocket

        return open_pocket(checkpoint, device=device, precision=precision)
    from napari_sam.backends.sam import open_sam

    return open_sam(name, checkpoint, device=device, precision=precision)
