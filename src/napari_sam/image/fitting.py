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

#: Channels that are shown at most, unless they are chosen.
_SHOWN = 3


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


def default_channels(frames: Frames) -> tuple[int, ...] | None:
    """Return the channels that are shown where nobody chose; None where all are."""
    count = frames.n_channels
    if count is None or count in (1, 3) or (count == 4 and frames.axes[-1] == "c"):
        return None
    return tuple(range(min(count, _SHOWN)))
