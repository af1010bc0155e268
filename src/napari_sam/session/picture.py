"""A picture of a session, small, for where no window can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.geometry.region import Region
from napari_sam.image.screen_pixels import plane_picture
from napari_sam.session.labels.sampled import sampled_labels

if TYPE_CHECKING:
    from napari_sam.session.document import Document


def session_picture(session: Document) -> bytes | None:
    """Return the plane of the current object with labels and open prompts, as a PNG.

    None if all pixels of a large plane would have to be read for it.
    """
    from napari_sam.io.pictures import draw_overlay, encode_picture

    frame = session.current.frame
    found = plane_picture(session.frames, frame)
    if found is None:
        return None
    picture, level = found
    whole = Region(0, 0, *session.frames.plane_shape)
    labels = sampled_labels(session.state.labels, frame, whole, 1 << level)
    prompts = {
        at.object_id: prompts
        for at, prompts in session.open_prompts.items()
        if at.frame == frame and not level
    }
    return encode_picture(draw_overlay(picture, labels, prompts))
