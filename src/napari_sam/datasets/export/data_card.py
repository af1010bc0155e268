"""The card of a data set: what is in it, where it is from, what it does not hold."""

from __future__ import annotations

import csv
from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from napari_sam._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.datasets.export.formats.format_writer import Plan, Written
    from napari_sam.datasets.export.image_names import ExportImage
    from napari_sam.datasets.export.survey import Facts

__all__ = ["CARD", "LIST", "data_card", "image_list"]

#: Names of the card and of the list of images.
CARD, LIST = "DATA_CARD.md", "images.csv"

_FORMATS = {
    "coco": "COCO: `annotations/*.json`, files in `images/`",
    "yolo": "YOLO polygons: `data.yaml`, `images/`, `labels/`",
    "yolo-boxes": "YOLO boxes: `data.yaml`, `images/`, `labels/`",
    "voc": "Pascal VOC: `JPEGImages/`, `Annotations/`, `SegmentationObject/`, "
    "`SegmentationClass/`, `ImageSets/`",
    "labelme": "LabelMe: a JSON file beside each image",
    "ctc": "Cell Tracking Challenge: `01/` with `01_GT/`",
    "masks": "label images: `images/` with `labels/`",
}
_NOT_SAID = "not stated"


def data_card(
    title: str,
    plan: Plan,
    images: Sequence[ExportImage],
    facts: Sequence[Facts],
    written: Mapping[str, Written],
) -> str:
    """Return the card as Markdown; the same data give the same text."""
    settings = plan.settings
    sections = [
        f"# {settings.title or title}",
        f"Format: {_FORMATS[settings.format]}. Written by napari-sam {__version__}; "
        f"`{LIST}` lists every image with its source.",
        _section("Contents", _contents(plan, images, facts)),
        _section("Classes", _classes(plan, images, facts)),
        _section("Sizes", _sizes(facts)),
        _section("Split", _split(plan, images)),
        _section("Images", _pictures(written)),
        _section("What is lost or changed", _losses(written)),
        _section("Source", settings.source or _NOT_SAID),
        _section("Licence", settings.licence or _NOT_SAID),
        _section("How it was labelled", settings.labelled_by or _NOT_SAID),
    ]
    return "\n\n".join(sections) + "\n"


def image_list(
    images: Sequence[ExportImage],
    facts: Sequence[Facts],
    written: Mapping[str, Written],
) -> str:
    """Return a table with a row for each image."""
    files = {
        stem: found for one in written.values() for stem, found in one.files.items()
    }
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("file", "subset", "experiment", "source", "objects", "shown"))
    for one, known in zip(images, facts, strict=True):
        name, shown = files[one.stem]
        source = f"{one.image.kind}/{one.image.name}"
        objects = len(known.areas)
        table.writerow((name, one.subset, one.experiment, source, objects, shown))
    return text.getvalue()


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _contents(plan: Plan, images: Sequence[ExportImage], facts: Sequence[Facts]) -> str:
    rows = []
    for subset in plan.subsets:
        own = [
            (one, known)
            for one, known in zip(images, facts, strict=True)
            if one.subset == subset
        ]
        rows.append((
            subset or "all",
            len({one.experiment for one, _ in own}),
            len(own),
            sum(not known.areas for _, known in own),
            sum(len(known.areas) for _, known in own),
        ))  # fmt: skip
    head = ("subset", "experiments", "images", "without objects", "objects")
    return _table(head, rows)


def _classes(plan: Plan, images: Sequence[ExportImage], facts: Sequence[Facts]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for one, known in zip(images, facts, strict=True):
        for name, count in known.classes.items():
            counts[name, one.subset] += count
    rows = [
        (name, *(counts[name, subset] for subset in plan.subsets))
        for name in plan.classes
    ]
    return _table(("class", *(s or "objects" for s in plan.subsets)), rows)


def _sizes(facts: Sequence[Facts]) -> str:
    shapes = Counter(known.shape for known in facts)
    common = [f"{r} x {c} ({n})" for (r, c), n in shapes.most_common(5)]
    more = f" and {len(shapes) - 5} others" if len(shapes) > 5 else ""
    kinds = Counter(known.kind for known in facts).items()
    areas = np.array([area for known in facts for area in known.areas])
    least, low, middle, high, most = np.percentile(areas, (0, 25, 50, 75, 100))
    return "\n".join((
        f"- Rows x columns (images): {', '.join(common)}{more}",
        f"- Pixels of the originals: {', '.join(f'{k} ({n})' for k, n in kinds)}",
        f"- Areas of objects in pixels: median {middle:g}, half of them {low:g} to "
        f"{high:g}, all {least:g} to {most:g}",
    ))  # fmt: skip


def _split(plan: Plan, images: Sequence[ExportImage]) -> str:
    settings = plan.settings
    if settings.split is None:
        return "None."
    by = (
        f"what `{settings.experiment}` finds in folder and name"
        if settings.experiment
        else "the folder or stack, else the image itself"
    )
    lines = [
        f"By experiment ({by}), shares {settings.split}, seed {settings.seed}: no "
        "experiment is in two subsets, nor is a file that two experiments share.",
        "",
    ]
    for subset in plan.subsets:
        names = sorted({one.experiment for one in images if one.subset == subset})
        shown = ", ".join(f"`{name}`" for name in names[:50])
        more = f" and {len(names) - 50} more" if len(names) > 50 else ""
        lines.append(f"- {subset}: {shown}{more}")
    return "\n".join(lines)


def _pictures(written: Mapping[str, Written]) -> str:
    shown = [how for one in written.values() for _, how in one.files.values()]
    kept = shown.count("as it is")
    if kept == len(shown):
        return "All pixels are those of the originals."
    return (
        f"{kept} images are as the originals. {len(shown) - kept} were brought to 8 "
        f"bits: the column `shown` of `{LIST}` has channels (c), the values that "
        "became black and white (l), and gamma (g)."
    )


def _losses(written: Mapping[str, Written]) -> str:
    losses: Counter[str] = Counter()
    for one in written.values():
        losses.update(one.losses)
    lines = [f"- {what}: {count}" for what, count in losses.items() if count]
    return "\n".join(lines) or "Nothing of the labels is lost."
