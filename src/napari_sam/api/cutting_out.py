"""Objects cut out of their image in one call: pictures, a sheet, videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.cutout_files import check_cutout_path, iter_write
from napari_sam.api.cutout_source import CutoutSource
from napari_sam.core.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.io.cutouts.crop import Cutout
    from napari_sam.io.cutouts.settings import CutoutSettings


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
    source = CutoutSource(image, labels, axes, objects, classes, settings, appearance)
    return source.each()


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
    check_cutout_path(path, overwrite=overwrite)
    source = CutoutSource(image, labels, axes, objects, classes, settings, appearance)
    return (yield from iter_write(source, path, overwrite=overwrite))
