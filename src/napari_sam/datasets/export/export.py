"""Export of a data set: every image in a folder that appears complete or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import check_writable, move_folder, replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.progress import Progress, iter_part
from napari_sam.datasets.export.data_card import CARD, LIST, data_card, image_list
from napari_sam.datasets.export.data_split import split
from napari_sam.datasets.export.finished import Finished
from napari_sam.datasets.export.formats.coco import CocoWriter
from napari_sam.datasets.export.formats.ctc import CtcWriter
from napari_sam.datasets.export.formats.format_writer import Plan, Written
from napari_sam.datasets.export.formats.labelme import LabelmeWriter
from napari_sam.datasets.export.formats.masks import MasksWriter
from napari_sam.datasets.export.formats.voc import VocWriter
from napari_sam.datasets.export.formats.yolo import YoloWriter
from napari_sam.datasets.export.image_names import export_images
from napari_sam.datasets.export.placed_images import ImagePlacer
from napari_sam.datasets.export.settings import SUBSETS
from napari_sam.datasets.export.survey import EXPORTING, iter_survey
from napari_sam.datasets.image_sources import ImageFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets.export.formats.format_writer import Unit, Writer
    from napari_sam.datasets.export.image_names import ExportImage
    from napari_sam.datasets.export.settings import ExportSettings
    from napari_sam.datasets.export.survey import Facts
    from napari_sam.datasets.labelled_image import LabelledImage

__all__ = ["ExportReport", "iter_export"]

#: The form of images that formats want by themselves, and when 8 bits are wanted.
_FORMS = {"yolo": "png", "yolo-boxes": "png", "labelme": "png", "voc": "jpg"}


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote: images, objects and files.

    Attributes
    ----------
    path
        The folder.
    images
        Number of images, by subset; ``""`` without a split.
    objects
        Number of objects.
    classes
        Number of objects by class.
    losses
        What was lost or changed, since the format does not hold it, and how often.
    """

    path: Path
    images: Mapping[str, int]
    objects: int
    classes: Mapping[str, int]
    losses: Mapping[str, int]


def iter_export(
    images: Sequence[LabelledImage],
    path: Path,
    settings: ExportSettings,
    *,
    overwrite: bool = False,
    appearance: Callable[[Frames], Appearance] | None = None,
) -> Generator[Progress, None, ExportReport]:
    """Write a data set in the format of the settings.

    All images are read first, and what cannot be used is told at once. Files are made
    in a hidden folder beside `path`, which gets that name when it is complete. If that
    is not reached, the same call goes on where the last one stopped.

    Parameters
    ----------
    images
        Images with their objects, as `read_labelled_images` returns them.
    path
        The folder, which is made.
    settings
        Format, split, classes, and what the card says.
    overwrite
        Replace a data set that was exported before; other folders never.
    appearance
        How images are shown in 8 bits; by default limits are fitted to each image.

    Raises
    ------
    ImageError
        If images cannot be used, the format does not hold them, or the folder is there.
    """
    _check_path(path, images, overwrite=overwrite)
    prepared = export_images(images, settings.experiment)
    if settings.split is not None:
        prepared = split(prepared, settings.split, settings.seed)
    survey = iter_survey(prepared, settings.default_class)
    facts = yield from iter_part(survey, 0, 2)
    plan = _plan(settings, prepared, facts, appearance)
    writer = _writer(plan)
    part = path.with_name(f".{path.name}.part")
    finished = Finished.open(part, _key(plan, settings, facts))
    units = writer.units(prepared)
    known = dict(zip((one.stem for one in prepared), facts, strict=True))
    written: dict[str, Written] = {}
    for done, unit in enumerate(units):
        yield Progress(len(units) + done, 2 * len(units), EXPORTING)
        written[unit.name] = _write(writer, unit, part, finished, known)
    writer.finish(part, written)
    _write_text(part / LIST, image_list(prepared, facts, written))
    _write_text(part / CARD, data_card(path.name, plan, prepared, facts, written))
    finished.close()
    move_folder(part, path, overwrite=overwrite)
    yield Progress(2 * len(units), 2 * len(units), EXPORTING)
    return _report(path, plan, prepared, facts, written)


