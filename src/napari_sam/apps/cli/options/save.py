"""Options of saving labels: --overwrite, --format and --coco."""

from __future__ import annotations

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.io.settings import SaveSettings

#: Adds ``save: SaveSettings`` to a command.
save_options = settings_options(
    "save", SaveSettings, fields=("overwrite", "format", "coco")
)
