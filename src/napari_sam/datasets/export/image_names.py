"""The images of a data set as they are written: names, experiments and sequences."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unicodedata import normalize

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.mask import Mask
    from napari_sam.datasets.labelled_image import LabelledImage

__all__ = ["ExportImage", "export_images"]

_PLANE = re.compile(r"(.*?)\[([tz]=\d+(?:,[tz]=\d+)*)\]")
#: A frame of a movie of the Cell Tracking Challenge, whose folder is the movie.
_MOVIE = re.compile(r"(?:.*/)?\d+/t\d+")
#: What some system or program does not take in a file's name.
_ODD = re.compile(r'[\x00-\x1f<>:"/\\|?*\[\]]+')


@dataclass(frozen=True, slots=True)
class ExportImage:
    """An image of a data set that is written.

    Attributes
    ----------
    image
        The image with its objects.
    stem
        Name of its files, which no other has.
    experiment
        What it belongs to: a split never parts an experiment.
    sequence
        Name of the movie or stack that it is a plane of; of single images, the folder.
    at
        Its index along ``t`` and ``z``, if it is a plane.
    subset
        ``train``, ``val`` or ``test``; empty without a split.
    """

    image: LabelledImage
    stem: str
    experiment: str
    sequence: str
    at: Mapping[str, int] = field(default_factory=dict)
    subset: str = ""

    def objects(self, default_class: str) -> list[tuple[int, str, Mask]]:
        """Return number, class and mask of its objects, in order of numbers."""
        truth = self.image.truth
        return [
            (int(n), truth.categories.get(int(n), default_class), truth.mask(int(n)))
            for n in truth.ids
        ]


def export_images(
    images: Sequence[LabelledImage], pattern: str | None
) -> list[ExportImage]:
    """Give each image the name of its files and its experiment.

    Parameters
    ----------
    images
        The images; those of one file are planes of one experiment.
    pattern
        Regular expression of the experiment in ``KIND/NAME``; None decides by folders.

    Raises
    ------
    ImageError
        If the pattern is not in the name of an image.
    """
    folders = {_folder(one) for one in images}
    stems = _stems(images)
    found = []
    for one, stem in zip(images, stems, strict=True):
        base, at = _parts(one.name)
        stack = f"{_folder(one)}/{base}" if at else _folder(one)
        single = f"{one.kind}/{base}"
        in_folder = len(folders) > 1 or _MOVIE.fullmatch(base)
        usual = _folder(one) if in_folder else single
        experiment = _matched(pattern, one) if pattern else usual
        found.append(ExportImage(one, stem, experiment, stack, at))
    return found


def _folder(image: LabelledImage) -> str:
    """Return the folder of an image: that of its data set, and one in its name."""
    base, _ = _parts(image.name)
    within = base.rpartition("/")[0]
    return f"{image.kind}/{within}" if within else image.kind


def _parts(name: str) -> tuple[str, dict[str, int]]:
    """Split ``stack[t=3,z=0]`` into the name of the stack and the plane."""
    match = _PLANE.fullmatch(name)
    if match is None:
        return name, {}
    pairs = (pair.split("=") for pair in match[2].split(","))
    return match[1], {axis: int(index) for axis, index in pairs}


def _matched(pattern: str, image: LabelledImage) -> str:
    name = f"{image.kind}/{image.name}"
    match = re.search(pattern, name)
    if match is None:
        raise ImageError(
            f"The experiment {pattern!r} is not in {name}. Give a regular expression "
            "that is in the name of every image."
        )
    return next((g for g in match.groups() if g), match[0])


def _stems(images: Sequence[LabelledImage]) -> list[str]:
    """Return names of files, each once, also where capitals are not told apart."""
    short = [_stem(one.name) for one in images]
    times = Counter(s.casefold() for s in short)
    stems = [
        stem if times[stem.casefold()] == 1 else _stem(f"{one.kind}_{one.name}")
        for stem, one in zip(short, images, strict=True)
    ]
    seen: Counter[str] = Counter()
    for i, stem in enumerate(stems):
        seen[stem.casefold()] += 1
        if seen[stem.casefold()] > 1:
            stems[i] = f"{stem}_{seen[stem.casefold()]}"
    return stems


def _stem(name: str) -> str:
    base, at = _parts(normalize("NFC", name))
    planes = "".join(f"_{axis}{index:03d}" for axis, index in at.items())
    return (_ODD.sub("_", base).strip(" .") or "image") + planes
