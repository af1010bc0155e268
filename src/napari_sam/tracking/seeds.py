"""Seeds: where a person has said that objects are, as masks on frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.tracking.object_frame import ObjectFrame
from napari_sam.tracking.track_segment import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from napari_sam.core.propagation import Edge
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.tracks import Tracks

#: What a caller gives: label images by frame, or prompts or masks by address. None, and
#: prompts of which none is positive, say that the object is absent there.
Seeds: TypeAlias = "Mapping[int, ArrayLike] | Mapping[Address, Prompts | Mask | None]"
#: Objects by frame, then by id.
Anchors: TypeAlias = "dict[int, dict[int, ObjectFrame]]"


def anchors_of_seeds(image: PromptableImage, seeds: Seeds) -> Anchors:
    """Return seeds as objects on frames; prompts are decoded.

    Raises
    ------
    PromptError
        If there is no object, or a frame is not there.
    ImageError
        If a label image does not have the shape of the frames.
    """
    anchors: Anchors = {}
    given = [key.frame if isinstance(key, Address) else int(key) for key in seeds]
    for frame in sorted(given):
        if not 0 <= frame < len(image.frames):
            raise PromptError(
                f"frame {frame} of an image with {len(image.frames)}, counted from 0."
            )
        anchors.setdefault(frame, {})
    if all(isinstance(key, Address) for key in seeds):
        _add_addressed(image, cast("Mapping[Address, Prompts]", seeds), anchors)
    else:
        for frame, labels in cast("Mapping[int, ArrayLike]", seeds).items():
            anchors[int(frame)] = _of_labels(labels, image.frames.plane_shape)
    if not any(anchors.values()):
        raise PromptError(
            "The seeds hold no object. Give label images by frame, or prompts by "
            "Address(frame, object_id)."
        )
    return anchors


def anchors_of_tracks(tracks: Tracks) -> Anchors:
    """Return what a person decided in tracks: prompted, approved and absent frames."""
    anchors: Anchors = {}
    for segment in tracks.segments:
        for row in np.flatnonzero(segment.states != State.PROPAGATED).tolist():
            frame, label = int(segment.frames[row]), int(segment.labels[row])
            mask = mask_of(tracks, frame, label) if label else None
            state = State(int(segment.states[row]))
            anchors.setdefault(frame, {})[segment.id] = ObjectFrame(mask, state)
    for edge in tracks.edges:
        _end_between(tracks, edge, anchors)
    return anchors


def _end_between(tracks: Tracks, edge: Edge, anchors: Anchors) -> None:
    """Keep a mother from going on beside her daughters, and them from going back."""
    source, target = tracks[edge.source], tracks[edge.target]
    ends = {tracks.time(target.first): source.id, tracks.time(source.last): target.id}
    for frame in range(len(tracks.source)):
        absent = ends.get(tracks.time(frame))
        if absent is not None:
            nothing = ObjectFrame(None, State.ABSENT)
            anchors.setdefault(frame, {}).setdefault(absent, nothing)


def mask_of(tracks: Tracks, frame: int, label: int) -> Mask:
    """Return the mask of a label of the source of tracks."""
    return Mask.from_label(np.asarray(tracks.source[frame]), label)


def _add_addressed(
    image: PromptableImage,
    seeds: Mapping[Address, Prompts | Mask | None],
    anchors: Anchors,
) -> None:
    """Add seeds by address; the prompts of one frame are decoded together."""
    for frame, found in anchors.items():
        mine = {a.object_id: s for a, s in seeds.items() if a.frame == frame}
        positive = {i: s for i, s in mine.items() if isinstance(s, Prompts) and s}
        decoded = image.segment_many(list(positive.values()), frame)
        masks = {i: p.to_mask() for i, p in zip(positive, decoded, strict=True)}
        for i, seed in mine.items():
            mask = seed if isinstance(seed, Mask) else masks.get(i)
            if mask:
                found[i] = ObjectFrame(mask, State.PROMPTED)
            elif i in masks:
                raise PromptError(
                    f"The prompts of object {i} on frame {frame} give an empty mask. "
                    "Add a point or a box."
                )
            else:
                found[i] = ObjectFrame(None, State.ABSENT)


def _of_labels(labels: ArrayLike, plane: tuple[int, int]) -> dict[int, ObjectFrame]:
    from scipy import ndimage

    array = np.asarray(labels)
    if array.shape != plane or array.dtype.kind not in "bui":
        raise ImageError(
            f"Seeds of the shape {array.shape} and type {array.dtype}: expected whole "
            f"numbers of the shape {plane}, that of a frame."
        )
    ids, dense = np.unique(array, return_inverse=True)
    windows = ndimage.find_objects(dense.reshape(plane) + 1)
    found = {}
    for i, where in zip(ids.tolist(), windows, strict=True):
        if i > 0 and where is not None:
            top, left = where[0].start, where[1].start
            mask = Mask.from_label(array[where], i, top=top, left=left)
            found[int(i)] = ObjectFrame(mask, State.PROMPTED)
    return found
