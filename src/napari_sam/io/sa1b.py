"""The JSON files of SA-1B: automatic masks of one image as run lengths."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.io.run_lengths import as_rle, decoded, packed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.mask import Mask


class ScoredMask(Protocol):
    """A mask of SA-1B with its scores; an `AutomaticMask` has all of it."""

    @property
    def mask(self) -> Mask:
        """Pixels of the mask."""

    @property
    def score(self) -> float:
        """The estimated IoU."""

    @property
    def stability(self) -> float:
        """IoU of the masks at a higher and a lower threshold."""

    @property
    def point(self) -> tuple[float, float]:
        """``(row, col)`` that it was found from."""

    @property
    def crop(self) -> Region:
        """The crop of the image that the mask was found in."""


class Sa1bMask(NamedTuple):
    """A mask of a file; see `ScoredMask`."""

    mask: Mask
    score: float
    stability: float
    point: tuple[float, float]
    crop: Region


def write_sa1b(
    path: Path,
    masks: Iterable[ScoredMask],
    shape: tuple[int, int],
    *,
    image: str,
    image_id: int = 0,
) -> None:
    """Write masks of an image as SA-1B has them; the file appears complete.

    Parameters
    ----------
    path
        The JSON file.
    masks
        None of them empty.
    shape
        Rows and columns of the image.
    image, image_id
        Name and number of the image.
    """
    size = {"width": shape[1], "height": shape[0]}
    record = {
        "image": {"image_id": image_id, **size, "file_name": image},
        "annotations": [_annotation(i, one, shape) for i, one in enumerate(masks, 1)],
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record), encoding="utf-8")


def read_sa1b(path: Path) -> tuple[list[Sa1bMask], tuple[int, int]]:
    """Read the masks of a JSON file, and rows and columns of its image.

    Raises
    ------
    ImageError
        If it is no such file.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        shape = int(record["image"]["height"]), int(record["image"]["width"])
        masks = enumerate(record["annotations"], start=1)
        return [_read(one, shape, f"{path}: annotation {n}") for n, one in masks], shape
    except (ValueError, KeyError, TypeError, IndexError) as wrong:
        raise ImageError(
            f"{path} is no JSON file of SA-1B, with 'image' and 'annotations': "
            f"{type(wrong).__name__} {wrong}."
        ) from wrong


def _annotation(number: int, one: ScoredMask, shape: tuple[int, int]) -> JsonDict:
    row, col = one.point
    return {
        "id": number,
        "segmentation": run_lengths(one.mask, shape),
        "bbox": _box(one.mask.region),
        "area": one.mask.area,
        "predicted_iou": float(one.score),
        "stability_score": float(one.stability),
        "point_coords": [[float(col), float(row)]],
        "crop_box": _box(one.crop),
    }


def run_lengths(mask: Mask, shape: tuple[int, int]) -> JsonDict:
    """Return COCO's compressed run lengths of a mask on an image, column by column."""
    rows = shape[0]
    down = np.flatnonzero(mask.array.T)
    cols, inside = np.divmod(down, mask.region.shape[0])
    at = (cols + mask.region.left) * rows + inside + mask.region.top
    return packed(_lengths(at, rows * shape[1]).tolist(), shape)


def _lengths(at: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Return the lengths of runs, of pixels that are not set first."""
    edges = np.flatnonzero(np.diff(at) > 1)
    starts = np.concatenate([at[:1], at[edges + 1]])
    ends = np.concatenate([at[edges], at[-1:]]) + 1
    bounds = np.stack([starts, ends], 1).ravel()
    # A last run of nothing would be one too many.
    last = [total] if not len(bounds) or bounds[-1] < total else []
    return np.diff(np.concatenate([[0], bounds, last])).astype(np.int64)


def _read(one: JsonDict, shape: tuple[int, int], what: str) -> Sa1bMask:
    runs = one["segmentation"]
    if not isinstance(runs, dict):
        raise TypeError(f"{what} has no run lengths")
    mask = decoded(as_rle(runs, shape, what))
    col, row = _numbers(one["point_coords"])
    left, top, width, height = (int(n) for n in _numbers(one["crop_box"]))
    (score,), (stability,) = (
        _numbers(one[name]) for name in ("predicted_iou", "stability_score")
    )
    crop = Region(top, left, top + height, left + width)
    return Sa1bMask(mask, score, stability, (row, col), crop)


def _numbers(value: object) -> list[float]:
    found: list[float] = np.array(value, np.float64).ravel().tolist()
    return found


def _box(region: Region) -> list[float]:
    return [region.left, region.top, region.shape[1], region.shape[0]]
