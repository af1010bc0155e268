"""COCO run lengths and polygons, checked before they are decoded.

pycocotools does not check them: a mask that ends too early is decoded with arbitrary
memory, and a polygon that reaches far outside takes all memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonDict, JsonValue

__all__ = ["Rle", "areas_of", "as_rle", "decoded", "in_a_list", "packed"]


#: Masks that pycocotools is asked about together.
_AT_ONCE = 255


class Rle(TypedDict):
    """Compressed run lengths of a mask, as pycocotools has them."""

    size: list[int]  # rows and columns
    counts: bytes


def as_rle(segmentation: JsonValue, shape: tuple[int, int], what: str) -> Rle:
    """Return a segmentation of any form as compressed run lengths.

    Parameters
    ----------
    segmentation
        ``{"size", "counts"}`` or a list of polygons ``[x, y, x, y, ...]``; as other
        programs write it, also the counts alone, or one polygon without its list.
    shape
        Rows and columns of the image.
    what
        Its name in messages.

    Raises
    ------
    ImageError
        If it is broken, or has another size than the image.
    """
    if isinstance(segmentation, str):
        segmentation = {"counts": segmentation}
    if isinstance(segmentation, dict):
        return _from_runs({"size": list(shape), **segmentation}, shape, what)
    if isinstance(segmentation, list):
        return _from_polygons(in_a_list(segmentation), shape, what)
    raise ImageError(
        f"{what} is of the type {type(segmentation).__name__}; expected run lengths "
        '{"size": [rows, cols], "counts": ...} or a list of polygons.'
    )


def in_a_list(polygons: list[JsonValue]) -> list[JsonValue]:
    """Return a list of polygons of one, or of a polygon that is in none."""
    is_one = bool(polygons) and all(isinstance(n, int | float) for n in polygons)
    return [polygons] if is_one else polygons


def decoded(rle: Rle) -> Mask:
    """Return the mask of compressed run lengths; only its columns are decoded."""
    rows, _ = rle["size"]
    runs = _unpacked(rle["counts"], "The mask")
    runs = runs[: len(runs) - len(runs) % 2]  # the first is background, so is a rest
    if not len(runs):
        return Mask.empty()
    left, right = int(runs[0]) // rows, -(-int(runs.sum()) // rows)
    runs[0] -= left * rows
    columns = np.zeros((right - left) * rows, bool)
    columns[: runs.sum()] = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return Mask.from_array(columns.reshape(right - left, rows).T, left=left)


def areas_of(runs: Sequence[Rle]) -> NDArray[np.int64]:
    """Return the pixels of each mask; pycocotools fails on more than 255 at once."""
    from pycocotools import mask

    parts = [runs[i : i + _AT_ONCE] for i in range(0, len(runs), _AT_ONCE)]
    areas = [np.asarray(mask.area(part), np.int64) for part in parts]
    return np.concatenate([np.zeros(0, np.int64), *areas])


def packed(lengths: Sequence[int], shape: tuple[int, int]) -> JsonDict:
    """Return lengths of runs, column by column, as COCO's JSON has them."""
    from pycocotools import mask

    size = {"size": list(shape), "counts": lengths}
    counts: bytes = mask.frPyObjects(size, *shape)["counts"]
    return {"size": list(shape), "counts": counts.decode("ascii")}


def _from_runs(
    segmentation: Mapping[str, JsonValue], shape: tuple[int, int], what: str
) -> Rle:
    from pycocotools import mask

    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != list(shape) and size != shape:
        raise ImageError(
            f"{what} has the size {size}, but the image has {shape[0]} rows and "
            f"{shape[1]} columns."
        )
    runs = _lengths(counts, what)
    if (runs < 0).any() or runs.sum() != shape[0] * shape[1]:
        raise ImageError(
            f"{what} is broken: its run lengths add up to {runs.sum()}, the least "
            f"is {runs.min(initial=0)}; expected none below 0, and "
            f"{shape[0]} x {shape[1]} = {shape[0] * shape[1]} in all."
        )
    if isinstance(counts, list):
        packed: Rle = mask.frPyObjects(
            {"size": list(shape), "counts": runs.tolist()}, *shape
        )
        return packed
    return {"size": list(shape), "counts": _encoded(counts)}


def _encoded(counts: JsonValue | bytes) -> bytes:
    return counts if isinstance(counts, bytes) else str(counts).encode("ascii")


def _lengths(counts: JsonValue | bytes, what: str) -> NDArray[np.int64]:
    """Return run lengths as numbers, from numbers or from COCO's text."""
    if isinstance(counts, list):
        plain = np.array(counts) if counts else np.zeros(0, np.int64)
        is_whole = plain.dtype.kind in "iu" or (
            plain.dtype.kind == "f" and (plain % 1 == 0).all()
        )
        if plain.ndim == 1 and is_whole:
            return plain.astype(np.int64)
    elif isinstance(counts, str) and counts.isascii():
        return _unpacked(counts.encode("ascii"), what)
    elif isinstance(counts, bytes):
        return _unpacked(counts, what)
    raise ImageError(f"{what} has counts that are neither whole numbers nor text.")


def _unpacked(text: bytes, what: str) -> NDArray[np.int64]:
    """Read COCO's text: 5 bits a character, lowest first, a sixth to go on.

    From the fourth on, numbers are differences to the one before the last.
    """
    digits = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero((digits & 32) == 0)
    broken = len(digits) == 0 or digits.min() < 0 or digits.max() > 63
    if broken or ends[-1:].tolist() != [len(digits) - 1]:
        raise ImageError(f"{what} is broken: its counts are not COCO run lengths.")
    starts = np.concatenate(([0], ends[:-1] + 1))
    sizes = ends - starts + 1
    digit = np.arange(len(digits)) - np.repeat(starts, sizes)
    if digit.max() > 10:
        raise ImageError(f"{what} is broken: one of its run lengths is endless.")
    numbers = np.add.reduceat((digits & 31) << (5 * digit), starts)
    numbers -= np.where(digits[ends] & 16, np.int64(1) << (5 * sizes), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _from_polygons(
    polygons: Sequence[JsonValue], shape: tuple[int, int], what: str
) -> Rle:
    from pycocotools import mask

    checked = [_checked_polygon(p, shape, what) for p in polygons]
    closed = [p for p in checked if len(p) >= 6]  # two points enclose nothing
    if not closed:
        empty: Rle = mask.frPyObjects(
            {"size": list(shape), "counts": [shape[0] * shape[1]]}, *shape
        )
        return empty
    merged: Rle = mask.merge(mask.frPyObjects(closed, *shape))
    return merged


def _checked_polygon(
    polygon: JsonValue, shape: tuple[int, int], what: str
) -> list[float]:
    try:
        numbers = np.asarray(polygon, float)
    except (TypeError, ValueError):
        numbers = np.zeros((0, 0))
    if numbers.ndim != 1 or len(numbers) % 2 or not np.isfinite(numbers).all():
        raise ImageError(
            f"{what} has a polygon that is no list of finite numbers x, y, x, y, ..."
        )
    xy = numbers.reshape(-1, 2)
    size = np.array(shape[::-1])
    if (xy < -size).any() or (xy > 2 * size).any():
        raise ImageError(
            f"{what} has a polygon that reaches to x = {xy[:, 0].max():g}, "
            f"y = {xy[:, 1].max():g}, far outside the image of {shape[0]} rows and "
            f"{shape[1]} columns."
        )
    points: list[float] = numbers.tolist()
    return points
