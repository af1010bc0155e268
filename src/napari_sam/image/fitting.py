"""Fitting an appearance and a tiling of images to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.images.appearance import Appearance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend


def fit_appearance(
    frames: Frames, backend: Backend, *, channels: Sequence[int] | None = None
) -> Appearance:
    """Fit an appearance as the model was trained with it.

    A backend that learnt from other limits of contrast than `Appearance.fit` takes has
    an attribute ``percentiles``.
    """
    percentiles = backend_spec(backend).percentiles
    return Appearance.fit(frames, channels=channels, percentiles=percentiles)


def choose_tiling(frames: Frames, backend: Backend) -> Tiling:
    """Choose how planes are cut for a model.

    A backend that sees small things best in a view smaller than the largest that it
    takes in has an attribute ``view``: the side of what a tile sees.
    """
    spec = backend_spec(backend)
    return Tiling.suited(frames.plane_shape, spec.working_size, spec.view)
