"""Options of tiling: --tile and --halo."""

from __future__ import annotations

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.image.settings import TilingSettings

#: Adds ``tiling: TilingSettings`` to a command.
tiling_options = settings_options(
    "tiling", TilingSettings, metavars={"tile": "N", "halo": "N"}
)
