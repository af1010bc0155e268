"""Colours of a TIFF: the rule of its photometric interpretation, or a refusal."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.readers import colour_rules
from napari_sam.io.readers.lab_colours import D50, of_lab

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tifffile import TiffPage

    from napari_sam.io.readers.colour_rules import ColourRule

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _MASK = 0, 1, 2, 3, 4
_SEPARATED, _YCBCR = 5, 6
_LAB: Mapping[int, str] = MappingProxyType({8: "CIE L*a*b*", 9: "ICC L*a*b*"})
#: Interpretations that are refused, by their number.
_REFUSED: Mapping[int, str] = MappingProxyType({
    10: "ITU L*a*b*",
    32803: "of a colour filter array",
    32844: "LogL", 32845: "LogLuv", 34892: "raw data of a camera (LinearRaw)",
    51177: "a depth map",
})  # fmt: skip
#: Kinds of series in which a palette is a look-up table for the screen.
_MICROSCOPES = frozenset(("imagej", "ome", "lsm", "stk", "fluoview", "nih", "mmstack"))
#: Compressions of JPEG and its successors, whose decoder returns RGB.
_DECODED_TO_RGB = frozenset((6, 7, 33003, 33004, 33005, 33007, 34712))
_INK_SET, _LUMA, _BLACK_WHITE, _WHITE_POINT = 332, 529, 532, 318
_CIE_LAB = 8
#: Whites that differ by less are one, in x and y.
_CLOSE_WHITE = 0.002
_STRAIGHT, _PREMULTIPLIED = 2, 1


def rule_of_tiff(
    page: TiffPage, kind: str, axes: str, path: Path | str
) -> ColourRule | None:
    """Return the rule of a page; None if its samples are what they are.

    Parameters
    ----------
    page
        The first page of a series.
    kind
        Of the series, as tifffile names it.
    axes
        Letters of the series; ``c`` are samples or channels.
    path
        Its name in messages.

    Raises
    ------
    NotAnImageError
        If colours are stored in a way that is not read; it is named.
    """
    photometric = int(page.photometric)
    if photometric in _REFUSED:
        raise NotAnImageError(_refusal(path, _REFUSED[photometric]))
    if photometric == _MIN_IS_WHITE:
        return _inverted(page, path)
    if photometric == _PALETTE:
        return _palette(page, kind)
    if photometric in _LAB:
        return _lab(page, photometric, path)
    if photometric == _SEPARATED:
        return _inks(page, path)
    if photometric == _YCBCR:
        return _luma(page, path)
    if photometric == _MIN_IS_BLACK:
        return _grey(page)
    if photometric in (_RGB, _MASK):
        return _colours(page, kind, axes)
    raise NotAnImageError(_refusal(path, f"of the unknown kind {photometric}"))


def _refusal(path: Path | str, what: str) -> str:
    return f"{path}: its colours are {what}, which is not read. Save it as RGB."


def _alpha(page: TiffPage) -> int:
    """Return how the sample after the colours is opacity; 0 if it is not."""
    kinds = [int(k) for k in page.extrasamples]
    return kinds[0] if kinds[:1] in ([_STRAIGHT], [_PREMULTIPLIED]) else 0


def _grey(page: TiffPage, inverted: int | None = None) -> ColourRule | None:
    if page.samplesperpixel == 2 and _alpha(page):
        return colour_rules.without_alpha(
            premultiplied=_alpha(page) == _PREMULTIPLIED, inverted=inverted
        )
    return None if inverted is None else colour_rules.of_inverted(inverted)


def _inverted(page: TiffPage, path: Path | str) -> ColourRule | None:
    if page.dtype is None or page.dtype.kind not in "bui":
        raise NotAnImageError(_refusal(path, f"{page.dtype}, of which 0 is white"))
    if page.samplesperpixel > 1 and not _alpha(page):
        raise NotAnImageError(
            _refusal(path, f"{page.samplesperpixel} channels, of which 0 is white")
        )
    return _grey(page, page.bitspersample)


def _palette(page: TiffPage, kind: str) -> ColourRule | None:
    if page.colormap is None:
        return None
    table = colour_rules.colour_table(page.colormap)
    if kind in _MICROSCOPES and colour_rules.is_look_up_table(table):
        return None
    return colour_rules.of_palette(table, samples=page.samplesperpixel > 1)


def _inks(page: TiffPage, path: Path | str) -> ColourRule:
    tag = page.tags.get(_INK_SET)
    dtype = page.dtype
    if page.samplesperpixel < 4 or dtype is None or dtype.kind != "u":
        raise NotAnImageError(
            _refusal(path, f"inks of {page.samplesperpixel} samples of {dtype}")
        )
    if tag is not None and int(tag.value) != 1:
        raise NotAnImageError(_refusal(path, "inks other than CMYK"))
    return colour_rules.of_inks(page.bitspersample)


def _luma(page: TiffPage, path: Path | str) -> ColourRule | None:
    if int(page.compression) in _DECODED_TO_RGB:
        return None
    if page.is_subsampled or page.bitspersample != 8 or page.samplesperpixel < 3:
        raise NotAnImageError(_refusal(path, "YCbCr, subsampled or not of 8 bits"))
    return colour_rules.of_luma(
        _rationals(page, _LUMA) or colour_rules.LUMA,
        _rationals(page, _BLACK_WHITE) or colour_rules.FULL_RANGE,
    )


def _lab(page: TiffPage, photometric: int, path: Path | str) -> ColourRule:
    """Return the rule of L*a*b* that relates to D50, as nearly all does."""
    name, white = _LAB[photometric], _rationals(page, _WHITE_POINT) or D50
    dtype, bits = page.dtype, page.bitspersample
    if int(page.compression) in _DECODED_TO_RGB or page.samplesperpixel < 3:
        raise NotAnImageError(_refusal(path, f"{name}, compressed as a photograph"))
    if dtype is None or dtype.kind not in "ui" or bits not in (8, 16):
        raise NotAnImageError(_refusal(path, f"{name} of {bits} bits of {dtype}"))
    if max(abs(w - d) for w, d in zip(white, D50, strict=False)) > _CLOSE_WHITE:
        raise NotAnImageError(_refusal(path, f"{name} of another white than D50"))
    return of_lab(f"u{bits // 8}", is_icc=photometric != _CIE_LAB)


def _rationals(page: TiffPage, code: int) -> tuple[float, ...]:
    """Return the fractions of a tag, which come as one list of whole numbers."""
    tag = page.tags.get(code)
    values = [] if tag is None else [float(v) for v in tag.value]
    return tuple(
        n / (d or 1.0) for n, d in zip(values[::2], values[1::2], strict=False)
    )


def _colours(page: TiffPage, kind: str, axes: str) -> ColourRule | None:
    samples = page.samplesperpixel
    if _alpha(page) == _PREMULTIPLIED and samples == 4:
        return colour_rules.of_premultiplied()
    planar = samples > 2 and "c" in axes and not axes.endswith("c")
    return colour_rules.channels_last(samples) if planar and kind != "lsm" else None
