"""One layer of prompts: what it shows, read, written and styled row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock import layer_style
from napari_sam.apps.dock.from_layers import read_rows
from napari_sam.apps.dock.layer_rows import (
    features_of,
    point_positions,
    rows_of,
    shape_corners,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari_sam.apps.dock.from_layers import LayerRows
    from napari_sam.apps.dock.layer_rows import Row
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompt, Prompts

#: Rows that are added or removed one by one; if more change, all are written anew.
_FEW = 50
#: Style of a row that was not styled yet.
_UNSTYLED = -1


@dataclass(frozen=True, slots=True)
class LayerChange:
    """What a person changed in a layer.

    Attributes
    ----------
    addresses
        Objects whose rows are others now.
    new
        Prompts that were not there before.
    refused
        Why rows cannot be understood, in words for the person who drew them.
    """

    addresses: frozenset[Address]
    new: tuple[Prompt, ...] = ()
    refused: tuple[str, ...] = ()


class PromptLayer:
    """The layer of points or that of shapes, and the prompts that it shows.

    Each row is known as the session has it, and as the layer shows it, which may be
    less exact. So only the rows that changed are read, written and styled: a click
    costs the same however many prompts of other objects there are.

    Parameters
    ----------
    geometry
        How the image lies.
    points
        Whether it shows points, or boxes, lines and outlines.

    Attributes
    ----------
    layer
        The layer of napari, or None.
    """

    def __init__(self, geometry: PlaneGeometry, *, points: bool) -> None:
        self._geometry, self.points = geometry, points
        self.layer: Any = None
        self._style = layer_style.style_points if points else layer_style.style_shapes
        self.forget_rows()

    def forget_rows(self) -> None:
        """Begin with a layer that shows nothing."""
        self._rows: list[Row | None] = []
        self._shown: list[Row | None] = []
        self._features = features_of([])
        self._styles = np.zeros((0, 2), np.int8)

    def take_drawing(self, object_id: int) -> bool:
        """Give what was drawn to an object; False if nothing came of the drawing."""
        count, known = len(self.layer.data), len(self._rows)
        if count > known:
            self.layer.features.loc[count - 1, "object"] = object_id
            return True
        # napari removes a shape of too few corners, but not its row of the table.
        self.layer.features = self._features
        return False

    def rows_at(self, at: Address) -> list[Row]:
        """Return the prompts of one object, as the session has them."""
        rows = (self._rows[i] for i in self._indices([at]))
        return [row for row in rows if row is not None]

    def read(self, action: str, indices: Collection[int]) -> LayerChange:
        """Read the prompts that a person changed in the layer.

        Parameters
        ----------
        action, indices
            ``"added"``, ``"changed"`` or ``"removed"``, and the rows, as napari says
            it of `data`; anything else reads all rows.
        """
        count, known = len(self.layer.data), len(self._rows)
        if action == "removed" and count == known - len(indices):
            return self._read_removed([i % known for i in indices])
        if action == "added" and count > known:
            return self._read_some(range(known, count))
        if action == "changed" and count == known:
            return self._read_some(sorted({i % count for i in indices}))
        return self._read_all()

    @property
    def has_other_features(self) -> bool:
        """Whether a person changed the table beside the rows."""
        table = self.layer.features
        # napari also says so when a row is begun, and on every move of a drag.
        return len(table) == len(self._rows) and not all(
            np.array_equal(table[name], column)
            for name, column in self._features.items()
        )

    def show(self, prompts: Mapping[Address, Prompts]) -> None:
        """Show the prompts of these objects as they are now; empty ones go."""
        rest: dict[tuple[Address, Prompt] | None, list[int]] = {}
        for i in self._indices(prompts):
            for row in {self._rows[i], self._shown[i]}:
                key = None if row is None else (row.at, row.prompt)
                rest.setdefault(key, []).append(i)
        found: dict[int, Row] = {}
        new = []
        for row in rows_of(prompts, points=self.points):
            same = [i for i in rest.get((row.at, row.prompt), ()) if i not in found]
            if same:
                found[same[0]] = row
            else:
                new.append(row)
        gone = sorted({i for some in rest.values() for i in some} - found.keys())
        self._write(gone, found, new)

    def restyle(self, current: int) -> None:
        """Style the rows whose sign is another, or that became the current object's."""
        positive = self._features["positive"]
        mine = self._features["object"] == current
        styles = np.stack([positive, mine], 1).astype(np.int8)
        rows = np.flatnonzero((styles != self._styles).any(1))
        if len(rows):
            self._style(self.layer, rows, positive, mine)
            self._styles = styles

    def _indices(self, addresses: Collection[Address]) -> list[int]:
        """Return which rows are of these objects, or cannot be understood."""
        # The object of a row that cannot be understood is 0.
        ids = [0, *(at.object_id for at in addresses)]
        found = np.flatnonzero(np.isin(self._features["object"], ids)).tolist()
        rows = [(i, self._rows[i]) for i in found]
        return [i for i, row in rows if row is None or row.at in addresses]

    def _read_rows(self, indices: Sequence[int]) -> LayerRows:
        layer, data = self.layer, self.layer.data
        kinds = ["point"] * len(data) if self.points else layer.shape_type
        return read_rows(
            [np.atleast_2d(data[i]) for i in indices],
            [kinds[i] for i in indices],
            layer.features.iloc[list(indices)],
            self._geometry,
        )

    def _read_removed(self, indices: list[int]) -> LayerChange:
        gone = [self._rows[i] for i in indices]
        self._drop(indices)
        return LayerChange(_addresses(gone))

    def _read_some(self, indices: Sequence[int]) -> LayerChange:
        read, known = self._read_rows(indices), len(self._rows)
        changed = [
            (i, row)
            for i, row in zip(indices, read.by_index, strict=True)
            if i >= known or row != self._shown[i]
        ]
        before = [self._rows[i] for i, _ in changed if i < known]
        for i, row in changed:
            if i < known:
                self._rows[i] = self._shown[i] = row
        self._tabulate([i for i, _ in changed if i < known])
        self._append([row for i, row in changed if i >= known])
        after = [row for _, row in changed]
        return LayerChange(
            _addresses([*before, *after]),
            tuple(row.prompt for row in after if row is not None),
            tuple(read.refused),
        )

    def _read_all(self) -> LayerChange:
        read = self._read_rows(range(len(self.layer.data)))
        before, now = Counter(self._shown), Counter(read.by_index)
        exact = dict(zip(self._shown, self._rows, strict=True))
        self.forget_rows()
        self._append(read.by_index)
        self._rows = [exact.get(row, row) for row in read.by_index]
        new = [row for row in now - before if row is not None]
        return LayerChange(
            _addresses([*(before - now), *new]),
            tuple(row.prompt for row in new),
            tuple(read.refused),
        )

    def _write(self, gone: list[int], found: Mapping[int, Row], new: list[Row]) -> None:
        """Take rows away, number others anew, and add some."""
        orders = self._features["order"]
        moved = [i for i, row in found.items() if row.order != orders[i]]
        for i, row in found.items():
            self._rows[i] = row
        if len(gone) + len(new) > _FEW:
            self._write_all(gone, new)
        elif gone or new or moved:
            self._tabulate(moved)
            self._write_some(gone, new, renumbered=bool(moved))

    def _write_some(self, gone: list[int], new: list[Row], *, renumbered: bool) -> None:
        layer, selected = self.layer, set(self.layer.selected_data) - {*gone}
        if gone:
            layer.selected_data = set(gone)
            layer.remove_selected()
            self._drop(gone)
        if new:
            self._draw(new)
            self._append(new)
        if new or renumbered:
            layer.features = self._features
            first = len(self._rows) - len(new)
            self._shown[first:] = self._read_rows(
                range(first, len(self._rows))
            ).by_index
        layer.selected_data = {i - sum(j < i for j in gone) for i in selected}

    def _write_all(self, gone: list[int], new: list[Row]) -> None:
        layer, away = self.layer, {*gone}
        selected = {self._rows[i] for i in layer.selected_data} - {None}
        kept = (row for i, row in enumerate(self._rows) if i not in away)
        rows = sorted(
            (*(row for row in kept if row is not None), *new),
            key=lambda row: (row.at, row.order),
        )
        layer.selected_data = set()
        layer.data = (point_positions if self.points else shape_corners)(
            rows, self._geometry
        )
        self.forget_rows()
        self._append(rows)
        layer.features = self._features
        self._shown = self._read_rows(range(len(rows))).by_index
        layer.selected_data = {i for i, row in enumerate(rows) if row in selected}

    def _draw(self, rows: list[Row]) -> None:
        if self.points:
            self.layer.add(point_positions(rows, self._geometry))
        else:
            corners, kinds = zip(*shape_corners(rows, self._geometry), strict=True)
            self.layer.add(list(corners), shape_type=list(kinds))

    def _append(self, rows: Sequence[Row | None]) -> None:
        """Remember rows at the end of the layer."""
        self._rows += rows
        self._shown += rows
        unstyled = np.full((len(rows), 2), _UNSTYLED, np.int8)
        self._styles = np.concatenate([self._styles, unstyled])
        for name, column in features_of(rows).items():
            self._features[name] = np.concatenate([self._features[name], column])

    def _drop(self, indices: Sequence[int]) -> None:
        """Forget rows that are gone."""
        for i in sorted(indices, reverse=True):
            del self._rows[i], self._shown[i]
        self._styles = np.delete(self._styles, indices, 0)
        for name, column in self._features.items():
            self._features[name] = np.delete(column, indices)

    def _tabulate(self, indices: Sequence[int]) -> None:
        """Note the features of rows that are others now."""
        if indices:
            rows = [self._rows[i] for i in indices]
            for name, column in features_of(rows).items():
                self._features[name][list(indices)] = column


def _addresses(rows: Collection[Row | None]) -> frozenset[Address]:
    return frozenset(row.at for row in rows if row is not None)
