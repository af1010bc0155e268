"""The layers of prompts and the open prompts of a session, kept the same."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_sam.apps.dock import compat, layer_style
from napari_sam.apps.dock.layer_rows import merge_rows, rows_of
from napari_sam.apps.dock.prompt_layer import PromptLayer
from napari_sam.core.errors import NapariSamError
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Points, Shapes
    from napari.utils.events import Event

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session import AnnotationSession


class PromptLayers:
    """A layer for points and one for shapes, which show the open prompts of a session.

    Either side may change at any time. Whoever is told what it knows does nothing, so
    that nothing goes round in circles, and a click is one step.

    Attributes
    ----------
    positive
        Whether the next prompt is a positive one.
    intercept
        Called with the shape that is drawn next, instead of the session; only once.
    refused
        Emitted with a sentence about what was drawn and cannot be understood.
    made
        Emitted with a layer that was made.
    """

    refused = Signal(str)
    made = Signal(object)

    def __init__(
        self, viewer: ViewerModel, session: AnnotationSession, geometry: PlaneGeometry
    ) -> None:
        self._viewer, self._session, self._geometry = viewer, session, geometry
        self._points = PromptLayer(geometry, points=True)
        self._shapes = PromptLayer(geometry, points=False)
        self._quiet = False
        self._late: set[Address] = set()
        self._end_drawing: Callable[[], None] | None = None
        self.positive = True
        self.intercept: Callable[[Prompt], object] | None = None
        session.prompts_changed.connect(self.push)
        session.selection_changed.connect(self._restyle)
        viewer.layers.events.removing.connect(self._on_removing)

    @property
    def points(self) -> Points:
        """The layer for clicks; made when it is needed."""
        return self._made(self._points)

    @property
    def shapes(self) -> Shapes:
        """The layer for boxes, lines and outlines; made when it is needed."""
        return self._made(self._shapes)

    @property
    def layers(self) -> list[Any]:
        """The layers of prompts that are there."""
        return [part.layer for part in self._parts()]

    def close(self) -> None:
        """Disconnect from signals; the layers stay in the viewer."""
        self._session.prompts_changed.disconnect(self.push)
        self._session.selection_changed.disconnect(self._restyle)
        self._viewer.layers.events.removing.disconnect(self._on_removing)
        for part in (self._points, self._shapes):
            self._forget(part)

    def aim(self, *, positive: bool | None = None) -> None:
        """Set the object and the sign of the next prompt; by default, as they are."""
        at = self._session.current
        defaults = {
            "object": at.object_id,
            "positive": self.positive if positive is None else positive,
            "order": len(self._session.current_prompts.items),
        }
        with self._quietly():
            for part in self._parts():
                # To set them takes napari some milliseconds, to look none.
                if part.layer.feature_defaults.iloc[0].to_dict() != defaults:
                    part.layer.feature_defaults = defaults

    def push(self, addresses: Iterable[Address]) -> None:
        """Session -> layers: show the open prompts of some objects."""
        opened = self._session.open_prompts
        prompts = {at: opened.get(at, Prompts()) for at in addresses}
        with self._quietly():
            for part in (self._points, self._shapes):
                if part.layer not in self._viewer.layers:
                    new = rows_of(prompts, points=part.points)
                    if new and layer_style.has_image(self._viewer, self._geometry):
                        self._made(part)
                elif compat.is_drawing(part.layer):
                    self._late.update(prompts)
                else:
                    part.show(prompts)
        self._restyle()

    def pull(self, part: PromptLayer, action: str, indices: Collection[int]) -> None:
        """Layer -> session: take over the prompts that a person changed."""
        change = part.read(action, indices)
        if self.intercept is not None and change.new and not part.points:
            then, self.intercept = self.intercept, None
            self.push(change.addresses)
            then(change.new[-1])
            return
        refused, opened = list(change.refused), self._session.open_prompts
        prompts = {at: self._prompts_at(at) for at in sorted(change.addresses)}
        # The others are shown when the session says that they changed.
        same = [at for at in prompts if prompts[at] == opened.get(at, Prompts())]
        try:
            self._session.replace_prompts(prompts)
        except NapariSamError as error:
            refused.append(str(error))
            same = list(prompts)
        if same or refused:
            self.push(same)
        for why in dict.fromkeys(refused):
            self.refused.emit(why)

    def _prompts_at(self, at: Address) -> Prompts:
        """Return the prompts that the layers show of an object."""
        rows = [*self._points.rows_at(at), *self._shapes.rows_at(at)]
        before = self._session.open_prompts.get(at)
        if before is not None:
            return merge_rows(before, rows).with_threshold(before.threshold)
        if not rows:
            return Prompts()
        # A prompt on an object that is committed corrects it.
        committed = _committed_prompts(self._session, at)
        return committed + Prompts(tuple(row.prompt for row in rows))

    def _on_drawn(self) -> None:
        """Take over what was drawn, now that napari has finished with it."""
        late, self._late = self._late, set()
        with self._quietly():
            drew = self._shapes.take_drawing(self._session.current.object_id)
        if drew:
            self.pull(self._shapes, "added", ())
        self.push(late)

    def _parts(self) -> list[PromptLayer]:
        """Return those of the two whose layers are there."""
        return [
            p for p in (self._points, self._shapes) if p.layer in self._viewer.layers
        ]

    def _made(self, part: PromptLayer) -> Any:
        """Return the layer of a part; a new one if it is not there."""
        if part.layer not in self._viewer.layers:
            self._forget(part)
            add = layer_style.add_points if part.points else layer_style.add_shapes
            with layer_style.staying_active(self._viewer):
                part.layer = add(self._viewer, self._geometry)
            part.show(self._session.open_prompts)
            part.layer.events.data.connect(self._on_data)
            part.layer.events.features.connect(self._on_features)
            if not part.points:
                self._end_drawing = compat.after_drawing(part.layer, self._on_drawn)
            self._restyle()
            self.made.emit(part.layer)
        return part.layer

    def _forget(self, part: PromptLayer) -> None:
        if part.layer is not None:
            part.layer.events.data.disconnect(self._on_data)
            part.layer.events.features.disconnect(self._on_features)
            if not part.points and self._end_drawing is not None:
                self._end_drawing()
            part.layer = None
            part.forget_rows()

    def _on_removing(self, event: Event) -> None:
        with self._quietly():
            layer_style.before_removal(self._viewer.layers[event.index])

    def _restyle(self, _: Address | None = None) -> None:
        """Style what is shown for the current object."""
        with self._quietly():
            for part in self._parts():
                if not compat.is_drawing(part.layer):
                    part.restyle(self._session.current.object_id)
        self.aim()

    def _of(self, event: Any) -> PromptLayer:
        return self._points if event.source is self._points.layer else self._shapes

    def _on_data(self, event: Any) -> None:
        # Each of "adding", "changing" and "removing" is followed by what counts.
        action = str(event.action)
        told = action in ("added", "changed", "removed")
        if told and not self._quiet and not compat.is_drawing(event.source):
            self.pull(self._of(event), action, event.data_indices)

    def _on_features(self, event: Any) -> None:
        if self._quiet or compat.is_drawing(event.source):
            return
        if self._of(event).has_other_features:
            self.pull(self._of(event), "features", ())

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before


def _committed_prompts(session: AnnotationSession, at: Address) -> Prompts:
    """Return the prompts of an object in the labels, or its mask as one; else none.

    A propagated mask is none: nobody said it, and it would hold on to what is wrong.
    """
    state = session.state
    if at in state.committed_prompts:
        return state.committed_prompts[at]
    if at not in state.footprints or not state.is_decided(at):
        return Prompts()
    mask = state.labels.mask(at)
    top, left = mask.region.top, mask.region.left
    return Prompts.from_mask(mask.array, top=top, left=left)
