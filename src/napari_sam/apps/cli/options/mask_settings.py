"""Options of masks: --threshold and --connected."""

from __future__ import annotations

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.jobs.settings import SegmentSettings

#: Adds ``masks: SegmentSettings`` to a command.
mask_options = settings_options("masks", SegmentSettings)
