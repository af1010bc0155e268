"""Files of cut-outs: a folder of pictures, a sheet of all objects, or a video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.api.cutout_source import CutoutSource
    from napari_sam.io import Image

#: Suffixes of a sheet, and of videos.
_SHEETS, _VIDEOS = (".png", ".jpg", ".jpeg", ".tif", ".webp"), (".webm", ".mov")


def check_cutout_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that cut-outs cannot be written to, before any work."""
    from napari_sam.core.atomic_write import check_writable
    from napari_sam.io.cutouts.cutout_folder import check_cutout_folder

    suffix = path.suffix.lower()
    if suffix not in (*_SHEETS, *_VIDEOS):
        if suffix:
            raise ImageError(
                f"{path}: cut-outs are a folder, a sheet ({', '.join(_SHEETS)}) or a "
                f"video ({', '.join(_VIDEOS)})."
            )
        return check_cutout_folder(path, overwrite=overwrite)
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    return check_writable(path)


def iter_write(
    source: CutoutSource, path: Path, *, overwrite: bool
) -> Generator[Progress, None, int]:
    """Write cut-outs in the form of the suffix; return the number of them."""
    if path.suffix.lower() in _VIDEOS:
        return (yield from _write_video(source, path))
    if path.suffix.lower() in _SHEETS:
        return (yield from _write_sheet(source, path))
    return (yield from _write_folder(source, path, overwrite=overwrite))


def _write_folder(
    source: CutoutSource, path: Path, *, overwrite: bool
) -> Generator[Progress, None, int]:
    from napari_sam.io.cutouts.cutout_folder import iter_write_folder

    frames, count = len(source.frames), 0
    for one in iter_write_folder(
        path, source.each(), stack=frames > 1, overwrite=overwrite
    ):
        count += 1
        yield Progress(one.frame, frames, "cutting out")
    yield Progress(frames, frames, "cutting out")
    return count


def _write_sheet(source: CutoutSource, path: Path) -> Generator[Progress, None, int]:
    from napari_sam.io import write_picture
    from napari_sam.io.cutouts.sheet import draw_sheet

    found = []
    frames = len(source.frames)
    for one in source.each():
        found.append(one)
        yield Progress(one.frame, frames, "cutting out")
    size, unit = _pixel_size(source.image)
    sheet = draw_sheet(
        found,
        sort=source.settings.sort,
        dark=source.settings.background == "black",
        pixel_size=size,
        unit=unit,
    )
    write_picture(path, sheet)
    yield Progress(frames, frames, "cutting out")
    return len(found)


def _pixel_size(image: Image) -> tuple[float | None, str]:
    """Return the size of a pixel along x and its unit; None if it is not known."""
    size, unit = image.scale.get("x"), image.units.get("x", "")
    known = size is not None and (bool(unit) and unit not in ("pixel", "degree"))
    return (size, unit) if known else (None, "")


def _write_video(source: CutoutSource, path: Path) -> Generator[Progress, None, int]:
    """Write the objects of all frames; first it is found where they go."""
    from napari_sam.io.cutouts.alpha_video import write_alpha_video

    frames = len(source.frames)
    if frames < 2:
        raise ImageError(f"{path}: a video has several frames, and the image has one.")
    masks: list[Mask] = []
    for frame in range(frames):
        yield Progress(frame, 2 * frames, "cutting out")
        masks.append(_together(source.masks(frame)))
    if not any(masks):
        raise source.nothing()
    windows = _windows(masks, source)
    pictures = (_picture(source, i, masks[i], windows[i]) for i in range(frames))
    count = write_alpha_video(path, pictures, rate=source.settings.rate)
    yield Progress(2 * frames, 2 * frames, "cutting out")
    return count


def _together(masks: Mapping[int, Mask]) -> Mask:
    whole = Mask.empty()
    for mask in masks.values():
        whole = whole | mask
    return whole


def _windows(masks: Sequence[Mask], source: CutoutSource) -> list[Region]:
    """Return the window of each frame, all of one size; they may leave the plane."""
    from napari_sam.io.cutouts.crop import window_around

    there = [mask.region for mask in masks if mask]
    settings, shape = source.settings, source.frames.plane_shape
    if not settings.follow:
        union = there[0]
        for region in there[1:]:
            union = union.union(region)
        return [window_around(union, settings, shape)] * len(masks)
    margin = 2 * max(settings.margin, round(settings.feather / 2))
    rows = max(region.shape[0] for region in there) + margin
    cols = max(region.shape[1] for region in there) + margin
    found, middle = [], there[0].center
    for mask in masks:
        middle = mask.region.center if mask else middle
        top, left = round(middle[0] - (rows - 1) / 2), round(middle[1] - (cols - 1) / 2)
        found.append(Region(top, left, top + rows, left + cols))
    return found


def _picture(
    source: CutoutSource, frame: int, mask: Mask, window: Region
) -> NDArray[np.uint8]:
    """Return a frame of a video; what lies outside of the plane is clear."""
    from napari_sam.io.cutouts.crop import opacity, shown

    rows, cols = source.frames.plane_shape
    inside = window.intersection(Region(0, 0, rows, cols))
    pixels = np.zeros((*window.shape, 4), np.uint8)
    if min(inside.shape) < 1:
        return pixels
    alpha = opacity(mask.in_window(inside), source.settings.feather)
    picture = source.appearance.render(source.frames.read(frame, inside))
    at = inside.shifted(-window.top, -window.left)
    pixels[at.slices] = shown(picture, alpha, source.settings.background)
    return pixels
