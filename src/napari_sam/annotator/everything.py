"""Everything: the automatic masks of an image, filtered, rejected and accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.annotator.acceptance import Acceptance
from napari_sam.annotator.found_masks import Search, iter_found, merged, split
from napari_sam.automatic import EverythingSettings, FilterSettings, InstanceSettings
from napari_sam.core.errors import SessionError
from napari_sam.jobs.physical_sizes import sizes_in_own_unit, sizes_in_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.annotator.found_masks import FoundMasks, Limits
    from napari_sam.annotator.found_planes import FoundPlanes, Place
    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic import (
        AutomaticMask,
        Examples,
        SimilarSettings,
    )
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.image import PromptableImage
    from napari_sam.session import AnnotationSession

FINDING = "finding objects"
#: Examples that objects are compared with at most.
_MOST_EXAMPLES = 200


class Everything:
    """Finds all objects of planes; nothing changes until they are accepted.

    What `WordFinder` finds is shown, filtered and accepted here as well.

    Parameters
    ----------
    workspace
        The image, and who does slow work.
    planes
        What was found.
    """

    def __init__(self, workspace: Workspace, planes: FoundPlanes) -> None:
        self._workspace, self._planes = workspace, planes

    @property
    def limits(self) -> Limits:
        """Which of the masks are shown."""
        return self._planes.limits

    @property
    def rejected(self) -> set[Place]:
        """Masks that the person does not want, each with its plane."""
        return self._planes.rejected

    @property
    def frame(self) -> int | None:
        """The current plane if it was searched, else another that was, or None."""
        session = self._workspace.session
        here = None if session is None else session.current.frame
        return here if here in self.frames else next(iter(self.frames), None)

    @property
    def frames(self) -> tuple[int, ...]:
        """The planes that were searched."""
        return self._planes.frames

    @property
    def masks(self) -> tuple[AutomaticMask, ...]:
        """The masks of the current plane that are shown, and would be accepted."""
        frame = self.frame
        return () if frame is None else tuple(self._planes.accepted(frame))

    @property
    def count(self) -> int:
        """How many masks of all planes would be accepted."""
        return self._planes.count

    @property
    def has_examples(self) -> bool:
        """Whether masks are compared with examples."""
        return self._planes.limits.examples is not None

    def find(
        self,
        settings: EverythingSettings | None = None,
        instances: InstanceSettings | None = None,
        *,
        in_view: bool = False,
        within: Mask | None = None,
        all_planes: bool = False,
        like: Sequence[int] = (),
        unlike: Sequence[int] = (),
    ) -> None:
        """Find all objects of the current plane; `events.automatic_changed` tells it.

        Parameters
        ----------
        settings, instances
            By which method, and how instances are cut out.
        in_view
            Only what is in view.
        within
            Only objects whose most central pixel is in this mask.
        all_planes
            All planes of the image, one after another.
        like, unlike
            Numbers of objects in the labels: only what is like the first is shown, and
            not what is more like the others.
        """
        with self._workspace.events.reporting():
            session, image, view = searched(self._workspace)
            search = Search(
                range(len(image.frames)) if all_planes else [session.current.frame],
                settings or EverythingSettings(),
                instances or InstanceSettings(),
                view if in_view else None,
                within,
                _masks_of(session, like),
                _masks_of(session, unlike),
            )
            self.discard()
            steps = iter_found(image, search, session.state.labels)
            self._workspace.tasks.run(FINDING, steps, self._on_found)

    def filter(self, filters: FilterSettings) -> None:
        """Show the masks that stay with other thresholds, without the model.

        Sizes are in pixels, or have a unit that the image has too.
        """
        with self._workspace.events.reporting():
            image = self._workspace.image
            if image is not None:
                filters = sizes_in_pixels(filters, image.source.describe())
            self._planes.filter(replace(self._planes.limits, filters=filters))
            self._tell()

    def compare(self, similar: SimilarSettings) -> None:
        """Show the masks that are so similar to the examples, without the model."""
        self._planes.filter(replace(self._planes.limits, similar=similar))
        self._tell()

    def reject(self, row: float, col: float) -> None:
        """Reject the mask at a position of the plane, or take it again."""
        frame = self.frame
        if frame is not None and self._planes.toggle(frame, row, col):
            self._workspace.events.automatic_changed.emit()

    def merge(self, path: Sequence[tuple[float, float]]) -> None:
        """Make one mask of those in the current plane that a line runs through."""
        with self._workspace.events.reporting():
            under = self._under(path)
            if len(under) < 2:
                raise SessionError("The line runs through fewer than two masks.")
            self._replace(under, [merged(under)])

    def split(self, path: Sequence[tuple[float, float]]) -> None:
        """Cut the mask that most of a line runs through, along the line."""
        with self._workspace.events.reporting():
            under = self._under(path)
            if not under:
                raise SessionError("The line runs through no mask.")
            self._replace(under[:1], split(under[0].mask, path))

    def accept(self) -> None:
        """Commit the masks that are shown as new objects, in one step of undo.

        What words found has its word as class, which leans as that of a classifier.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            if not self.count:
                raise SessionError("There are no masks to accept: find objects first.")
            numbered = list(self._planes.numbered(session.state.objects.free_id()))
            self.discard()
            Acceptance(self._workspace, numbered).go_on()

    def discard(self) -> None:
        """Discard the automatic masks."""
        self._planes.clear()
        self._workspace.events.automatic_changed.emit()

    def _under(self, path: Sequence[tuple[float, float]]) -> list[AutomaticMask]:
        frame = self.frame
        return [] if frame is None else self._planes.under(frame, path)

    def _replace(self, old: Sequence[AutomaticMask], new: Sequence[Mask]) -> None:
        frame = self.frame
        assert frame is not None  # there are masks
        self._planes.replace(frame, old, new)
        self._tell()

    def _tell(self) -> None:
        if self.frames:
            self._workspace.events.automatic_changed.emit()

    def _on_found(self, result: tuple[Sequence[FoundMasks], Examples | None]) -> None:
        planes, examples = result
        self._planes.show(planes, examples=examples)
        self._tell()
        self._workspace.events.message.emit("info", self._planes.summary)


def usual_filters(image: OpenImage | None) -> FilterSettings:
    """Return the usual thresholds, with sizes in the image's unit, if it has one."""
    if image is None:
        return FilterSettings()
    return sizes_in_own_unit(FilterSettings(), image.source.describe())


def searched(
    workspace: Workspace,
) -> tuple[AnnotationSession, PromptableImage, Region]:
    """Return the session, its image with a model, and what is in view.

    Raises
    ------
    SessionError
        If there is no image, or no model yet.
    """
    from napari_sam.image import PromptableImage

    session, view = workspace.require_model(), workspace.view
    if view is None or not isinstance(session.image, PromptableImage):
        raise SessionError("There is no image in which to find objects.")
    return session, session.image, view.region_in_view()


def _masks_of(session: AnnotationSession, ids: Sequence[int]) -> dict[int, list[Mask]]:
    """Return the masks of objects by their plane; of very many, some."""
    places = [at for i in ids for at in session.state.footprints.of_object(i)]
    if ids and not places:
        raise SessionError("The examples have no pixels: commit them first.")
    found: dict[int, list[Mask]] = {}
    for at in places[:: 1 + len(places) // _MOST_EXAMPLES]:
        found.setdefault(at.frame, []).append(session.state.labels.mask(at))
    return found
