"""Training and validation data, from folders in any layout."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.training.example_sources import LabelledSource, SyntheticSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.training.example_sources import Source

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
    """

    sources: list[tuple[float, Source]]
    validation: list[tuple[float, Source]]
    description: str


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
    """
    sources: list[tuple[float, Source]] = []
    measured_on: list[tuple[float, Source]] = [
        (1.0, LabelledSource(read_labelled_images(p, layout=layout)))
        for p in validation
    ]
    description: dict[str, object] = {}
    for weight, path in folders:
        images = read_labelled_images(path, layout=layout)
        trained: list[LabelledImage] = list(images)
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
    return Data(sources, measured_on, json.dumps(description))


def _split(
    images: Sequence[LabelledImage],
) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """Split off the validation images, those whose names have the lowest digests."""
    digests = [blake2b(p.name.encode()).digest() for p in images]
    ranked = sorted(range(len(images)), key=digests.__getitem__)
    held_out = set(ranked[: max(len(images) // _HELD_BACK, 1)])
    trained = [p for i, p in enumerate(images) if i not in held_out]
    return trained, [images[i] for i in sorted(held_out)]
