"""Numbers of labels from pixels: one reading for training, prompts and the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The largest number that a label image is written with.
LARGEST = int(np.iinfo(np.uint32).max)


def label_numbers(
    pixels: NDArray[np.generic], where: str = "The label image"
) -> NDArray[np.generic]:
    """Return the numbers of objects of one plane, as whole numbers.

    Parameters
    ----------
    pixels
        ``(rows, cols)``: whole numbers from 0, also as floats; or ``(rows, cols, c)``,
        where grey values were saved as colours.
    where
        Its name in messages.

    Raises
    ------
    ImageError
        If these are no labels: negative, between whole numbers, NaN, or colours; the
        message says which.
    """
    if pixels.ndim == 3:
        pixels = without_colour(pixels, where)
    if pixels.ndim != 2:
        raise ImageError(
            f"{where} has the shape {pixels.shape}; expected rows and columns."
        )
    if pixels.dtype.kind == "f":
        _check_integers(pixels, where)
    elif pixels.dtype.kind not in "bui":
        raise ImageError(f"{where}: labels are whole numbers, not {pixels.dtype}.")
    if pixels.size and pixels.min() < 0:
        raise ImageError(
            f"{where}: labels are whole numbers from 0, but the smallest is "
            f"{pixels.min():g}. Write 0 where there is no object."
        )
    return pixels.astype(np.int64) if pixels.dtype.kind == "f" else pixels


def without_colour(pixels: NDArray[np.generic], where: str) -> NDArray[np.generic]:
    """Return one channel of a grey image that was saved as colour, or with opacity.

    Raises
    ------
    ImageError
        If the channels differ: these are colours, or several images.
    """
    grey: NDArray[np.generic] = pixels[..., 0]
    colours = pixels[..., :3] if pixels.shape[-1] > 2 else pixels[..., :1]
    if pixels.shape[-1] > 4 or (colours != grey[..., None]).any():
        raise ImageError(
            f"{where} has channels, its shape is {pixels.shape}; expected one whole "
            "number per pixel. Save the numbers of the objects, not their colours, "
            "and stacks with their axes."
        )
    return grey


def _check_integers(pixels: NDArray[np.generic], where: str) -> None:
    values = np.asarray(pixels, np.float64)
    n_invalid = int((~np.isfinite(values)).sum())
    if n_invalid:
        raise ImageError(
            f"{where} has {n_invalid} pixels that are NaN or infinite; expected whole "
            "numbers, 0 where there is no object."
        )
    between = values[values != np.floor(values)]
    if len(between):
        raise ImageError(
            f"{where} has {len(between)} pixels that are no whole numbers, such as "
            f"{between[0]:g}. Labels number the objects; these may be probabilities, "
            "or labels that were resized with interpolation."
        )
