"""Work on much at once: looking ahead, and an object of each point of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam.apps.dock import compat
from napari_sam.apps.dock.batch import iter_batch
from napari_sam.apps.dock.editing import Editing
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.requests import Request, Response

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_sam.apps.dock.batch import Form
    from napari_sam.session.overlap import Overlap
    from napari_sam.session.state import State

_EMBEDDING, _BATCH = "looking ahead", "segmenting"


class Much(Editing):
    """Part of the controller: what takes long, and can be cancelled."""

    def cancel(self) -> None:
        """Stop long work that goes on; what is done of it stays."""
        for what in list(self._handles):
            self._stop(what)
            self.said.emit("info", f"Stopped {what}.")

    def embed_view(self) -> None:
        """Look at what is in view ahead of the clicks, nearest first."""
        with self._telling():
            session, binding = self._here, self.binding
            if not self.ready or binding is None:
                raise SessionError("The model is still being loaded.")
            region = binding.in_view()
            if min(region.shape) < 1:
                raise SessionError("Nothing of the image is in view.")
            frame = session.current.frame
            image: Any = session.image
            steps = image.iter_embed(
                region=region, frames=[frame], near=(frame, *region.center)
            )
            self._run(_EMBEDDING, steps, self._embedded)

    def batch(
        self, layer: Layer, *, groups: str | None = None, box_or_points: Form = "auto"
    ) -> None:
        """Make an object of each point, shape or label of a layer, as one step.

        Parameters
        ----------
        layer
            Points, shapes or labels, of ours or not; it is left as it is.
        groups
            Column of its features by which rows belong together, as one object: points
            that do not belong to it are said to each of a group, or, without groups, to
            all near enough to matter.
        box_or_points
            ``"box"``, ``"points"`` or ``"mask"``: what labels are turned into. By
            default, masks.
        """
        with self._telling():
            session, binding = self._here, self.binding
            if not self.ready or binding is None:
                raise SessionError("The model is still being loaded.")
            steps = iter_batch(
                session.image,
                compat.unwrapped(layer),
                binding.geometry,
                first=session.state.free_id(),
                frame=session.current.frame,
                groups=groups,
                form=box_or_points,
            )
            self._run(_BATCH, steps, self._keep_all)

    def _embedded(self, what: Any) -> None:
        self.said.emit("info", f"Looked at all that is in view: {what}.")

    def _keep_all(self, response: Response) -> None:
        """Put the answers of a batch into the labels, as one step."""
        with self._telling():
            session = self._here
            if response.request.image is not session.image:
                raise SessionError("The model or the image is another now: try again.")
            if not any(answer.area for answer in response.predictions.values()):
                raise SessionError("Nothing was found there.")
            policy: Overlap = "overwrite" if self.overlap == "overwrite" else "keep"
            response = _renumbered(response, session.state)
            session.commit(response, overlap=policy, with_prompts=True)
            session.next_object()
            kept = sum(at in session.state.footprints for at in response.predictions)
            left = len(response.predictions) - kept
            self.said.emit(
                "info",
                f"{kept} object{'s' * (kept != 1)} kept"
                + (f"; {left} were not found, or lie on others." if left else "."),
            )


def _renumbered(response: Response, state: State) -> Response:
    """Give objects numbers that are free now: others may have come meanwhile."""
    asked, answers = response.request.prompts, response.predictions
    before = list(dict.fromkeys(at.object_id for at in asked))
    after = dict(zip(before, state.free_ids(len(before)), strict=True))
    now = {at: Address(at.frame, after[at.object_id]) for at in asked}
    request = Request(response.request.image, {now[at]: q for at, q in asked.items()})
    return Response(request, {now[at]: found for at, found in answers.items()})
