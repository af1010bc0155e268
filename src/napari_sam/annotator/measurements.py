"""Measurements of the objects of a session: made on a thread, selected, saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import Progress
from napari_sam.measurement import (
    Calibration,
    MeasureSettings,
    iter_measure,
    measure_tracks,
    write_table,
)
from napari_sam.measurement.planes_and_volumes import PlanesAndVolumes

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import pandas as pd

    from napari_sam.annotator.workspace import Workspace

MEASURING, WRITING = "measuring objects", "writing the table"


class Measurements:
    """Measures the labels of a session; the table stays until it is made anew.

    Attributes
    ----------
    table
        A row for each object and frame, as of `napari_sam.measure`; or None.
    outdated
        Whether the labels changed since they were measured.
    selected
        The object that is looked at in tables and plots, or None.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.table: pd.DataFrame | None = None
        self.outdated = False
        self.selected: int | None = None

    def measure(self, settings: MeasureSettings | None = None) -> None:
        """Measure all objects; `events.measurements_changed` tells when it is done."""
        with self._workspace.events.reporting():
            session, image = self._workspace.require_session(), self._workspace.image
            assert image is not None
            settings = settings or MeasureSettings()
            frames = image.source.frames
            described = image.source.describe()
            axes = "".join([*frames.sizes, "y", "x"])
            labels = Frames(session.labels, axes)
            work = iter_measure(
                labels,
                frames,
                calibration=Calibration.of(
                    [described], axes=PlanesAndVolumes(labels, settings.by_plane).axes
                ),
                channels=described.channel_names,
                settings=settings,
            )
            self.outdated = False
            self._workspace.events.stepped.connect(self._on_step, unique=True)
            self._workspace.tasks.run(MEASURING, work, self._on_measured)

    def discard(self) -> None:
        """Forget what was measured, as of an image that is left."""
        self.table, self.selected, self.outdated = None, None, False
        self._workspace.events.stepped.disconnect(self._on_step)
        self._workspace.events.measurements_changed.emit()

    def on_frame(self, frame: int) -> pd.DataFrame | None:
        """Return the rows of a frame with the number of the object as their index."""
        if self.table is None:
            return None
        rows = self.table[self.table["frame"] == self._picture_of(frame)]
        return rows.set_index("object")

    def select(self, object_id: int | None, row: int | None = None) -> None:
        """Look at an object, and go to where a row of the table was measured."""
        if object_id != self.selected:
            self.selected = object_id
            self._workspace.events.measured_object_changed.emit(object_id)
        if row is not None and object_id is not None:
            self._go_to(object_id, row)

    def save(self, path: Path, *, tracks: bool = False) -> None:
        """Write the table, or that of the tracks, replacing what is there."""
        with self._workspace.events.reporting():
            table, session = self._require_table(), self._workspace.require_session()
            if tracks:
                table = measure_tracks(table, session.state)
            self._workspace.tasks.run(
                WRITING, _iter_written(path, table), self._on_written
            )

    def _require_table(self) -> pd.DataFrame:
        if self.table is None:
            raise SessionError("There are no measurements yet: measure first.")
        return self.table

    def _go_to(self, object_id: int, row: int) -> None:
        """Bring a row into view; of a volume, the plane of its centroid."""
        view, image = self._workspace.view, self._workspace.image
        if view is None or image is None or self.table is None:
            return
        measured = self.table.iloc[row]
        frame = int(measured["frame"])
        if "volume" in self.table:
            frames = image.source.frames
            where = {"t": frame, "z": round(float(measured["plane"]))}
            frame = frames.ravel({axis: where[axis] for axis in frames.sizes})
        view.go_to(Address(frame, object_id))

    def _picture_of(self, frame: int) -> int:
        """Return what the table calls a plane: its time, if volumes were measured."""
        image = self._workspace.image
        if self.table is None or image is None or "volume" not in self.table:
            return frame
        return image.source.frames.unravel(frame).get("t", 0)

    def _on_measured(self, table: pd.DataFrame) -> None:
        self.table = table
        count = table["object"].nunique()
        text = f"{count} object{'s' * (count != 1)} measured, {len(table)} rows."
        self._workspace.events.message.emit("info", text)
        self._workspace.events.measurements_changed.emit()

    def _on_written(self, path: Path) -> None:
        self._workspace.events.message.emit("info", f"Wrote {path.name}.")

    def _on_step(self) -> None:
        known, self.outdated = self.outdated, True
        if self.table is not None and not known:
            self._workspace.events.measurements_changed.emit()


def _iter_written(path: Path, table: pd.DataFrame) -> Generator[Progress, None, Path]:
    """Write a table, as one step."""
    yield Progress(0, 1, WRITING)
    write_table(path, table, overwrite=True)
    return path
