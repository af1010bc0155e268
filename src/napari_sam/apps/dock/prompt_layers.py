"""Keeps what was said and what is drawn the same: points and shapes <-> questions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_sam.apps.dock import layer_style
from napari_sam.apps.dock.from_layers import read_points, read_shapes
from napari_sam.apps.dock.layers import (
    by_address,
    features_of,
    merged,
    point_positions,
    rows_of,
    shapes_drawn,
)
from napari_sam.core.errors import NapariSamError
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Points, Shapes

    from napari_sam.apps.dock.from_layers import Drawn
    from napari_sam.apps.dock.geometry import PlaneGeometry
    from napari_sam.apps.dock.layers import Row
    from napari_sam.core.address import Address
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session import AnnotationSession


class _Sheet:
    """One of the two layers, and what both sides knew of it last."""

    def __init__(self, *, points: bool) -> None:
        self.points = points
        self.layer: Any = None
        self.read: list[Row] = []
        self.written: list[Row] = []
        self.styled: Any = None

    def look(self, geometry: PlaneGeometry) -> Drawn:
        """Return what it says now."""
        layer = self.layer
        if self.points:
            return read_points(layer.data, layer.features, geometry)
        return read_shapes(layer.data, layer.shape_type, layer.features, geometry)

    def write(self, rows: Sequence[Row], geometry: PlaneGeometry) -> None:
        """Draw these rows and no others; what was selected stays so."""
        layer = self.layer
        chosen = {
            (self.read[i].at, self.read[i].statement)
            for i in layer.selected_data
            if i < len(self.read)
        }
        layer.selected_data = set()
        if self.points:
            layer.data = point_positions(rows, geometry)
        else:
            layer.data = shapes_drawn(rows, geometry)
        layer.features = features_of(rows)
        layer.selected_data = {
            i for i, row in enumerate(rows) if (row.at, row.statement) in chosen
        }


class PromptLayers:
    """A layer for clicks and one for shapes, and the open questions of a session.

    Either side may change at any time. Whoever is told what it knows does nothing, so
    that nothing goes round in circles, and a click is one step.

    Attributes
    ----------
    positive
        What is drawn next means.
    intercept
        Who gets the shape that is drawn next, instead of the session; only once.
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
        self._clicks, self._shapes = _Sheet(points=True), _Sheet(points=False)
        self._quiet = False
        self.positive = True
        self.intercept: Callable[[Prompt], object] | None = None
        session.prompts_changed.connect(self._on_questions)
        session.selection_changed.connect(self._on_selection)

    @property
    def points(self) -> Points:
        """The layer for clicks; made when it is needed."""
        return self._there(self._clicks)

    @property
    def shapes(self) -> Shapes:
        """The layer for boxes, lines and outlines; made when it is needed."""
        return self._there(self._shapes)

    @property
    def layers(self) -> list[Any]:
        """Those of the two that are there."""
        return [sheet.layer for sheet in self._sheets if self._is_there(sheet)]

    def close(self) -> None:
        """Listen no more; the layers stay where they are."""
        self._session.prompts_changed.disconnect(self._on_questions)
        self._session.selection_changed.disconnect(self._on_selection)
        for sheet in self._sheets:
            self._forget(sheet)

    def aim(self, *, positive: bool | None = None) -> None:
        """Say what the next click means, by default what is set."""
        at = self._session.current
        defaults = {
            "object": at.object_id,
            "positive": self.positive if positive is None else positive,
            "order": len(self._session.current_prompts.items),
        }
        with self._quietly():
            for layer in self.layers:
                layer.feature_defaults = defaults

    def push(self) -> None:
        """Session -> layers: draw what is said, if anything else is drawn."""
        for sheet in self._sheets:
            rows = rows_of(self._session.open_prompts, points=sheet.points)
            if not self._is_there(sheet):
                if not rows:
                    continue
                self._there(sheet)
            drawn = sheet.look(self._geometry)
            # A layer may keep less of a number than a session does.
            same = (rows, drawn.rows) == (sheet.written, sheet.read)
            if drawn.refused or not (same or rows == drawn.rows):
                with self._quietly():
                    sheet.write(rows, self._geometry)
                drawn = sheet.look(self._geometry)
                sheet.styled = None
            sheet.read, sheet.written = drawn.rows, rows
        self._style()

    def pull(self, sheet: _Sheet) -> None:
        """Layer -> session: say what was drawn anew."""
        drawn = sheet.look(self._geometry)
        new = [row.statement for row in drawn.rows if row not in sheet.read]
        if self.intercept is not None and new and not sheet.points:
            then, self.intercept = self.intercept, None
            self.push()
            then(new[-1])
            return
        now = [drawn.rows if s is sheet else s.read for s in self._sheets]
        before = by_address([*self._clicks.read, *self._shapes.read])
        after = by_address([*now[0], *now[1]])
        changed = [at for at in {**before, **after} if before.get(at) != after.get(at)]
        try:
            self._session.replace_prompts(
                {at: self._asked(at, after.get(at, [])) for at in changed}
            )
        except NapariSamError as wrong:
            drawn.refused.append(str(wrong))
        self.push()
        for why in dict.fromkeys(drawn.refused):
            self.refused.emit(why)

    def _asked(self, at: Address, rows: Sequence[Row]) -> Prompts:
        """Return the question that is drawn at an address."""
        asked = self._session.open_prompts.get(at)
        if asked is not None:
            return merged(asked, rows).with_threshold(asked.threshold)
        if not rows:
            return Prompts()
        # Whoever says more of an object that is kept wants to correct it.
        kept = _kept(self._session, at)
        return kept + Prompts(tuple(row.statement for row in rows))

    @property
    def _sheets(self) -> tuple[_Sheet, _Sheet]:
        return self._clicks, self._shapes

    def _is_there(self, sheet: _Sheet) -> bool:
        return sheet.layer is not None and sheet.layer in self._viewer.layers

    def _there(self, sheet: _Sheet) -> Any:
        if not self._is_there(sheet):
            self._forget(sheet)
            sheet.styled = None
            add = layer_style.add_points if sheet.points else layer_style.add_shapes
            with layer_style.staying_active(self._viewer):
                sheet.layer = add(self._viewer, self._geometry)
            rows = rows_of(self._session.open_prompts, points=sheet.points)
            if rows:
                sheet.write(rows, self._geometry)
            sheet.read, sheet.written = sheet.look(self._geometry).rows, rows
            sheet.layer.events.data.connect(self._on_data)
            sheet.layer.events.features.connect(self._on_features)
            self._style()
            self.made.emit(sheet.layer)
        return sheet.layer

    def _forget(self, sheet: _Sheet) -> None:
        if sheet.layer is not None:
            sheet.layer.events.data.disconnect(self._on_data)
            sheet.layer.events.features.disconnect(self._on_features)
            sheet.layer = None

    def _style(self) -> None:
        """Colour what is drawn, if that is not coloured so already: it takes long."""
        current = self._session.current.object_id
        with self._quietly():
            for sheet in self._sheets:
                if self._is_there(sheet) and sheet.styled != (sheet.read, current):
                    paint = (
                        layer_style.paint_points
                        if sheet.points
                        else layer_style.paint_shapes
                    )
                    paint(sheet.layer, current)
                    sheet.styled = (list(sheet.read), current)
        self.aim()

    def _of(self, event: Any) -> _Sheet:
        return self._clicks if event.source is self._clicks.layer else self._shapes

    def _on_data(self, event: Any) -> None:
        # Each of "adding", "changing" and "removing" is followed by what counts.
        if not self._quiet and str(event.action) in ("added", "changed", "removed"):
            self.pull(self._of(event))

    def _on_features(self, event: Any) -> None:
        # napari also emits this when a row is begun, and on every move of a drag.
        sheet = self._of(event)
        if not self._quiet and len(sheet.layer.features) == len(sheet.read):
            table = features_of(sheet.read)
            now = sheet.layer.features
            if any(list(now[name]) != list(table[name]) for name in table):
                self.pull(sheet)

    def _on_questions(self, _: tuple[Address, ...]) -> None:
        self.push()

    def _on_selection(self, _: Address) -> None:
        self._style()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before


def _kept(session: AnnotationSession, at: Address) -> Prompts:
    """Return what was said of an object that is in the labels; else, nothing."""
    state = session.state
    if at in state.committed_prompts:
        return state.committed_prompts[at]
    if at not in state.footprints:
        return Prompts()
    region, mask = state.mask(at)
    return Prompts.from_mask(mask, top=region.top, left=region.left)
