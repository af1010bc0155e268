"""Pictures of images with masks and prompts, legible at any size."""

from __future__ import annotations

from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from napari_sam.core.atomic_write import check_writable, replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.prompts.items import (
    Box,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Scribble,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.prompts import Prompts

#: Colours of objects that most eyes distinguish; green and red are for prompts.
COLOURS = (
    (255, 200, 0),
    (86, 180, 233),
    (230, 110, 190),
    (255, 140, 40),
    (120, 130, 255),
    (60, 220, 210),
    (240, 240, 130),
)
_GREEN, _RED, _WHITE, _BLACK = (40, 200, 80), (235, 50, 45), (255, 255, 255), (0, 0, 0)
_LEAST, _MOST = 768, 2048
_SMOOTH = 2


def write_overlay(
    path: str | Path,
    picture: NDArray[np.uint8],
    labels: NDArray[np.generic],
    prompts: Mapping[int, Prompts],
) -> None:
    """Save the picture of `draw_overlay`; the file appears complete or not at all."""
    write_picture(path, draw_overlay(picture, labels, prompts))


def write_picture(path: str | Path, picture: NDArray[np.uint8]) -> None:
    """Save an RGB picture as PNG, JPEG, TIFF or WebP, by its suffix."""
    check_picture_path(path)
    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary)


def encode_picture(picture: NDArray[np.uint8]) -> bytes:
    """Return an RGB picture as a small PNG of at most 256 colours."""
    file = BytesIO()
    few = Image.fromarray(picture).quantize(256, dither=Image.Dither.NONE)
    few.save(file, "png", optimize=True)
    return file.getvalue()


def check_picture_path(path: str | Path) -> None:
    """Refuse a path that a picture cannot be written to, before any long work."""
    if Path(path).suffix.lower() not in (".png", ".jpg", ".jpeg", ".tif", ".webp"):
        raise ImageError(f"{path}: pictures are written as .png, .jpg, .tif or .webp.")
    check_writable(path)


def draw_overlay(
    picture: NDArray[np.uint8],
    labels: NDArray[np.generic],
    prompts: Mapping[int, Prompts] | None = None,
    *,
    height: int | None = None,
) -> NDArray[np.uint8]:
    """Return a picture with the outlines of masks and with prompts.

    A positive point is a green disc, a negative one a red cross; boxes and lines have
    the colour of their object. A small picture is enlarged, so that they are visible.

    Parameters
    ----------
    picture
        ``(y, x, 3)``, 8-bit, as an `Appearance` renders it; or grey, ``(y, x)``.
    labels
        ``(y, x)``: the number of the object at each pixel, 0 for none.
    prompts
        Prompts by the number of the object.
    height
        Rows of the result; by default so that the longer side is 768 to 2048.

    Raises
    ------
    ImageError
        If the picture is of another shape or type, or the labels are of another plane.
    """
    picture = _as_rgb(picture, labels)
    scale = _scale(picture.shape, height)
    rows, cols = (round(n * scale) for n in picture.shape[:2])
    large = Image.fromarray(picture).resize((cols, rows), Image.Resampling.BICUBIC)
    canvas = np.asarray(large).astype(np.float32)
    for number, where in enumerate(ndimage.find_objects(labels), start=1):
        if where is not None:
            _draw_mask(canvas, labels, number, where, scale)
    result = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    if prompts:
        _draw_prompts(result, prompts, scale)
    return np.asarray(result)


def _as_rgb(
    picture: NDArray[np.uint8], labels: NDArray[np.generic]
) -> NDArray[np.uint8]:
    """Return a grey picture in three channels, and one in colour as it is."""
    grey, colour = picture.ndim == 2, picture.ndim == 3 and picture.shape[2] == 3
    if picture.dtype != np.uint8 or not (grey or colour):
        raise ImageError(
            f"A picture of the shape {picture.shape} and the type {picture.dtype}; "
            "expected (y, x, 3) or (y, x) of uint8."
        )
    if picture.shape[:2] != labels.shape:
        raise ImageError(
            f"Labels of the shape {labels.shape} on a picture of {picture.shape[:2]}."
        )
    return np.repeat(picture[..., None], 3, axis=2) if grey else picture


def colour_of(number: int) -> tuple[int, int, int]:
    """Return the colour of an object by its number."""
    return COLOURS[(number - 1) % len(COLOURS)]


def _scale(shape: tuple[int, ...], height: int | None) -> float:
    if height is not None:
        return height / shape[0]
    longest = max(shape[:2])
    if longest < _LEAST:
        return float(ceil(_LEAST / longest))
    return min(1.0, _MOST / longest)


