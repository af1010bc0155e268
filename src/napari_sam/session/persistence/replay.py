"""Replaying a record: the same steps on the same image give the same labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError
from napari_sam.core.progress import Progress
from napari_sam.image.segment_objects import segment_objects
from napari_sam.session.actions import Commit
from napari_sam.session.model_setup import ImageIdentity, ModelSetup
from napari_sam.session.session import AnnotationSession
from napari_sam.session.session_state import SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.labels.arrays import LabelArray
    from napari_sam.session.persistence.record import Record


def replay(
    record: Record,
    image_for: Callable[[ModelSetup | None], Promptable],
    *,
    labels: LabelArray | None = None,
    similar: bool = False,
) -> Generator[Progress, None, AnnotationSession]:
    """Replay the actions of a record; one `Progress` an action.

    Parameters
    ----------
    record
        What was done.
    image_for
        Returns the image as a setup shows it, with its model; called once for each
        setup, and with None if nothing was predicted.
    labels
        An empty array to write to, such as a zarr array. By default, a new one.
    similar
        Take another image of the same shape, such as the next time point.

    Raises
    ------
    SessionError
        If it is another image, or a step cannot be done on it.
    """
    images: dict[str, Promptable] = {}
    steps, keys = record.steps, list(record.setups) or [""]
    for key in keys:
        images[key] = image_for(record.setups.get(key))
    image = images[keys[0]]
    check_image(record.image, image.frames, similar=similar)
    session = AnnotationSession(image, labels=started(record, image.frames, labels))
    for i, action in enumerate(steps):
        yield Progress(i, len(steps), "replaying")
        if isinstance(action, Commit):
            _commit_again(session, action, _image_of(action, images))
        else:
            session.execute(action)
    session.mark_saved()
    yield Progress(len(steps), len(steps), "replaying")
    return session


def only(image: Promptable) -> Callable[[ModelSetup | None], Promptable]:
    """Return an `image_for` that knows one image, and refuses any other setup."""

    def image_for(setup: ModelSetup | None) -> Promptable:
        here = ModelSetup.of(image)
        if setup is not None and setup.key != here.key:
            raise SessionError(
                f"The masks were predicted by {setup.model} ({setup.fingerprint}, "
                f"{setup.appearance.token}, tiling {setup.tiling}); this image has "
                f"{here.model} ({here.fingerprint}, {here.appearance.token}, tiling "
                f"{here.tiling})."
            )
        return image

    return image_for


def started(
    record: Record, frames: Frames, labels: LabelArray | None
) -> LabelArray | None:
    """Return the labels that a session began with, or None if there were none.

    Raises
    ------
    SessionError
        If the labels to write to are not empty: what is there would get among them.
    """
    if labels is None and not record.start:
        return None
    state = SessionState(frames, labels)
    if state.footprints:
        raise SessionError(
            "The labels to write to hold objects already; give an empty array."
        )
    for patch in record.start:
        state.labels.write(patch)
    return state.labels.array


def check_image(known: ImageIdentity, frames: Frames, *, similar: bool = False) -> None:
    """Refuse another image than the one that is known.

    Parameters
    ----------
    known
        What is expected.
    frames
        What is given.
    similar
        Take any image whose planes are as many and as large.
    """
    found = ImageIdentity.of(frames)
    names = ("axes", "shape") if similar else ("axes", "shape", "dtype", "sample")
    for name in names:
        was, now = getattr(known, name), getattr(found, name)
        if was != now and name == "sample":
            raise SessionError(
                "This is another image than the one the work was done on: shape and "
                "type agree, the pixels do not."
            )
        if was != now:
            raise SessionError(
                f"This is another image than the one the work was done on: its {name} "
                f"is {now}, expected {was}."
            )


def _image_of(action: Commit, images: Mapping[str, Promptable]) -> Promptable:
    if action.setup not in images:
        raise SessionError(
            f"The record is damaged: masks were predicted with the setup "
            f"{action.setup!r}, and it describes {', '.join(map(repr, images))}."
        )
    return images[action.setup]


def _commit_again(
    session: AnnotationSession, action: Commit, image: Promptable
) -> None:
    if session.image is not image:
        session.image = image
    new, now = dict(action.prompts), session.open_prompts
    missing = [at for at in action.ats if at not in new and at not in now]
    if missing:
        raise SessionError(
            f"The record is damaged: it has no prompts of object "
            f"{missing[0].object_id} in frame {missing[0].frame}, whose mask was "
            "committed."
        )
    prompts = {at: new[at] if at in new else now[at] for at in action.ats}
    setup = ModelSetup.of(image)
    session.setups[setup.key] = setup
    session.execute(replace(action, setup=setup.key), segment_objects(image, prompts))
