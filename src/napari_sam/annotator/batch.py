"""Batches: masks of the prompts of a whole layer, and embedding ahead of clicks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import Progress
from napari_sam.core.settings import check, setting
from napari_sam.image.segment_objects import segment_objects
from napari_sam.image.settings import EmbedSettings
from napari_sam.session.requests import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from napari_sam.annotator.commits import Commits
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Promptable
    from napari_sam.image.embed import EmbedResult
    from napari_sam.session.edits.label_edits import Overlap
    from napari_sam.session.session_state import SessionState

_EMBEDDING, _BATCH = "embedding the view", "segmenting"
#: Prompts that are decoded together.
_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How the rows of a layer become prompts, and their masks labels."""

    form: Literal["auto", "box", "points", "mask"] = setting(
        "auto",
        label="Labels as",
        tip="Prompts that labels are turned into; auto takes masks. Points and shapes "
        "are prompts as they are.",
    )
    overlap: Literal["keep", "overwrite"] | None = setting(
        None,
        label="Overlaps",
        tip="Whether other objects keep their pixels where a new mask lies on them.",
        automatic="as for clicks",
    )

    def __post_init__(self) -> None:
        check(self)


#: What is done unless the person chose something else.
_BATCH_SETTINGS, _EMBED_SETTINGS = BatchSettings(), EmbedSettings()


class BatchProcessing:
    """Batches of prompts or tiles: long work that can be cancelled."""

    def __init__(self, workspace: Workspace, commits: Commits) -> None:
        self._workspace, self._commits = workspace, commits

    def embed_view(self, settings: EmbedSettings = _EMBED_SETTINGS) -> None:
        """Embed what is in view ahead of the clicks, nearest first.

        Parameters
        ----------
        settings
            Region and frames in place of those in view; what is background, and how
            many tiles are encoded at once.
        """
        from napari_sam.image import PromptableImage

        with self._workspace.events.reporting():
            session, view = self._workspace.require_model(), self._workspace.view
            image = session.image
            if view is None or not isinstance(image, PromptableImage):
                raise SessionError("There is no view whose tiles could be embedded.")
            region = settings.window or view.region_in_view()
            if min(region.shape) < 1:
                raise SessionError("Nothing of the image is in view.")
            frame = session.current.frame
            steps = image.iter_embed(
                region=region,
                frames=settings.frame_range or [frame],
                near=(frame, *region.center),
                background=settings.background,
                batch=settings.batch,
            )
            self._workspace.tasks.run(_EMBEDDING, steps, self._on_embedded)

    def segment(
        self,
        read: Callable[[int], Mapping[Address, Prompts]],
        name: str,
        settings: BatchSettings = _BATCH_SETTINGS,
    ) -> None:
        """Commit the masks of many prompts, as one step.

        Parameters
        ----------
        read
            Given the number of the first object, returns the prompts of each; called
            on another thread, since to read large layers takes seconds.
        name
            Of where the prompts come from, for the person.
        settings
            Its overlap rule; by default, that of commits.
        """
        overlap = settings.overlap or self._commits.rule
        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            first = session.state.objects.free_id()
            steps = iter_batch(session.image, read, first, name)
            self._workspace.tasks.run(_BATCH, steps, partial(self._commit, overlap))

    def _on_embedded(self, result: EmbedResult) -> None:
        text = f"The view is embedded: {result}."
        self._workspace.events.message.emit("info", text)

    def _commit(self, overlap: Overlap, response: Response) -> None:
        """Put the masks of a batch into the labels, as one step."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            if response.request.image is not session.image:
                raise SessionError("The model or the image is another now: try again.")
            if not any(mask.area for mask in response.predictions.values()):
                raise SessionError("Nothing was found there.")
            response = _renumbered(response, session.state)
            session.commit(response, overlap=overlap, with_prompts=True)
            session.next_object()
            footprints = session.state.footprints
            count = sum(at in footprints for at in response.predictions)
            left = len(response.predictions) - count
            self._workspace.events.message.emit(
                "info",
                f"{count} object{'s' * (count != 1)} committed"
                + (f"; {left} were not found, or lie on others." if left else "."),
            )


def iter_batch(
    image: Promptable,
    read: Callable[[int], Mapping[Address, Prompts]],
    first: int,
    name: str,
) -> Generator[Progress, None, Response]:
    """Read the prompts of many objects, and predict their masks."""
    yield Progress(0, 0, f"reading {name}")
    return (yield from iter_predictions(image, read(first)))


def iter_predictions(
    image: Promptable, prompts: Mapping[Address, Prompts]
) -> Generator[Progress, None, Response]:
    """Predict the masks of many prompts, some at a time."""
    request = Request(image, prompts)
    predictions: dict[Address, Prediction] = {}
    addresses = sorted(prompts)
    for i in range(0, len(addresses), _TOGETHER):
        yield Progress(i, len(addresses), "segmenting")
        group = {at: prompts[at] for at in addresses[i : i + _TOGETHER]}
        predictions.update(segment_objects(image, group))
    return Response(request, predictions)


def _renumbered(response: Response, state: SessionState) -> Response:
    """Give objects numbers that are free now: others may have come meanwhile."""
    prompts = response.request.prompts
    before = list(dict.fromkeys(at.object_id for at in prompts))
    after = dict(zip(before, state.objects.free_ids(len(before)), strict=True))
    now = {at: Address(at.frame, after[at.object_id]) for at in prompts}
    request = Request(response.request.image, {now[at]: p for at, p in prompts.items()})
    return Response(request, {now[at]: p for at, p in response.predictions.items()})
