"""LabelMe: ``a.json`` beside ``a.png``, with polygons and masks."""

from __future__ import annotations

import base64
import logging
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from unicodedata import normalize

import numpy as np

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.core.mask import Mask
from napari_sam.datasets.ground_truth.mask_truth import MaskTruth
from napari_sam.datasets.image_files import first_few, images_in, read_json
from napari_sam.datasets.image_sources import ImageFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io.file_names import parts_of
from napari_sam.io.polygon_masks import mask_of_rings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonObject
    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "is_labelme", "matches", "read"]

logger = logging.getLogger(__name__)

DESCRIPTION = "NAME.json of LabelMe beside NAME.png"

#: Bytes of a file that are read to tell it.
_GLANCE = 4096
#: Corners of a circle that is painted.
_CIRCLE = 180


def matches(root: Path) -> bool:
    """Whether a folder holds JSON files of LabelMe."""
    return any(is_labelme(p) for p in sorted(root.glob("[!.]*.json"))[:1])


def is_labelme(path: Path) -> bool:
    """Whether a JSON file looks like one of LabelMe."""
    with path.open("rb") as file:
        start = file.read(_GLANCE)
    return b'"shapes"' in start and b'"annotations"' not in start


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images with a JSON file, which is read when its image is used.

    Raises
    ------
    MissingFileError
        If there are no JSON files, or one has no image.
    """
    files = sorted(root.glob("[!.]*.json"))
    images = images_in(root)
    stems = {normalize("NFC", p.stem): p for p in files}
    without = [p for stem, p in stems.items() if stem not in images]
    named = {p: _named_image(p, root) for p in without}
    lacking = [p.name for p, image in named.items() if image is None]
    if lacking or not files:
        raise MissingFileError(
            f"{root} has no image for {first_few(lacking)}."
            if lacking
            else f"There is nothing to read in {root}; expected {DESCRIPTION}."
        )
    return [
        LabelledImage(
            stem,
            root.name,
            ImageFile(image, cache),
            _Shapes(path, cache),
            files=(str(image), str(path)),
        )
        for stem, path in stems.items()
        if (image := images.get(stem) or named.get(path)) is not None
    ]


def _named_image(path: Path, root: Path) -> Path | None:
    """Return the image that a JSON file names; its folders may be another machine's."""
    parts = parts_of(str(read_json(path).get("imagePath") or ""))
    return root / parts[-1] if parts and (root / parts[-1]).is_file() else None


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The objects of one JSON file, painted when called."""

    path: Path
    cache: ReadCache

    def __call__(self) -> MaskTruth:
        return self.cache.get(("masks", self.path), self._read, lambda t: t.nbytes)

    def _read(self) -> MaskTruth:
        found = read_json(self.path)
        try:
            shape = int(found["imageHeight"]), int(found["imageWidth"])
            shapes = [(str(s["label"]), s.get("group_id"), s) for s in found["shapes"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ImageError(
                f"{self.path} is not of LabelMe; expected "
                '{"shapes": [{"label", "points"}], "imageHeight", "imageWidth"}.'
            ) from None
        return self._truth(shape, shapes)

    def _truth(
        self, shape: tuple[int, int], shapes: list[tuple[str, object, JsonObject]]
    ) -> MaskTruth:
        """Paint shapes; those of one class and group are one object."""
        masks: dict[tuple[str, object], Mask] = {}
        for index, (label, group, one) in enumerate(shapes):
            mask = _painted(one, shape, f"{self.path}: shape {index}")
            if mask is None:
                logger.warning(
                    "%s: left out a %s.", self.path, one.get("shape_type", "shape")
                )
                continue
            key = label, f"alone {index}" if group is None else group
            masks[key] = masks[key] | mask if key in masks else mask
        numbers = _numbers([group for _, group in masks])
        return MaskTruth(
            shape,
            dict(zip(numbers, masks.values(), strict=True)),
            {n: label for n, (label, _) in zip(numbers, masks, strict=True)},
        )


def _numbers(groups: list[object]) -> list[int]:
    """Return a number for each object: its group, if no other has it, or a free one."""
    times = Counter(map(str, groups))
    own = [
        g if isinstance(g, int) and g > 0 and times[str(g)] == 1 else 0 for g in groups
    ]
    taken = set(own)
    free = (n for n in range(1, 2 * len(groups) + 1) if n not in taken)
    return [n or next(free) for n in own]


def _painted(one: JsonObject, shape: tuple[int, int], what: str) -> Mask | None:
    """Return the mask of a shape; None of what has no area."""
    kind = one.get("shape_type") or "polygon"
    if kind not in ("polygon", "rectangle", "circle", "mask"):
        return None
    try:
        points = np.asarray(one["points"], float).reshape(-1, 2)[:, ::-1]
        if not np.isfinite(points).all():
            raise ValueError("places that are no finite numbers")
        if kind == "mask":
            return _unpacked(str(one["mask"]), points, shape)
        return mask_of_rings([_ring(kind, points)], shape)
    except (KeyError, TypeError, ValueError, IndexError, OSError) as wrong:
        raise ImageError(f"{what}, a {kind}, cannot be read: {wrong}.") from None


def _ring(kind: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    if kind == "rectangle":
        (top, left), (bottom, right) = points
        return np.array([(top, left), (top, right), (bottom, right), (bottom, left)])
    if kind == "circle":
        centre, rim = points
        turn = np.linspace(0, 2 * np.pi, _CIRCLE, endpoint=False)
        radius = np.hypot(*(rim - centre))
        ring: NDArray[np.float64] = np.stack([np.sin(turn), np.cos(turn)], axis=1)
        ring *= radius
        ring += centre
        return ring
    return points


def _unpacked(text: str, points: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    from PIL import Image

    pixels = np.asarray(Image.open(BytesIO(base64.b64decode(text))))
    top, left = (int(v) for v in np.floor(points.min(0)))
    if pixels.ndim != 2 or min(top, left) < 0:
        raise ValueError("its mask is no grey picture in the image")
    return Mask.from_array(
        pixels[: shape[0] - top, : shape[1] - left] > 0, top=top, left=left
    )
