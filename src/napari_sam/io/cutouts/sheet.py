"""All objects on one sheet, at one scale, with a scale bar."""

from __future__ import annotations

from itertools import groupby
from math import floor, log10, sqrt
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import combining, normalize

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_sam.core.errors import ImageError
from napari_sam.io.readers.units import unit_symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_sam.io.cutouts.crop import Cutout

__all__ = ["draw_sheet"]

#: The longest side of a sheet, and the least width.
_LONGEST, _LEAST = 12_000, 480
#: Objects whose side is below this in the middle are enlarged.
_SMALL = 48
_GAP, _HEADING, _FOOT = 8, 34, 46
#: Fonts of systems with letters of many languages.
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf")


class _Placed(NamedTuple):
    """A picture or the text of a heading, and where its corner is."""

    top: int
    left: int
    content: NDArray[np.uint8] | str


def draw_sheet(
    cutouts: Sequence[Cutout],
    *,
    sort: str = "size",
    dark: bool = False,
    pixel_size: float | None = None,
    unit: str = "",
) -> NDArray[np.uint8]:
    """Return a sheet ``(y, x, 3)`` with every object, all at one scale.

    Parameters
    ----------
    cutouts
        The objects, cut out.
    sort
        ``size``: the largest first; ``class``: under headings, the largest first; or
        ``number``.
    dark
        Whether the paper is black instead of white.
    pixel_size, unit
        Length of a pixel, where it is known: a bar shows the scale.

    Raises
    ------
    ImageError
        If there is no object.
    """
    if not cutouts:
        raise ImageError("There is no object to put on a sheet.")
    zoom = _zoom(cutouts)
    groups = [
        (name, [_scaled(one.pixels, zoom) for one in members])
        for name, members in _groups(cutouts, sort)
    ]
    pictures = [picture for _, members in groups for picture in members]
    width = _width(pictures)
    placed, height = _place(groups, width)
    bar = None if pixel_size is None else _bar(width, pixel_size / zoom, unit)
    sheet = Image.new(
        "RGB", (width, height + (_FOOT if bar else 0)), (0, 0, 0) if dark else "white"
    )
    pen, ink = ImageDraw.Draw(sheet), (235,) * 3 if dark else (40,) * 3
    for top, left, content in placed:
        if isinstance(content, str):
            _write(pen, (left, top + 6), content, 20, ink)
        else:
            picture = Image.fromarray(content)
            sheet.paste(picture, (left, top), picture)
    if bar:
        _draw_bar(pen, height, *bar, ink)
    return np.asarray(sheet)


def _groups(cutouts: Sequence[Cutout], sort: str) -> Iterable[tuple[str, list[Cutout]]]:
    if sort == "number":
        return [("", sorted(cutouts, key=lambda one: (one.frame, one.object_id)))]
    by_size = sorted(cutouts, key=lambda one: -one.area)
    if sort == "size":
        return [("", by_size)]
    by_class = sorted(by_size, key=lambda one: one.category)
    return [
        (f"{name or 'without class'} ({len(found)})", found)
        for name, members in groupby(by_class, key=lambda one: one.category)
        if (found := list(members))
    ]


def _zoom(cutouts: Sequence[Cutout]) -> float:
    """Return by how much all are enlarged, a whole number, or made smaller."""
    sides = np.array([one.region.shape for one in cutouts])
    whole, largest = sqrt(float((sides + _GAP).prod(1).sum()) * 1.6), float(sides.max())
    if whole > _LONGEST or largest > _LONGEST / 2:
        return min(_LONGEST / whole, _LONGEST / 2 / largest)
    enlarged = floor(2 * _SMALL / max(1.0, float(np.median(sides.max(1)))))
    return float(max(1, min(enlarged, 8, floor(2000 / whole) or 1)))


def _scaled(pixels: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    if zoom == 1:
        return pixels
    rows, cols = (max(1, round(n * zoom)) for n in pixels.shape[:2])
    how = Image.Resampling.NEAREST if zoom > 1 else Image.Resampling.BOX
    return np.asarray(Image.fromarray(pixels).resize((cols, rows), how))


def _width(pictures: Sequence[NDArray[np.uint8]]) -> int:
    """Return the width of a sheet that is a little wider than high."""
    sides = [(int(p.shape[0]), int(p.shape[1])) for p in pictures]
    area = sum((rows + _GAP) * (cols + _GAP) for rows, cols in sides)
    widest = max(cols for _, cols in sides)
    return max(_LEAST, widest + 2 * _GAP, round(sqrt(area * 1.6)))


def _place(
    groups: Sequence[tuple[str, Sequence[NDArray[np.uint8]]]], width: int
) -> tuple[list[_Placed], int]:
    """Place pictures in rows, headings above; return where, and the height of all."""
    placed = []
    top = _GAP
    for heading, pictures in groups:
        if heading:
            placed.append(_Placed(top, _GAP, heading))
            top += _HEADING
        left = high = 0
        for picture in pictures:
            rows, cols = picture.shape[:2]
            if left and left + cols + 2 * _GAP > width:
                top, left, high = top + high + _GAP, 0, 0
            placed.append(_Placed(top, left + _GAP, picture))
            left, high = left + cols + _GAP, max(high, rows)
        top += high + _GAP
    return placed, top


def _bar(width: int, pixel_size: float, unit: str) -> tuple[int, str]:
    """Return length and text of a bar: 1, 2 or 5 units, up to a fifth of the sheet."""
    longest = width / 5 * pixel_size
    power = 10.0 ** floor(log10(longest))
    length = max(f * power for f in (1, 2, 5) if f * power <= longest)
    name = unit_symbol(unit)
    return round(length / pixel_size), f"{length:g} {name or 'px'}"


def _draw_bar(
    pen: ImageDraw.ImageDraw, top: int, length: int, text: str, ink: tuple[int, ...]
) -> None:
    pen.rectangle((_GAP, top + 8, _GAP + length - 1, top + 13), fill=ink)
    _write(pen, (_GAP, top + 18), text, 18, ink)


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    ink: tuple[int, ...],
) -> None:
    """Write a text; the font that Pillow brings has no letters beyond ASCII."""
    if not text.isascii():
        for name in _FONTS:
            try:
                pen.text(at, text, fill=ink, font=ImageFont.truetype(name, size))
            except OSError:
                continue
            return
        parted = normalize("NFKD", text.replace("µ", "u").replace("μ", "u"))
        text = "".join(c for c in parted if not combining(c))
        text = text.encode("ascii", "replace").decode("ascii")
    pen.text(at, text, fill=ink, font=ImageFont.load_default(size=size))