def _draw_mask(
    canvas: NDArray[np.float32],
    labels: NDArray[np.generic],
    number: int,
    where: tuple[slice, slice],
    scale: float,
) -> None:
    """Tint the mask of an object and draw its outline, smooth at any scale."""
    (top, left), (bottom, right) = (
        [max(s.start - 2, 0) for s in where],
        [min(s.stop + 2, n) for s, n in zip(where, labels.shape, strict=True)],
    )
    mask = labels[top:bottom, left:right] == number
    y0, x0 = round(top * scale), round(left * scale)
    size = (round(right * scale) - x0, round(bottom * scale) - y0)
    if min(size) < 1:
        return
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    smooth = np.asarray(grey.resize(size, Image.Resampling.BICUBIC))
    smooth = ndimage.gaussian_filter(smooth.astype(np.float32), 0.35 * max(scale, 1))
    inside = smooth > 127
    window = canvas[y0 : y0 + size[1], x0 : x0 + size[0]]
    inside = inside[: window.shape[0], : window.shape[1]]
    rim = inside & ~ndimage.binary_erosion(inside, iterations=2)
    colour = np.asarray(colour_of(number), np.float32)
    window[inside] += (colour - window[inside]) * 0.22
    window[rim] = colour


def _draw_prompts(
    picture: Image.Image, prompts: Mapping[int, Prompts], scale: float
) -> None:
    """Draw prompts at twice the size on a transparent picture, and paste that."""
    sheet = Image.new("RGBA", (picture.width * _SMOOTH, picture.height * _SMOOTH))
    pen = ImageDraw.Draw(sheet)
    unit = max(1.0, max(picture.size) / 768) * _SMOOTH
    for number, one in prompts.items():
        for prompt in one.items:
            _draw_lines(pen, prompt, scale * _SMOOTH, unit, colour_of(number))
    for one in prompts.values():
        for point in one.points:
            _draw_point(pen, point, scale * _SMOOTH, unit)
    small = sheet.resize(picture.size, Image.Resampling.BOX)
    picture.paste(small, (0, 0), small)


def _draw_lines(
    pen: ImageDraw.ImageDraw,
    prompt: Prompt,
    scale: float,
    unit: float,
    colour: tuple[int, int, int],
) -> None:
    match prompt:
        case Box(top, left, bottom, right):
            path = [(top, left), (top, right), (bottom, right), (bottom, left)]
            path = [(r - 0.5, c - 0.5) for r, c in path]
        case Polygon(vertices):
            path = list(vertices)
        case Scribble(line):
            path = list(line)
        case MaskPrompt():
            return _draw_lines(pen, prompt.box, scale, unit, colour)
        case _:
            return None
    if not getattr(prompt, "positive", True):
        colour = _RED
    if not isinstance(prompt, Scribble):
        path = [*path, path[0], path[1]]
    xy = [((c + 0.5) * scale, (r + 0.5) * scale) for r, c in path]
    pen.line(xy, fill=(*_BLACK, 170), width=round(4 * unit), joint="curve")
    pen.line(xy, fill=(*colour, 255), width=round(2 * unit), joint="curve")
    return None


def _draw_point(
    pen: ImageDraw.ImageDraw, point: Point, scale: float, unit: float
) -> None:
    x, y = (point.col + 0.5) * scale, (point.row + 0.5) * scale
    if point.positive:
        for radius, fill in ((7.5, _BLACK), (6.5, _WHITE), (4.6, _GREEN)):
            r = radius * unit
            pen.ellipse((x - r, y - r, x + r, y + r), fill=(*fill, 255))
        return
    for arm, width, fill in ((7.5, 6.5, _BLACK), (7, 5, _WHITE), (6, 2.8, _RED)):
        a = arm * unit
        for lines in (
            ((x - a, y - a), (x + a, y + a)),
            ((x - a, y + a), (x + a, y - a)),
        ):
            pen.line(lines, fill=(*fill, 255), width=round(width * unit))


def compose(
    panels: Sequence[tuple[NDArray[np.uint8], str]], *, gap: int = 12
) -> NDArray[np.uint8]:
    """Return pictures of one height side by side, with captions."""
    font = ImageFont.load_default(size=19)
    height = max(p.shape[0] for p, _ in panels)
    width = sum(p.shape[1] for p, _ in panels) + gap * (len(panels) + 1)
    sheet = Image.new("RGB", (width, height + gap + 40), _WHITE)
    pen, x = ImageDraw.Draw(sheet), gap
    for picture, caption in panels:
        sheet.paste(Image.fromarray(picture), (x, gap))
        pen.text((x + 2, height + gap + 7), caption, fill=(40, 40, 40), font=font)
        x += picture.shape[1] + gap
    return np.asarray(sheet)
