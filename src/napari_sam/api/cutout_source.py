"""The source of cut-outs: an image with its labels, and the masks that are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_image
from napari_sam.core.errors import ImageError
from napari_sam.core.images.appearance import Appearance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.io.cutouts.crop import Cutout
    from napari_sam.io.cutouts.settings import CutoutSettings


class CutoutSource:
    """An image with its labels, whose objects are cut out; see `cutouts`."""

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
