"""The factory of this package's own models, which its entry points name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from napari_sam.core.protocols import Backend

#: Models whose weights nobody may hand out: a person gives a folder of them.
BY_HAND = ("sam3",)
_PRECISIONS = ("auto", "float32", "bfloat16")


def open_backend(
    name: str,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    architecture: str | None = None,
    fit: Literal["pad", "stretch"] = "pad",
    values: Literal["normalised", "unit"] = "normalised",
    percentiles: tuple[float, float] | None = None,
    decoder: Path | None = None,
) -> Backend:
    """Open one of this package's models as a backend.

    Parameters
    ----------
    name
        ``pocket``, ``vit_t``, ``vit_b``, ``vit_l`` or ``vit_h``, or these with
        ``sam_hq_`` before; ``sam2.1_t``, ``sam2_t`` and their larger sizes ``s``, ``b``
        and ``l``; ``sam3``, ``edgetam``; or any name, with an architecture.
    checkpoint
        A file of weights, or a folder that transformers has written one into. Only
        `pocket` has some in the package.
    device
        ``auto``, or what torch calls a device: ``cpu``, ``cuda``, ``mps``.
    precision
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 for the `vit` encoders where
        the machine is fast at it.
    architecture
        One of the names above; ``sam`` or ``sam2`` for other sizes. By default, what
        the name says.
    fit, values, percentiles, decoder
        As in `open_sam`; SAM 2 has its own.

    Raises
    ------
    CheckpointError
        If there are no weights, or they do not fit the model.
    MissingPackageError
        If the model needs a package that is not installed.
    ModelError
        If the device or the precision cannot be had.
    """
    if precision not in _PRECISIONS:
        raise ModelError(
            f"precision={precision!r}: expected one of {', '.join(_PRECISIONS)}."
        )
    if (architecture or name) == "pocket":
        from napari_sam.backends.pocket import open_pocket

        return open_pocket(checkpoint, device=device, precision=precision)
    if (architecture or name) == "sam3":
        from napari_sam.backends.sam3.weights import open_sam3

        return open_sam3(name, checkpoint, device=device, precision=precision)
    if (architecture or name) == "edgetam":
        from napari_sam.backends.sam2.edgetam_weights import open_edgetam

        return open_edgetam(name, checkpoint, device=device, precision=precision)
    if (architecture or name).startswith("sam2"):
        from napari_sam.backends.sam2.weights import open_sam2

        return open_sam2(
            name,
            checkpoint,
            architecture=architecture,
            device=device,
            precision=precision,
        )
    from napari_sam.backends.sam_weights import open_sam

    return open_sam(
        name,
        checkpoint,
        architecture=architecture,
        device=device,
        precision=precision,
        fit=fit,
        values=values,
        percentiles=percentiles,
        decoder=decoder,
    )


def open_file(
    checkpoint: str | Path, *, device: str = "auto", precision: str = "auto"
) -> Backend:
    """Open a file of weights as a backend, by the architecture that it holds.

    Raises
    ------
    CheckpointError
        If it holds the weights of none of ours.
    ModelError
        If the device or the precision cannot be had.
    """
    from napari_sam.backends.weight_files import identify

    found = identify(Path(checkpoint))
    return open_backend(
        found, checkpoint=checkpoint, device=device, precision=precision
    )
