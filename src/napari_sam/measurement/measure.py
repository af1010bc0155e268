"""Measuring of labels: one row of a table for each object of each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_sam.core.errors import ImageError
from napari_sam.core.progress import Progress
from napari_sam.io.optional_packages import import_optional
from napari_sam.measurement.calibration import Calibration
from napari_sam.measurement.columns import Columns, in_order, units_of
from napari_sam.measurement.intensity import intensities
from napari_sam.measurement.motion import add_motion
from napari_sam.measurement.perimeters import boundary_sizes, count_neighbours
from napari_sam.measurement.planes_and_volumes import PlanesAndVolumes, check_fits
from napari_sam.measurement.settings import MeasureSettings
from napari_sam.measurement.shape import shapes
from napari_sam.measurement.windows import compact, iter_windows

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.measurement.windows import ObjectWindow

MEASURING = "measuring"


def iter_measure(
    labels: Frames,
    image: Frames | None = None,
    *,
    calibration: Calibration | None = None,
    channels: Sequence[str] = (),
    settings: MeasureSettings | None = None,
) -> Generator[Progress, None, pd.DataFrame]:
    """Measure labels frame by frame; return the table of `napari_sam.measure`.

    Only one frame is in memory at once, and of large ones only a part.

    Parameters
    ----------
    labels
        Whole numbers, 0 for the background.
    image
        The pixels, for statistics of their brightness.
    calibration
        Sizes of pixels. By default, lengths are in pixels and times in frames.
    channels
        Names of the channels of the image; their numbers unless given.
    settings
        What is measured.
    """
    pandas = import_optional("pandas", "Measuring")
    settings = settings or MeasureSettings()
    measuring = _Measuring(
        PlanesAndVolumes(labels, settings.by_plane),
        None if image is None else PlanesAndVolumes(image, settings.by_plane),
        calibration or Calibration(),
        _channel_names(image, channels),
        settings,
    )
    measuring.check()
    found: list[Columns] = []
    total = len(measuring.labels)
    for index in range(total):
        yield Progress(index, total, MEASURING)
        parts: list[Columns] = []
        for window in iter_windows(measuring.labels, index):
            yield Progress(index, total, MEASURING)
            if window is not None:
                parts.append(measuring.window(index, window))
        found.append(measuring.whole(index, parts))
    table = pandas.DataFrame(_joined(found))
    yield Progress(total, total, MEASURING)
    return measuring.finished(table)


@dataclass(frozen=True, slots=True, eq=False)
class _Measuring:
    """What is measured, and how."""

    labels: PlanesAndVolumes
    image: PlanesAndVolumes | None
    calibration: Calibration
    channels: tuple[str, ...]
    settings: MeasureSettings

    @property
    def spacing(self) -> tuple[float, ...]:
        return self.calibration.spacing(self.labels.axes)

    def check(self) -> None:
        if self.labels.frames.n_channels is not None:
            raise ImageError(
                f"axes={self.labels.frames.axes!r}: labels have no channels."
            )
        if self.image is not None:
            check_fits(self.image.frames, self.labels.frames)

    def window(self, index: int, part: ObjectWindow) -> Columns:
        """Measure the objects of a window."""
        all_ids, labels = compact(self.labels.read_labels(index, part.window))
        ids = all_ids if part.ids is None else part.ids
        columns: Columns = {"object": ids}
        chosen = np.searchsorted(all_ids, ids)
        columns |= self._around(labels, len(all_ids), chosen)
        numbers = np.zeros(len(all_ids) + 1, np.int32)
        numbers[1 + chosen] = np.arange(1, len(ids) + 1)
        labels = numbers[labels]
        columns |= shapes(
            labels,
            self.spacing,
            part.window,
            shape=self.settings.shape,
            solidity=self.settings.solidity,
        )
        return columns | self._intensities(index, part, labels, len(ids))

    def whole(self, index: int, parts: Sequence[Columns]) -> Columns:
        """Join the windows of a picture, sorted by object, and say when and where."""
        columns = _joined(parts)
        if not columns:
            return {}
        order = np.argsort(columns["object"])
        columns = {name: values[order] for name, values in columns.items()}
        where = self.labels.where(index)
        time = where.get("t", 0) * self.calibration.scale.get("t", 1.0)
        columns["frame"] = np.full(len(order), index, np.int64)
        columns["time"] = np.full(len(order), time, np.float64)
        if "z" in where:
            columns["plane"] = np.full(len(order), where["z"], np.float64)
        columns |= self._positions(columns)
        if self.settings.neighbours:
            columns["nearest_distance"] = _nearest(
                np.column_stack([columns[a] for a in self.labels.axes])
            )
        return columns | {"touches_border": self._at_border(columns)}

    def finished(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add the motion of objects, put columns in order, and note their units."""
        if self.labels.along.get("z", 1) == 1 and "t" in self.labels.along:
            table = add_motion(table, self.labels.axes)
        length, time = self.calibration.length_unit, self.calibration.time_unit
        table["length_unit"], table["time_unit"] = length, time
        table = table[in_order(table.columns)]
        table.attrs["units"] = units_of(table.columns, length, time)
        return table

    def _around(
        self, labels: NDArray[np.int32], count: int, chosen: NDArray[np.intp]
    ) -> Columns:
        columns: Columns = {}
        if self.settings.shape:
            name = "perimeter" if labels.ndim == 2 else "surface"
            columns[name] = boundary_sizes(labels, count, self.spacing)[chosen]
        if self.settings.neighbours:
            columns["neighbours"] = count_neighbours(labels, count)[chosen]
        return columns

    def _intensities(
        self, index: int, part: ObjectWindow, labels: NDArray[np.int32], count: int
    ) -> Columns:
        if self.image is None or not self.settings.intensity:
            return {}
        pixels = self.image.read(index, part.window)
        pixels = pixels if pixels.ndim > labels.ndim else pixels[..., None]
        columns: Columns = {}
        for channel, name in enumerate(self.channels):
            found = intensities(
                labels,
                count,
                pixels[..., channel],
                nodata=self.image.frames.nodata,
            )
            columns |= {f"intensity_{of}{name}": v for of, v in found.items()}
        return columns

    def _positions(self, columns: Mapping[str, NDArray[np.generic]]) -> Columns:
        named = {"z": "plane", "y": "row", "x": "col"}
        axes = self.labels.axes
        pixels = {a: columns[named[a]].astype(np.float64) for a in axes}
        return {**self.calibration.positions(axes, pixels)}

    def _at_border(self, columns: Columns) -> NDArray[np.bool_]:
        starts = ("front", "top", "left")[-len(self.labels.shape) :]
        ends = ("back", "bottom", "right")[-len(self.labels.shape) :]
        touches = np.zeros(len(columns["object"]), np.bool_)
        for start, end, size in zip(starts, ends, self.labels.shape, strict=True):
            touches |= (columns[start] == 0) | (columns[end] == size)
        return touches


def _joined(parts: Sequence[Columns]) -> Columns:
    parts = [part for part in parts if part]
    names = parts[0] if parts else ()
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _nearest(points: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return how far the nearest other centroid is from each; NaN without one."""
    if len(points) < 2:
        return np.full(len(points), np.nan)
    distances, _ = cKDTree(points).query(points, k=2)
    return np.asarray(distances[:, 1], np.float64)


def _channel_names(image: Frames | None, names: Sequence[str]) -> tuple[str, ...]:
    """Return what is put behind the names of columns: nothing for one channel."""
    if image is None or image.n_channels is None:
        return ("",)
    count = image.n_channels
    known = (
        [str(n) for n in names] if len(names) == count else list(map(str, range(count)))
    )
    twice = {n for n in known if known.count(n) > 1}
    return tuple(f"_{n}_{i}" if n in twice else f"_{n}" for i, n in enumerate(known))
