"""Training and validation data, from folders in any layout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import TrainingError
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.training.data_stamp import stamp_of
from napari_sam.training.example_sources import LabelledSource, SyntheticSource
from napari_sam.training.held_back import has_objects, hold_back

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.training.example_sources import ExampleSource

__all__ = ["Data", "read_data"]


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
        chosen by their names, is held back, or a part of each of fewer than four.
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
        trained, held_out = (images, []) if validation else hold_back(images)
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


def _labelled(path: Path, layout: str, what: str) -> list[LabelledImage]:
    """Read a folder; refuse one in which no image has an object.

    Raises
    ------
    TrainingError
        If so.
    """
    images = list(read_labelled_images(path, layout=layout))
    if not any(map(has_objects, images)):
        raise TrainingError(
            f"{path} has no objects for {what}: the labels of its {len(images)} images "
            "are empty. Give a folder with labelled objects, or leave it out."
        )
    return images
