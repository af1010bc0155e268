"""All objects like a few examples, in one call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_image, to_promptable
from napari_sam.automatic import (
    AutomaticSettings,
    Examples,
    SimilarSettings,
    iter_candidates,
)
from napari_sam.automatic.example_masks import described_examples, rows_of
from napari_sam.core.progress import drain
from napari_sam.jobs.everything_jobs import numbered_planes
from napari_sam.jobs.painting import paint
from napari_sam.jobs.physical_sizes import automatic_in_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.automatic import Candidates
    from napari_sam.automatic.example_masks import AnyExamples
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.jobs.painting import PaintableLabels
    from napari_sam.jobs.segment_jobs import MaskResult


@dataclass(frozen=True)
class SimilarObjects:
    """All objects of an image, and which of them are similar enough to examples.

    Attributes
    ----------
    frames
        The image.
    planes
        The candidates of each plane: all objects, whatever they look like.
    examples
        What they are compared with; another image may be searched for them too.
    settings
        How similar objects must be.
    """

    frames: Frames
    planes: Mapping[int, Candidates]
    examples: Examples
    settings: SimilarSettings

    def with_settings(self, settings: SimilarSettings) -> SimilarObjects:
        """Return those that stay with other settings, without the model."""
        return replace(self, settings=settings)

    def with_threshold(self, similarity: float) -> SimilarObjects:
        """Return those that stay with another threshold, without the model."""
        return self.with_settings(replace(self.settings, similarity=similarity))

    @cached_property
    def masks(self) -> Mapping[Address, MaskResult]:
        """Masks by their plane and number, larger ones first; scores are similarity."""
        return numbered_planes({
            frame: candidates.similar(self.examples, self.settings)
            for frame, candidates in self.planes.items()
        })  # fmt: skip

    @property
    def similarities(self) -> dict[int, float]:
        """How similar each object of `labels` is, by its number."""
        return {at.object_id: one.score for at, one in sorted(self.masks.items())}

    @cached_property
    def labels(self) -> PaintableLabels:
        """uint32 ``(*planes, y, x)``; 0 is background."""
        return self.paint()

    def paint(self, out: PaintableLabels | None = None) -> PaintableLabels:
        """Paint the labels on an array of theirs, such as one of zarr."""
        painted: PaintableLabels = paint(self.masks, self.frames, out=out)
        return painted


def segment_similar(
    image: AnyImage,
    examples: AnyExamples | Examples,
    *,
    negatives: AnyExamples | None = None,
    axes: str | None = None,
    model: str | Backend | None = None,
    settings: SimilarSettings | None = None,
    automatic: AutomaticSettings | None = None,
    frames: Sequence[int] | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
) -> SimilarObjects:
    """Return all objects of an image that are like a few examples.

    All objects are found as by `segment_everything`, and compared with the examples by
    their area, their light and the model's features. The examples themselves are among
    the result, with their own outlines.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    examples
        Wanted objects: a list of masks, boxes (`Region`) or `Prompts` on the first
        plane, such lists by their plane, or labels of the image's shape. Or
        the `Examples` of an earlier result, also of another image.
    negatives
        The same, of objects that are not wanted.
    axes, model, appearance, tiling
        As in `segment`.
    settings
        How similar objects must be.
    automatic
        How objects are found, and which of them are considered.
    frames
        Only these planes.

    Returns
    -------
    SimilarObjects
        Its ``labels`` and ``similarities``; ``with_threshold`` moves without computing
        anything again.

    Raises
    ------
    PromptError
        If there is no example.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> found = sam.segment_similar(
    ...     coins(), [sam.Region(118, 40, 162, 84)]
    ... )  # doctest: +SKIP
    >>> found.with_threshold(0.7).labels.max()  # doctest: +SKIP
    """
    opened = to_image(image, axes)
    automatic = automatic_in_pixels(automatic or AutomaticSettings(), opened)
    promptable = to_promptable(
        opened, axes, model, appearance=appearance, tiling=tiling
    )
    chosen = range(len(promptable.frames)) if frames is None else frames
    planes = {frame: _candidates(promptable, frame, automatic) for frame in chosen}
    if not isinstance(examples, Examples):
        own = described_examples(promptable, examples)
        unwanted = described_examples(
            promptable, [] if negatives is None else negatives
        )
        examples = Examples.of(rows_of(own), rows_of(unwanted), rows_of(planes))
        planes = {
            frame: found.with_examples(own[frame]) if frame in own else found
            for frame, found in planes.items()
        }
    return SimilarObjects(
        promptable.frames, planes, examples, settings or SimilarSettings()
    )


def _candidates(
    image: PromptableImage, frame: int, settings: AutomaticSettings
) -> Candidates:
    work = iter_candidates(
        image, frame, settings=settings.find, instances=settings.instances
    )
    return drain(work).filtered(settings.filters)
