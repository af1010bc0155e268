"""Sizes, shapes, brightness and motion of objects. Names are imported on first use."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.measurement.calibration import Calibration
    from napari_sam.measurement.measure import iter_measure
    from napari_sam.measurement.motion import mean_squared_displacement
    from napari_sam.measurement.plotting import plot_measurements
    from napari_sam.measurement.settings import MeasureSettings
    from napari_sam.measurement.table_file import check_table_path, write_table
    from napari_sam.measurement.track_table import measure_tracks

__all__ = [
    "Calibration",
    "MeasureSettings",
    "check_table_path",
    "iter_measure",
    "mean_squared_displacement",
    "measure_tracks",
    "plot_measurements",
    "write_table",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Calibration": "calibration",
    "MeasureSettings": "settings",
    "check_table_path": "table_file",
    "iter_measure": "measure",
    "mean_squared_displacement": "motion",
    "measure_tracks": "track_table",
    "plot_measurements": "plotting",
    "write_table": "table_file",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
