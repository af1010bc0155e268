"""Colours of outlines that are being drawn, and of objects and classes beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.pictures import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Of the mask that is being made, and of that under the mouse.
PREVIEW, HOVER = "#56b4e9", "#f0e442"
#: What takes the place of colours that could be taken for these.
_INSTEAD = ((150, 225, 75), (190, 125, 85), (225, 75, 95))
#: Distance in CIELAB below which two colours look alike beside an image.
_ALIKE = 25.0
#: From linear sRGB to CIE XYZ.
_TO_XYZ = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)


def lab(colours: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return colours as CIELAB, in which distances are those that are seen.

    Parameters
    ----------
    colours
        ``(n, 3)``, red, green and blue from 0 to 255, as sRGB.

    Returns
    -------
    Colours
        ``(n, 3)`` float64: lightness, and the two axes of hue.
    """
    parts = np.asarray(colours, np.float64).reshape(-1, 3) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.transpose(_TO_XYZ) / (0.9505, 1.0, 1.089)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def _parts(name: str) -> tuple[int, int, int]:
    red, green, blue = (int(name[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _object_colours() -> tuple[tuple[int, int, int], ...]:
    """Return the colours of pictures, without those that outlines have."""
    taken = lab([_parts(PREVIEW), _parts(HOVER)])
    apart = np.linalg.norm(lab(COLOURS)[:, None] - taken, axis=2).min(axis=1)
    return (*(c for c, d in zip(COLOURS, apart, strict=True) if d > _ALIKE), *_INSTEAD)


#: Of objects and of classes, in the order in which they are given.
OBJECT_COLOURS = _object_colours()
