"""Objects cut out of their image in one call: pictures, a sheet, videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.api.promptable import to_image
from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.images.frames import Frames
    from napari_sam.io import Image
    from napari_sam.io.cutouts.crop import Cutout
    from napari_sam.io.cutouts.settings import CutoutSettings

#: Suffixes of a sheet, and of videos.
_SHEETS, _VIDEOS = (".png", ".jpg", ".jpeg", ".tif", ".webp"), (".webm", ".mov")


def cutouts(
    image: AnyImage,
    labels: AnyImage,
    *,
    axes: str | None = None,
    objects: Sequence[int] = (),
    classes: Mapping[int, str] | None = None,
    settings: CutoutSettings | None = None,
    appearance: Appearance | None = None,
) -> Iterator[Cutout]:
    """Cut objects out of an image, one after another, with their masks as opacity.

    Parameters
    ----------
    image
        The image: an array, the path of a file, or what `read_image` gives.
    labels
        Its labels, in the same forms.
    axes
        One letter of ``t z c y x`` per dimension of the image, where it does not name
        them.
    objects
        Only objects of these numbers.
    classes
        Classes by number; by default those of a table beside the file of labels.
    settings
        Margin, feather and background.
    appearance
        How the image is shown in 8 bits; by default limits are fitted to it.

    Yields
    ------
    Cutout
        Each object of each frame, with ``pixels`` ``(y, x, 4)``.

    Raises
    ------
    ImageError
        If labels do not lie on the image, or there is no such object.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_sam as sam
    >>> labels = np.zeros((32, 32), int)
    >>> labels[4:9, 6:16] = 3
    >>> [one] = sam.cutouts(np.zeros((32, 32), np.uint8), labels)
    >>> one.object_id, one.pixels.shape, int((one.pixels[..., 3] > 0).sum())
    (3, (13, 18, 4), 50)
    """
    return _Source(image, labels, axes, objects, classes, settings, appearance).each()


def write_cutouts(
    image: AnyImage,
    labels: AnyImage,
    path: str | Path,
    *,
    axes: str | None = None,
    objects: Sequence[int] = (),
    classes: Mapping[int, str] | None = None,
    settings: CutoutSettings | None = None,
    appearance: Appearance | None = None,
    overwrite: bool = False,
    report: Callable[[Progress], object] | None = None,
) -> int:
    """Write cut-outs in the form of the suffix of `path`, which appears whole.

    Parameters
    ----------
    image, labels, axes, objects, classes, settings, appearance
        As of `cutouts`.
    path
        Without a suffix, a folder with a PNG for each object and a table,
        ``cutouts.csv``; ``.png``, ``.jpg``, ``.tif`` or ``.webp``: all objects on one
        sheet, with a bar where the size of pixels is known; ``.webm`` (VP9) or ``.mov``
        (ProRes 4444): a video with transparency, in which the objects alone are seen.
    overwrite
        Replace what is there; of folders, only those of cut-outs.
    report
        Called with the progress.

    Returns
    -------
    int
        Number of objects written; of a video, of frames.

    Raises
    ------
    ImageError
        If labels do not lie on the image, there is no such object, or the file exists.
    MissingPackageError
        If a video needs PyAV, which is not installed.
    """
    work = iter_write_cutouts(
        image,
        labels,
        path,
        axes=axes,
        objects=objects,
        classes=classes,
        settings=settings,
        appearance=appearance,
        overwrite=overwrite,
    )
    return drain(work, report)


def iter_write_cutouts(
    image: AnyImage,
    labels: AnyImage,
    path: str | Path,
    *,
    axes: str | None = None,
    objects: Sequence[int] = (),
    classes: Mapping[int, str] | None = None,
    settings: CutoutSettings | None = None,
    appearance: Appearance | None = None,
    overwrite: bool = False,
) -> Generator[Progress, None, int]:
    """Write as `write_cutouts` does, and yield progress; closing it stops the work."""
    path = Path(path)
    _check_path(path, overwrite=overwrite)
    source = _Source(image, labels, axes, objects, classes, settings, appearance)
    if path.suffix.lower() in _VIDEOS:
        return (yield from _write_video(source, path))
    if path.suffix.lower() in _SHEETS:
        return (yield from _write_sheet(source, path))
    return (yield from _write_folder(source, path, overwrite=overwrite))


class _Source:
    """An image with its labels, and what is cut out of it."""

    def __init__(
        self,
        image: AnyImage,
        labels: AnyImage,
        axes: str | None,
        objects: Sequence[int],
        classes: Mapping[int, str] | None,
        settings: CutoutSettings | None,
        appearance: Appearance | None,
    ) -> None:
        from napari_sam.io.cutouts.settings import CutoutSettings

        self.image = to_image(image, axes)
        self.frames = self.image.frames
        self.labels = _labels_of(labels, self.frames)
        self.objects = frozenset(objects)
        self.classes = _classes_of(labels) if classes is None else classes
        self.settings = settings or CutoutSettings()
        self.appearance = appearance or Appearance.fit(self.frames)

    def masks(self, frame: int) -> dict[int, Mask]:
        """Return the masks of a frame by number, those that are wanted."""
        from napari_sam.datasets.ground_truth.label_image import LabelTruth

        truth = LabelTruth(self.labels[frame], where="The labels")
        numbers = truth.ids.tolist()
        return {
            n: truth.mask(n) for n in numbers if not self.objects or n in self.objects
        }

    def each(self) -> Iterator[Cutout]:
        """Yield every object of every frame.

        Raises
        ------
        ImageError
            If there is none.
        """
        from napari_sam.io.cutouts.crop import cut_out

        count = 0
        for frame in range(len(self.frames)):
            for number, mask in self.masks(frame).items():
                count += 1
                yield cut_out(
                    self.frames,
                    frame,
                    mask,
                    self.appearance,
                    self.settings,
                    object_id=number,
                    category=self.classes.get(number, ""),
                )
        if not count:
            raise self.nothing()

    def nothing(self) -> ImageError:
        """Return the error of labels without the objects that are wanted."""
        what = f"object {', '.join(map(str, sorted(self.objects)))}".rstrip()
        wanted = what if self.objects else "object"
        return ImageError(f"There is no {wanted} in the labels.")


def _labels_of(labels: AnyImage, frames: Frames) -> Frames:
    from napari_sam.io import read_label_image

    axes = "".join([*frames.sizes, "y", "x"])
    if isinstance(labels, str | Path):
        found = read_label_image(labels, axes=axes).frames
    else:
        found = to_image(labels, axes).frames
    if (found.plane_shape, len(found)) != (frames.plane_shape, len(frames)):
        raise ImageError(
            f"The labels are {found!r}, which do not lie on the image, {frames!r}."
        )
    return found


def _classes_of(labels: AnyImage) -> Mapping[int, str]:
    from napari_sam.datasets.class_table import read_classes

    if not isinstance(labels, str | Path):
        return {}
    return read_classes(Path(labels).with_suffix(".csv"))


def _check_path(path: Path, *, overwrite: bool) -> None:
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


def _write_folder(
    source: _Source, path: Path, *, overwrite: bool
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


def _write_sheet(source: _Source, path: Path) -> Generator[Progress, None, int]:
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


def _write_video(source: _Source, path: Path) -> Generator[Progress, None, int]:
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
    whole = Mask.from_array(np.zeros((0, 0), bool))
    for mask in masks.values():
        whole = whole | mask
    return whole


def _windows(masks: Sequence[Mask], source: _Source) -> list[Region]:
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
    source: _Source, frame: int, mask: Mask, window: Region
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
