"""Options that say how planes are cut, and the image that is cut so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.options.image import look
from napari_sam.apps.cli.options.model import open_model
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image

_OPTIONS = (
    click.option(
        "--tile",
        type=int,
        metavar="N",
        help="Pixels from one tile to the next; 0 never cuts. [default: as the model "
        "sees best]",
    ),
    click.option(
        "--halo",
        type=int,
        metavar="N",
        help="Pixels that a tile sees beyond that, on each side. [default: a sixth]",
    ),
)


def cutting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --tile and --halo."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def promptable(
    opened: Image, options: Mapping[str, Any], backend: Backend | None = None
) -> PromptableImage:
    """Open the store, and the model unless it is open, and make what answers."""
    from napari_sam.api import open_store
    from napari_sam.image import PromptableImage

    tiling = _tiling(options)
    backend = open_model(options) if backend is None else backend
    frames = opened.frames
    store = options["store"] and open_store(options["store"])
    return PromptableImage(
        frames,
        backend,
        appearance=look(frames, backend, options),
        store=store,
        tiling=tiling,
    )


def _tiling(options: Mapping[str, Any]) -> Tiling | None:
    from napari_sam.core.geometry.tiling import Tiling

    tile, halo = options["tile"], options["halo"]
    if not tile and halo is not None:
        raise ImageError("--halo goes with --tile: give both, or neither.")
    if tile is None:
        return None
    if tile == 0:
        return Tiling()
    halo = tile // 6 if halo is None else halo
    return Tiling((tile, tile), (halo, halo))
