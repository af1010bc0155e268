"""Segment Anything for napari, notebooks and scripts: a click in, a mask out.

Names are imported when they are first used, so ``import napari_sam`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from napari_sam._version import __version__

if TYPE_CHECKING:
    from napari_sam.api import (
        accept_licence,
        classify_objects,
        cutouts,
        export_labels,
        improve_model,
        iter_export_labels,
        iter_measure,
        iter_write_cutouts,
        label,
        link,
        load_backend,
        measure,
        open_store,
        propagate,
        segment,
        segment_everything,
        segment_many,
        segment_similar,
        segment_text,
        write_cutouts,
    )
    from napari_sam.apps.annotate import annotate
    from napari_sam.apps.review import review
    from napari_sam.apps.show import show
    from napari_sam.automatic import AutomaticSettings
    from napari_sam.core.address import Address
    from napari_sam.core.errors import NapariSamError
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.image import PromptableImage
    from napari_sam.io import read_image, read_prompts, write_labels
    from napari_sam.labelling import ClassExamples, LabelledDataset
    from napari_sam.measurement import (
        MeasureSettings,
        mean_squared_displacement,
        measure_tracks,
        plot_measurements,
    )
    from napari_sam.session import AnnotationSession
    from napari_sam.stores.memory_store import MemoryStore
    from napari_sam.stores.zarr_store import ZarrStore
    from napari_sam.tracking import Tracks, read_tracks

__all__ = [
    "Address",
    "AnnotationSession",
    "Appearance",
    "AutomaticSettings",
    "Backend",
    "ClassExamples",
    "EmbeddingStore",
    "Frames",
    "LabelledDataset",
    "MeasureSettings",
    "MemoryStore",
    "NapariSamError",
    "Prediction",
    "PromptableImage",
    "Prompts",
    "Region",
    "Tiling",
    "Tracks",
    "ZarrStore",
    "__version__",
    "accept_licence",
    "annotate",
    "classify_objects",
    "cutouts",
    "export_labels",
    "improve_model",
    "iter_export_labels",
    "iter_measure",
    "iter_write_cutouts",
    "label",
    "link",
    "load_backend",
    "mean_squared_displacement",
    "measure",
    "measure_tracks",
    "open_store",
    "plot_measurements",
    "propagate",
    "read_image",
    "read_prompts",
    "read_tracks",
    "review",
    "segment",
    "segment_everything",
    "segment_many",
    "segment_similar",
    "segment_text",
    "show",
    "write_cutouts",
    "write_labels",
]

_ROOMS = {
    "Address": "core.address",
    "AnnotationSession": "session",
    "Appearance": "core.images.appearance",
    "AutomaticSettings": "automatic",
    "Backend": "core.protocols",
    "ClassExamples": "labelling",
    "EmbeddingStore": "core.protocols",
    "Frames": "core.images.frames",
    "LabelledDataset": "labelling",
    "MeasureSettings": "measurement",
    "MemoryStore": "stores.memory_store",
    "NapariSamError": "core.errors",
    "Prediction": "core.prediction",
    "PromptableImage": "image",
    "Prompts": "core.prompts",
    "Region": "core.geometry.region",
    "Tiling": "core.geometry.tiling",
    "Tracks": "tracking",
    "ZarrStore": "stores.zarr_store",
    "accept_licence": "api",
    "annotate": "apps.annotate",
    "classify_objects": "api",
    "cutouts": "api",
    "export_labels": "api",
    "iter_export_labels": "api",
    "label": "api",
    "link": "api",
    "improve_model": "api",
    "iter_measure": "api",
    "iter_write_cutouts": "api",
    "load_backend": "api",
    "mean_squared_displacement": "measurement",
    "measure": "api",
    "measure_tracks": "measurement",
    "open_store": "api",
    "plot_measurements": "measurement",
    "propagate": "api",
    "read_image": "io",
    "read_prompts": "io",
    "read_tracks": "tracking",
    "review": "apps.review",
    "segment": "api",
    "segment_everything": "api",
    "segment_many": "api",
    "segment_similar": "api",
    "segment_text": "api",
    "show": "apps.show",
    "write_cutouts": "api",
    "write_labels": "io",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return also the names that were not imported yet."""
    return sorted({*globals(), *__all__})
