"""Options of prompt files: --prompts, --from-labels, --as and --crs."""

from __future__ import annotations

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.jobs.prompt_sources import PromptFiles

#: Adds ``prompt_files: PromptFiles`` to a command.
prompt_file_options = settings_options(
    "prompt_files",
    PromptFiles,
    flags={"form": "--as"},
    metavars={"prompts": "FILE", "from_labels": "FILE", "crs": "EPSG:CODE"},
)
