"""Masks of objects in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.api.models import load_backend
from napari_sam.api.promptable import to_promptable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend


def segment(
    image: AnyImage,
    prompts: Prompts,
    *,
    frame: int = 0,
    axes: str | None = None,
    model: str | Backend | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
    connected: bool = True,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Prediction:
    """Return the mask of one object in an image.

    For several prompts on the same image, `segment_many` or a `PromptableImage` encodes
    the image once.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    prompts
        The prompts of the object, e.g. ``Prompts.point(120, 85)``.
    frame
        The plane of a stack or video.
    axes
        One letter of ``t z c y x`` per dimension. A 2D array may leave it out, and so
        may a file that says its axes itself.
    model
        A name, as in `load_backend`, or a backend already open: then `checkpoint`,
        `device` and `precision` are unused.
    appearance
        How pixels are shown to the model. By default, fitted to the image.
    tiling
        How planes are cut. By default, those larger than what the model takes in are.
    connected
        Whether masks of clicks have only the parts that they hit, which SAM's
        own predictor does not do.
    checkpoint, device, precision
        As in `load_backend`.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> coin = sam.segment(coins(), sam.Prompts.point(130, 48))  # doctest: +SKIP
    >>> coin.mask.shape, coin.score  # doctest: +SKIP
    """
    (prediction,) = segment_many(
        image,
        [prompts],
        frame=frame,
        axes=axes,
        model=model,
        appearance=appearance,
        tiling=tiling,
        connected=connected,
        checkpoint=checkpoint,
        device=device,
        precision=precision,
    )
    return prediction


def segment_many(
    image: AnyImage,
    prompts: Sequence[Prompts],
    *,
    frame: int = 0,
    axes: str | None = None,
    model: str | Backend | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
    connected: bool = True,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> list[Prediction]:
    """Return the masks of several objects of one plane, in the same order.

    The image is encoded once. Parameters are those of `segment`.
    """
    if model is None or isinstance(model, str):
        model = load_backend(
            model, checkpoint=checkpoint, device=device, precision=precision
        )
    promptable = to_promptable(
        image, axes, model, appearance=appearance, tiling=tiling, connected=connected
    )
    return promptable.segment_many(prompts, frame)
