"""Image files of a data set: kept as they are, or shown in 8 bits."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam.core.images.appearance import Appearance
from napari_sam.datasets.image_sources import ImageFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets.labelled_image import LabelledImage

__all__ = ["ImagePlacer", "Placed", "save_tiff"]

#: Suffixes of files that are shown to be 8-bit, by the form that is wanted.
_PLAIN = {"png": (".png", ".jpg", ".jpeg"), "jpg": (".jpg", ".jpeg")}
#: The tag of EXIF that says how a photograph is turned.
_ORIENTATION = 274


@dataclass(frozen=True, slots=True)
class Placed:
    """An image file that was written.

    Attributes
    ----------
    name
        Of the file.
    shown
        How it was brought to 8 bits; ``"as it is"`` if its pixels are those there were.
    """

    name: str
    shown: str


@dataclass(slots=True)
class ImagePlacer:
    """Places image files in a data set.

    Attributes
    ----------
    form
        ``original`` keeps pixels as they are; ``png`` and ``jpg`` are 8-bit.
    link
        Hard links instead of copies, where the file stays as it is.
    appearance
        How an image is shown in 8 bits; None fits limits to the whole image.
    """

    form: Literal["original", "png", "jpg"]
    link: bool = False
    appearance: Callable[[Frames], Appearance] | None = None
    _fitted: dict[Path, Appearance] = field(default_factory=dict)

    def place(self, image: LabelledImage, folder: Path, stem: str) -> Placed:
        """Write the image into a folder; a file that needs no change is copied."""
        folder.mkdir(parents=True, exist_ok=True)
        source = image.source
        if isinstance(source, ImageFile) and self._stays(source):
            suffix = source.path.suffix.lower().replace(".jpeg", ".jpg")
            self._copy(source.path, folder / f"{stem}{suffix}")
            return Placed(f"{stem}{suffix}", "as it is")
        if self.form == "original":
            save_tiff(folder / f"{stem}.tif", image.frames[0])
            return Placed(f"{stem}.tif", "as it is")
        pixels, shown = self._shown(image)
        _save(folder / f"{stem}.{self.form}", pixels)
        return Placed(f"{stem}.{self.form}", shown)

    def _stays(self, source: ImageFile) -> bool:
        if source.plane is not None or not source.path.is_file():
            return False
        if self.form == "original":
            return True
        plain = source.path.suffix.lower() in _PLAIN[self.form]
        return plain and self.appearance is None and _is_plain(source.path)

    def _copy(self, file: Path, to: Path) -> None:
        to.unlink(missing_ok=True)
        if self.link:
            try:
                return os.link(file, to)
            except OSError:  # another disk, or one without links
                pass
        shutil.copyfile(file, to)
        return None

    def _shown(self, image: LabelledImage) -> tuple[NDArray[np.uint8], str]:
        frames = image.frames
        grey = frames.n_channels is None and frames.dtype == np.uint8
        if self.appearance is None and grey:
            return np.asarray(frames[0], np.uint8), "as it is"
        fitted = self._fit(image)
        pixels = fitted.render(frames[0])
        flat = bool((pixels == pixels[..., :1]).all())
        return pixels[..., 0] if flat else pixels, fitted.token

    def _fit(self, image: LabelledImage) -> Appearance:
        """Return the appearance of an image: one for all planes of a file."""
        source, fit = image.source, self.appearance or Appearance.fit
        if source is None:
            return fit(image.frames)
        key = source.path if isinstance(source, ImageFile) else Path()
        if key not in self._fitted:
            self._fitted[key] = fit(source.whole())
        return self._fitted[key]


def _is_plain(path: Path) -> bool:
    """Whether a picture has one frame of 8-bit grey or RGB, and is not turned."""
    from PIL import Image

    with Image.open(path) as picture:
        turned = picture.getexif().get(_ORIENTATION, 1) != 1
        frames = getattr(picture, "n_frames", 1)
        transparent = "transparency" in picture.info
        plain = picture.mode in ("L", "RGB") and not (turned or transparent)
        return plain and frames == 1


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image

    if path.suffix == ".jpg":
        Image.fromarray(pixels).save(path, quality=95, subsampling=0)
    else:
        Image.fromarray(pixels).save(path)


def save_tiff(path: Path, pixels: NDArray[np.generic], axes: str = "yx") -> None:
    """Write a plane ``(y, x)`` or ``(y, x, c)``, or a volume, without loss."""
    import tifffile

    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    colours = pixels.ndim > len(axes)
    rgb = colours and pixels.shape[-1] == 3 and pixels.dtype.kind == "u"
    if rgb:
        axes = f"{axes}s"
    elif colours:  # channels come last, and a TIFF has them first
        pixels, axes = np.moveaxis(pixels, -1, 0), f"c{axes}"
    tifffile.imwrite(
        path,
        np.ascontiguousarray(pixels),
        compression="zlib",
        photometric="rgb" if rgb else "minisblack",
        metadata={"axes": axes.upper()},
    )
