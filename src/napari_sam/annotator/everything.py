"""Everything: automatic masks to look at, to filter, to reject, and to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from napari_sam.annotator.found_masks import Search, iter_found, merged, split
from napari_sam.annotator.lines import pixels_along
from napari_sam.automatic import (
    AutomaticMasks,
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    SimilarSettings,
    number_masks,
)
from napari_sam.core.errors import SessionError
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress
from napari_sam.session.adding_masks import MaskAdder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from napari_sam.annotator.found_masks import FoundMasks
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic import AutomaticMask, Examples
    from napari_sam.core.address import Address
    from napari_sam.session import AnnotationSession
    from napari_sam.session.adding_masks import MaskRequest, PreparedMasks

FINDING, ACCEPTING = "finding objects", "committing objects"
#: Masks that are put into the labels at once.
_CHUNK = 1000
#: Examples that objects are compared with at most.
_MOST_EXAMPLES = 200
#: A mask, and the plane that it is in.
_Place: TypeAlias = "tuple[int, Mask]"


class Everything:
    """Finds all objects of planes; nothing changes until they are accepted.

    Attributes
    ----------
    filters
        Which of the masks are shown.
    similar
        How similar to examples they must be, if there are any.
    rejected
        Masks that the person does not want, each with its plane.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: dict[int, FoundMasks] = {}
        self._stay: dict[int, AutomaticMasks] = {}
        self._examples: Examples | None = None
        self.filters = FilterSettings()
        self.similar = SimilarSettings()
        self.rejected: set[_Place] = set()

    @property
    def frame(self) -> int | None:
        """The current plane if it was looked at, else another that was, or None."""
        session = self._workspace.session
        here = None if session is None else session.current.frame
        return here if here in self._found else next(iter(self._found), None)

    @property
    def frames(self) -> tuple[int, ...]:
        """The planes that were looked at."""
        return tuple(self._found)

    @property
    def masks(self) -> tuple[AutomaticMask, ...]:
        """The masks of the current plane that are shown, and would be accepted."""
        frame = self.frame
        return () if frame is None else tuple(self._wanted(frame))

    @property
    def count(self) -> int:
        """How many masks of all planes would be accepted."""
        return sum(1 for frame in self._stay for _ in self._wanted(frame))

    @property
    def has_examples(self) -> bool:
        """Whether masks are compared with examples."""
        return self._examples is not None

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
        from napari_sam.image import PromptableImage

        with self._workspace.events.reporting():
            session, view = self._workspace.require_model(), self._workspace.view
            image = session.image
            if view is None or not isinstance(image, PromptableImage):
                raise SessionError("There is no image in which to find objects.")
            here = session.current.frame
            search = Search(
                range(len(image.frames)) if all_planes else [here],
                settings or EverythingSettings(),
                instances or InstanceSettings(),
                view.region_in_view() if in_view else None,
                within,
                _masks_of(session, like),
                _masks_of(session, unlike),
            )
            self.discard()
            steps = iter_found(image, search, session.state.labels)
            self._workspace.tasks.run(FINDING, steps, self._on_found)

    def filter(self, filters: FilterSettings) -> None:
        """Show the masks that stay with other thresholds; the model is not asked."""
        self.filters = filters
        self._filter()

    def compare(self, similar: SimilarSettings) -> None:
        """Show the masks that are so similar to the examples; no model is asked."""
        self.similar = similar
        self._filter()

    def reject(self, row: float, col: float) -> None:
        """Reject the mask at a position of the plane, or take it again."""
        frame = self.frame
        if frame is None:
            return
        under = [m.mask for m in self._stay[frame].masks if m.mask.contains(row, col)]
        if under:
            smallest = min(under, key=lambda mask: mask.area)
            self.rejected ^= {(frame, smallest)}
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
        """Commit the masks that are shown as new objects, in one step of undo."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            if not self.count:
                raise SessionError("There are no masks to accept: find objects first.")
            numbered = list(self._numbered(session.state.free_id()))
            chunks = [
                dict(numbered[i : i + _CHUNK]) for i in range(0, len(numbered), _CHUNK)
            ]
            self.discard()
            self._add(MaskAdder(session, overlap="keep"), chunks, len(numbered))

    def discard(self) -> None:
        """Forget what was found."""
        self._found, self._stay, self._examples = {}, {}, None
        self.rejected.clear()
        self._workspace.events.automatic_changed.emit()

    def _wanted(self, frame: int) -> Iterator[AutomaticMask]:
        for one in self._stay[frame].masks:
            if (frame, one.mask) not in self.rejected:
                yield one

    def _numbered(self, first: int) -> Iterator[tuple[Address, Mask]]:
        """Yield what is to be committed, plane by plane, numbered from `first`.

        What is there keeps its pixels, and so do smaller masks: they come first.
        """
        for frame, stay in self._stay.items():
            chosen = AutomaticMasks(tuple(self._wanted(frame)), stay.plane_shape)
            numbered = number_masks(chosen, frame=frame, first=first)
            first += len(numbered)
            for at, one in reversed(numbered.items()):
                yield at, one.mask

    def _under(self, path: Sequence[tuple[float, float]]) -> list[AutomaticMask]:
        """Return the masks that a line runs through, the longest way first."""
        ways = [(_way(one.mask, path), one) for one in self.masks]
        return [one for way, one in sorted(ways, key=lambda pair: -pair[0]) if way]

    def _replace(self, old: Sequence[AutomaticMask], new: Sequence[Mask]) -> None:
        frame = self.frame
        assert frame is not None  # there are masks
        self._found[frame] = self._found[frame].replaced(old, new)
        self._filter()

    def _filter(self) -> None:
        if self._found:
            self._stay = {
                frame: found.filtered(self.filters, self._examples, self.similar)
                for frame, found in self._found.items()
            }
            self._workspace.events.automatic_changed.emit()

    def _on_found(self, result: tuple[Sequence[FoundMasks], Examples | None]) -> None:
        planes, self._examples = result
        self._found = {one.frame: one for one in planes}
        self._filter()
        count, there = self.count, sum(len(one.candidates.found) for one in planes)
        text = f"{count} object{'s' * (count != 1)} found"
        if not count and there:
            text = f"{there} masks found, but none passes the filters"
        self._workspace.events.message.emit("info", f"{text}.")

    def _add(
        self, adder: MaskAdder, chunks: Sequence[Mapping[Address, Mask]], count: int
    ) -> None:
        """Put masks into the labels chunk by chunk; what changes is computed aside."""
        if not chunks:
            objects = f"{count} object{'s' * (count != 1)}"
            self._workspace.events.message.emit("info", f"{objects} committed.")
            return

        def on_prepared(prepared: PreparedMasks) -> None:
            with self._workspace.events.reporting():
                adder.add(prepared)
                self._add(adder, chunks[1:], count)

        steps = _iter_prepared(adder.request(chunks[0]))
        self._workspace.tasks.run(ACCEPTING, steps, on_prepared)


def _masks_of(session: AnnotationSession, ids: Sequence[int]) -> dict[int, list[Mask]]:
    """Return the masks of objects by their plane; of very many, some."""
    places = [at for i in ids for at in session.state.of_object(i)]
    if ids and not places:
        raise SessionError("The examples have no pixels: commit them first.")
    found: dict[int, list[Mask]] = {}
    for at in places[:: 1 + len(places) // _MOST_EXAMPLES]:
        region, inside = session.state.mask(at)
        mask = Mask.from_array(inside, top=region.top, left=region.left)
        found.setdefault(at.frame, []).append(mask)
    return found


def _way(mask: Mask, path: Sequence[tuple[float, float]]) -> int:
    """Return how many steps of a line lie in a mask."""
    return sum(mask.contains(row, col) for row, col in pixels_along(path))


def _iter_prepared(request: MaskRequest) -> Generator[Progress, None, PreparedMasks]:
    """Compute what masks change, as one step."""
    yield Progress(0, 1, ACCEPTING)
    return request()
