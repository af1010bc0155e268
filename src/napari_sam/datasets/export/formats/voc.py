"""Writer of Pascal VOC: boxes as XML, and masks as pictures with a palette."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.datasets.export.formats.format_writer import (
    Plan,
    Unit,
    Written,
    one_by_one,
)
from napari_sam.datasets.export.formats.painted import paint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["VocWriter", "palette"]

#: The largest index of an object in a palette; 255 belongs to none.
_MOST = 254


class VocWriter:
    """Writes boxes of all objects, and pictures of their numbers and classes."""

    def __init__(self, plan: Plan) -> None:
        if len(plan.classes) > _MOST:
            raise ImageError(
                f"{len(plan.classes)} classes: Pascal VOC holds {_MOST}. Write coco."
            )
        self._plan = plan

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each image."""
        return one_by_one(images)

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write image, annotation and the two pictures."""
        (one,) = unit.images
        placed = self._plan.pictures.place(one.image, folder / "JPEGImages", one.stem)
        written = Written({one.stem: (placed.name, placed.shown)})
        written.record["subset"] = one.subset
        shape = one.image.truth.shape
        objects = one.objects(self._plan.settings.default_class)
        self._write_pictures(one.stem, shape, objects, folder, written)
        depth = one.image.frames.n_channels or 1
        tree = _annotation(placed.name, (*shape, 3 if depth > 1 else 1), objects)
        with replacing(folder / "Annotations" / f"{one.stem}.xml") as temporary:
            tree.write(temporary, encoding="utf-8")
        return written

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Write the lists of images and of classes."""
        lists = {
            subset or "train": [
                stem for stem, one in written.items() if one.record["subset"] == subset
            ]
            for subset in self._plan.subsets
        }
        both = [*lists.get("train", ()), *lists.get("val", ())]
        for kind in ("Main", "Segmentation"):
            for name, stems in {**lists, "trainval": both}.items():
                _write_lines(folder / "ImageSets" / kind / f"{name}.txt", stems)
        colours = palette().reshape(-1, 3)
        rows = ["# label:color_rgb:parts:actions", "background:0,0,0::"]
        for index, name in enumerate(self._plan.classes, start=1):
            rows.append(f"{name}:{','.join(map(str, colours[index]))}::")
        _write_lines(folder / "labelmap.txt", rows)

    def _write_pictures(
        self,
        stem: str,
        shape: tuple[int, int],
        objects: Sequence[tuple[int, str, Mask]],
        folder: Path,
        written: Written,
    ) -> None:
        order = [(k, mask) for k, (_, _, mask) in enumerate(objects, start=1)]
        numbers = paint(shape, order, written.losses, most=2**16 - 1)
        classes = [0] + [self._plan.class_number(kind) + 1 for _, kind, _ in objects]
        if len(objects) > _MOST:
            numbers = numbers.astype(np.uint16)
            loss = f"images with more than {_MOST} objects have no palette, but 16 bits"
            written.losses[loss] += 1
        _write_indices(folder / "SegmentationObject" / f"{stem}.png", numbers)
        painted = np.array(classes, np.uint8)[numbers]
        _write_indices(folder / "SegmentationClass" / f"{stem}.png", painted)


def palette() -> NDArray[np.uint8]:
    """Return the colours of Pascal VOC, 256 times red, green and blue.

    The bits of an index are dealt out to the three colours, highest first.
    """
    index = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for place in range(8):
        for colour in range(3):
            bit = (index >> (3 * place + colour)) & 1
            colours[:, colour] |= (bit << (7 - place)).astype(np.uint8)
    return colours.ravel()


def _write_indices(path: Path, numbers: NDArray[np.generic]) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(numbers)
    if numbers.dtype == np.uint8:
        picture.putpalette(palette().tobytes())
    picture.save(path)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _annotation(
    name: str, size: tuple[int, int, int], objects: Sequence[tuple[int, str, Mask]]
) -> ET.ElementTree[ET.Element]:
    root = ET.Element("annotation")
    _add(root, folder="JPEGImages", filename=name)
    height, width, depth = size
    _add(ET.SubElement(root, "size"), width=width, height=height, depth=depth)
    _add(root, segmented=1)
    for number, kind, mask in objects:
        one, box = ET.SubElement(root, "object"), mask.region
        rim = (
            box.top == 0 or box.left == 0 or box.bottom == height or box.right == width
        )
        _add(one, name=kind, pose="Unspecified", truncated=int(rim), difficult=0)
        _add(
            ET.SubElement(one, "bndbox"),
            xmin=box.left + 1,
            ymin=box.top + 1,
            xmax=box.right,
            ymax=box.bottom,
        )
        _add(one, label=number)
    ET.indent(root)
    return ET.ElementTree(root)


def _add(parent: ET.Element, **values: str | int) -> None:
    for name, value in values.items():
        ET.SubElement(parent, name).text = str(value)