def _write(
    writer: Writer,
    unit: Unit,
    part: Path,
    finished: Finished,
    known: Mapping[str, Facts],
) -> Written:
    """Write a unit, unless it was written by a run that was stopped."""
    digests = "".join(known[one.stem].digest + one.subset for one in unit.images)
    key = f"{unit.name} {blake2b(digests.encode(), digest_size=16).hexdigest()}"
    found = finished.get(key)
    if found is not None:
        return Written.from_dict(found)
    written = writer.write(unit, part)
    finished.put(key, written.to_dict())
    return written


def _check_path(
    path: Path, images: Sequence[LabelledImage], *, overwrite: bool
) -> None:
    """Refuse a folder that is there, or that the images are in."""
    if not images:
        raise ImageError("There are no images to export.")
    for one in images:
        source = one.source
        if isinstance(source, ImageFile) and source.path.is_relative_to(
            path.absolute()
        ):
            raise ImageError(
                f"{path} holds the images that are exported. Give another folder."
            )
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace an "
            "export: overwrite=True, on the command line --overwrite."
        )
    if path.exists() and not ((path / CARD).is_file() and (path / LIST).is_file()):
        raise ImageError(
            f"{path} is not replaced: it has no {CARD} and {LIST}, so it is no data "
            "set that was exported. Give another name."
        )
    check_writable(path, folder=True)


def _plan(
    settings: ExportSettings,
    images: Sequence[ExportImage],
    facts: Sequence[Facts],
    appearance: Callable[[Frames], Appearance] | None,
) -> Plan:
    there = sorted({name for known in facts for name in known.classes})
    classes = settings.classes or tuple(there)
    unknown = [name for name in there if name not in classes]
    if unknown:
        raise ImageError(
            f"There are objects of the class {unknown[0]!r}, which is none of "
            f"{', '.join(classes)}. Name it in classes (--classes) too."
        )
    if settings.crowd is not None and settings.crowd not in classes:
        raise ImageError(f"crowd={settings.crowd!r} is none of {', '.join(classes)}.")
    form = _FORMS.get(settings.format, "original")
    if form == "original" and (settings.images == "8-bit" or appearance is not None):
        form = "png"
    if form != "original" and settings.images == "original":
        raise ImageError(f"{settings.format} takes 8-bit images only: images='auto'.")
    used = {one.subset for one in images}
    subsets = tuple(s for s in ("", *SUBSETS) if s in used)
    pictures = ImagePlacer(form, settings.link, appearance)  # type: ignore[arg-type]
    return Plan(settings, classes, subsets, pictures)


def _writer(plan: Plan) -> Writer:
    match plan.settings.format:
        case "coco":
            return CocoWriter(plan)
        case "yolo" | "yolo-boxes":
            return YoloWriter(plan, boxes=plan.settings.format == "yolo-boxes")
        case "voc":
            return VocWriter(plan)
        case "labelme":
            return LabelmeWriter(plan)
        case "ctc":
            return CtcWriter(plan)
        case _:
            return MasksWriter(plan)


def _key(plan: Plan, settings: ExportSettings, facts: Sequence[Facts]) -> str:
    """Return what a run that goes on must have in common with the one before."""
    text = repr((settings, plan.classes, plan.subsets, [f.digest for f in facts]))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _report(
    path: Path,
    plan: Plan,
    images: Sequence[ExportImage],
    facts: Sequence[Facts],
    written: Mapping[str, Written],
) -> ExportReport:
    counts = Counter(one.subset for one in images)
    classes: Counter[str] = Counter()
    losses: Counter[str] = Counter()
    for known in facts:
        classes.update(known.classes)
    for one in written.values():
        losses.update(one.losses)
    losses = +losses
    return ExportReport(
        path,
        {subset: counts[subset] for subset in plan.subsets},
        sum(len(known.areas) for known in facts),
        {name: classes[name] for name in plan.classes},
        dict(losses),
    )
