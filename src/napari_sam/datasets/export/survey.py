"""What is in a data set: counts, classes and sizes, read before anything is written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, NapariSamError
from napari_sam.core.progress import Progress
from napari_sam.datasets.checking import all_errors

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["EXPORTING", "Facts", "iter_survey"]

#: What progress is of: images are read first, then written.
EXPORTING = "exporting"

#: What a name in messages has behind the path of the file.
_BEHIND = re.compile(r"(\[[^\]]*\]| \(image .*\))$")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of an image: what is known of it before it is written.

    Attributes
    ----------
    shape
        Rows and columns.
    kind
        Type of the pixels and their channels, for people.
    classes
        Number of objects by class.
    areas
        Pixels of each object.
    digest
        Of its objects and files: what has another is written again.
    """

    shape: tuple[int, int]
    kind: str
    classes: Counter[str]
    areas: tuple[int, ...]
    digest: str


def iter_survey(
    images: Sequence[ExportImage], default_class: str
) -> Generator[Progress, None, list[Facts]]:
    """Read all images once; what cannot be used is told together.

    Raises
    ------
    ImageError
        If some images cannot be used, or none has an object.
    """
    found, errors = [], dict[str, None]()
    for done, one in enumerate(images, start=1):
        try:
            found.append(_facts(one, default_class))
        except NapariSamError as wrong:
            errors[str(wrong)] = None
        yield Progress(done, len(images), EXPORTING)
    if errors:
        unusable = len(images) - len(found)
        raise ImageError(all_errors(list(errors), unusable, len(images)))
    if not any(facts.areas for facts in found):
        raise ImageError(f"There is no object in any of {len(images)} images.")
    return found


def _facts(one: ExportImage, default_class: str) -> Facts:
    truth, frames = one.image.truth, one.image.frames
    classes = Counter(truth.categories.get(int(n), default_class) for n in truth.ids)
    channels = frames.n_channels
    kind = f"{frames.dtype}, {channels} channels" if channels else str(frames.dtype)
    digest = blake2b(truth.ids.tobytes() + truth.areas.tobytes(), digest_size=16)
    digest.update(repr(sorted(truth.categories.items())).encode())
    digest.update(repr([truth.window(int(n)) for n in truth.ids]).encode())
    digest.update(repr([_stamp(name) for name in one.image.files]).encode())
    return Facts(
        truth.shape, kind, classes, tuple(truth.areas.tolist()), digest.hexdigest()
    )


def _stamp(name: str) -> tuple[int, int]:
    """Return size and time of a file that a message names."""
    path = Path(_BEHIND.sub("", name))
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_size, found.st_mtime_ns
