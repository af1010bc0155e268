"""Writer of COCO: ``images/`` and a JSON file for each subset in ``annotations/``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from napari_sam.core.atomic_write import replacing
from napari_sam.datasets.export.formats.format_writer import (
    Plan,
    Unit,
    Written,
    one_by_one,
)
from napari_sam.io.writers.coco import coco_mask
from napari_sam.io.writers.outlines import outlines_of_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.mask import Mask
    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["CocoWriter"]


class CocoWriter:
    """Writes run lengths or polygons; overlaps, holes and numbers are all held."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each image."""
        return one_by_one(images)

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write the image file; annotations are kept until the end."""
        (one,) = unit.images
        placed = self._plan.pictures.place(
            one.image, folder / "images" / one.subset, one.stem
        )
        shape = one.image.truth.shape
        objects = one.objects(self._plan.settings.default_class)
        annotations = [self._annotation(*found, shape) for found in objects]
        image = {"height": shape[0], "width": shape[1], "objects": len(objects)}
        record: JsonDict = {
            "subset": one.subset,
            "image": {"file_name": placed.name, **image},
            "annotations": annotations,
        }
        return Written({one.stem: (placed.name, placed.shown)}, record=record)

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Write the JSON files."""
        for subset in self._plan.subsets:
            records = [
                one.record for one in written.values() if one.record["subset"] == subset
            ]
            name = f"instances_{subset}.json" if subset else "instances.json"
            self._write_json(folder / "annotations" / name, records)

    def _annotation(
        self, number: int, kind: str, mask: Mask, shape: tuple[int, int]
    ) -> JsonDict:
        settings = self._plan.settings
        parts = outlines_of_mask(mask.array, mask.region)
        return {
            "category_id": self._plan.class_number(kind) + 1,
            "iscrowd": int(kind == settings.crowd),
            "label": number,
            "area": mask.area,
            **coco_mask(parts, shape, settings.coco, bridged=True),
        }

    def _write_json(self, path: Path, records: Sequence[JsonDict]) -> None:
        images, count = [], 0
        settings = self._plan.settings
        categories = [
            {"id": i, "name": name} for i, name in enumerate(self._plan.classes, 1)
        ]
        info = {"description": settings.title or "", "contributor": settings.source}
        licences = [{"id": 1, "name": settings.licence}] if settings.licence else []
        with (
            replacing(path) as temporary,
            temporary.open("w", encoding="utf-8") as file,
        ):
            file.write(f'{{"info": {json.dumps(info)}, ')
            file.write(f'"licenses": {json.dumps(licences)}, "annotations": [')
            for image_id, record in enumerate(records, start=1):
                image = cast("JsonDict", record["image"])
                images.append({"id": image_id, **image})
                for one in cast("Sequence[JsonDict]", record["annotations"]):
                    count += 1
                    ids = {"id": count, "image_id": image_id}
                    comma = ", " if count > 1 else ""
                    file.write(f"{comma}{json.dumps(ids | one)}")
            file.write(f'], "images": {json.dumps(images)}, ')
            file.write(f'"categories": {json.dumps(categories)}}}')
