"""The rule of L*a*b* colours, which become sRGB as in colour management."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.readers.colour_rules import ColourRule

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

#: White of D50, to which L*a*b* of files relates.
D50 = (0.3457, 0.3585)
_WHITE = np.array([0.9642, 1.0, 0.8249])
#: X, Y, Z under D50 to linear sRGB: IEC 61966-2-1 after Bradford's adaptation.
_TO_SRGB = np.array([
    [3.1338561, -1.6168667, -0.4906146],
    [-0.9787684, 1.9161415, 0.0334540],
    [0.0719453, -0.2289914, 1.4052427],
])  # fmt: skip
#: Where CIE 1976 changes from the cube root to a line.
_BEND = 6 / 29


def of_lab(dtype: DTypeLike, *, is_icc: bool) -> ColourRule:
    """Return the rule of L*a*b* under D50.

    Parameters
    ----------
    dtype
        Of the samples, unsigned with 8 or 16 bits; colours have it, too.
    is_icc
        Whether a* and b* are stored as in ICC profiles (TIFF's ICCLab), and not as
        signed numbers (TIFF's CIELab).
    """
    kind = np.dtype(dtype).newbyteorder("=")
    scale = 256.0 ** (kind.itemsize - 1)
    most = float(np.iinfo(kind).max)
    # L* of ICC profiles of 16 bits is 100 at FF00.
    light = 255.0 * scale if is_icc else most

    def convert(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        stored = pixels[..., :3].astype(kind)
        if is_icc:
            tints = stored[..., 1:] / scale - 128.0
        else:
            tints = np.ascontiguousarray(stored[..., 1:]).view(f"i{kind.itemsize}")
            tints = tints / scale
        found = _srgb(stored[..., 0] * (100.0 / light), tints)
        return np.asarray(np.rint(found * most), kind)

    return ColourRule(convert, 3, kind)


def _srgb(
    light: NDArray[np.float64], tints: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sRGB from 0 to 1 of L* and of a*, b*."""
    y = (light + 16) / 116
    xyz = np.stack([y + tints[..., 0] / 500, y, y - tints[..., 1] / 200], -1)
    xyz = np.where(xyz > _BEND, xyz**3, 3 * _BEND**2 * (xyz - 4 / 29)) * _WHITE
    linear = np.clip(xyz @ _TO_SRGB.T, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    found: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return found
