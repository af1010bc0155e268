"""Training and validation data, from folders in any layout."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import NapariSamError, TrainingError
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.training.data_stamp import stamp_of
from napari_sam.training.example_sources import LabelledSource, SyntheticSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.training.example_sources import ExampleSource

__all__ = ["Data", "read_data"]

#: One of so many images is held out for validation.
_HELD_BACK = 10
#: A folder of fewer images has no image held out.
_FEWEST = 4


class Data(NamedTuple):
    """Sources of training and of validation crops.

    Attributes
    ----------
    sources, validation
        Weight and source of training crops, and of validation crops.
    description
        Names, weights and counts of images, as JSON.
    stamp
        What changes with the files, as `stamp_of` returns it.
    """

    sources: list[tuple[float, ExampleSource]]
    validation: list[tuple[float, ExampleSource]]
    description: str
    stamp: str = ""


def read_data(
    folders: Sequence[tuple[float, Path]],
    *,
    validation: Sequence[Path] = (),
    synthetic: float = 0.0,
    layout: str = "auto",
) -> Data:
    """Read training and validation data.

    Parameters
    ----------
    folders
        Weight and path of labelled images: `napari_sam.datasets.read_labelled_images`.
    validation
        Validation images. If none are given, about a tenth of each folder's images,
        chosen by their names, is held out.
    layout
        Layout of the folders, where several fit.
    synthetic
        Weight of synthetic scenes; without folders they are the only data.

    Raises
    ------
    MissingFileError, ImageError
        If one of the folders holds no training data.
    TrainingError
        If no image of a folder has an object.
    """
    sources: list[tuple[float, ExampleSource]] = []
    measured_on: list[tuple[float, ExampleSource]] = [
        (1.0, LabelledSource(_labelled(p, layout, "validation"))) for p in validation
    ]
    description: dict[str, object] = {}
    for weight, path in folders:
        images = _labelled(path, layout, "training")
        trained: list[LabelledImage] = images
        held_out: list[LabelledImage] = []
        if not validation and len(images) >= _FEWEST:
            trained, held_out = _split(images)
        sources.append((weight, LabelledSource(trained)))
        if held_out:
            measured_on.append((weight, LabelledSource(held_out)))
        description[path.name] = {
            "weight": weight,
            "images": len(trained),
            "held": len(held_out),
        }
    if synthetic > 0 or not sources:
        sources.append((synthetic or 1.0, SyntheticSource()))
        description["synthetic"] = {"weight": synthetic or 1.0}
    if not folders and not measured_on:
        measured_on = [(1.0, SyntheticSource())]
    stamp = stamp_of([*(path for _, path in folders), *validation])
    return Data(sources, measured_on, json.dumps(description), stamp)


def _has_objects(image: LabelledImage) -> bool:
    """Whether there is anything to learn; what cannot be read is for the check."""
    try:
        return len(image.truth.ids) > 0
    except (NapariSamError, OSError):
        return True


def _labelled(path: Path, layout: str, what: str) -> list[LabelledImage]:
    """Read a folder; refuse one in which no image has an object.

    Raises
    ------
    TrainingError
        If so.
    """
    images = list(read_labelled_images(path, layout=layout))
    if not any(map(_has_objects, images)):
        raise TrainingError(
            f"{path} has no objects for {what}: the labels of its {len(images)} images "
            "are empty. Give a folder with labelled objects, or leave it out."
        )
    return images


def _split(
    images: Sequence[LabelledImage],
) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """Split off the validation images, those whose names have the lowest digests.

    They are chosen among the images with objects, as far as those are more than one:
    an image without any measures nothing.
    """
    digests = [blake2b(p.name.encode()).digest() for p in images]
    ranked = sorted(range(len(images)), key=digests.__getitem__)
    count, held_out = max(len(images) // _HELD_BACK, 1), set[int]()
    for i in ranked:
        if len(held_out) < count and _has_objects(images[i]):
            held_out.add(i)
    trained = [p for i, p in enumerate(images) if i not in held_out]
    if held_out and not any(map(_has_objects, trained)):
        # The only ones are better learnt from than measured on.
        held_out.remove(next(i for i in ranked if i in held_out))
        trained = [p for i, p in enumerate(images) if i not in held_out]
    return trained, [images[i] for i in sorted(held_out)]
