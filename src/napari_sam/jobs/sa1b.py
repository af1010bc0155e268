"""Automatic masks of an image, written as SA-1B has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError
from napari_sam.io.sa1b import Sa1bMask, write_sa1b

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.io import Image
    from napari_sam.jobs.everything_jobs import AutomaticResult


def check_sa1b(frames: Frames, *, chosen: int | None = None) -> None:
    """Refuse a stack of which no plane was chosen: SA-1B has a file for each image.

    Raises
    ------
    ImageError
        If there are several planes.
    """
    if len(frames) > 1 and chosen is None:
        raise ImageError(
            f"The image has {len(frames)} frames, and a file of SA-1B is of one: "
            "choose it by --frame, or write labels instead."
        )


def save_sa1b(
    output: Path, masks: Mapping[Address, AutomaticResult], image: Image
) -> None:
    """Write the masks of one plane with their scores, points and crops.

    Parameters
    ----------
    output
        The .json file.
    masks
        By frame and number, all of one frame; the number is that of the annotation.
    image
        The image.
    """
    found = [
        Sa1bMask(one.pixels, one.score, one.stability, one.point, one.crop)
        for one in masks.values()
    ]
    name = output.stem if image.path is None else image.path.name
    write_sa1b(output, found, image.frames.plane_shape, image=name)
