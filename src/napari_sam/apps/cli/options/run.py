"""Options of a run over images: what finds objects, in which images, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from napari_sam.apps.cli.options.automatic import automatic_options
from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import model_options, store_option
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.options.workers import worker_options

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.from_settings import Body
    from napari_sam.automatic.settings import (
        AutomaticSettings,
        EverythingSettings,
        FilterSettings,
        InstanceSettings,
    )
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings
    from napari_sam.jobs import Executor, ModelSettings, PromptableSettings


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What ``everything``, ``similar`` and ``label`` have in common.

    Attributes
    ----------
    automatic
        How objects are found, and which stay.
    settings
        How images are read, shown, cut and stored.
    model
        Which model finds them.
    executor
        Who does it.
    """

    automatic: AutomaticSettings
    settings: PromptableSettings
    model: ModelSettings
    executor: Executor


def run_options(body: Body) -> Body:
    """Add ``run: RunOptions`` to a command."""

    @wraps(body)
    def command(
        *args: object,
        find: EverythingSettings,
        instances: InstanceSettings,
        filters: FilterSettings,
        read: ReadSettings,
        appearance: AppearanceSettings,
        model: ModelSettings,
        store: str | None,
        executor: Executor,
        tiling: TilingSettings,
        **values: object,
    ) -> None:
        from napari_sam.automatic.settings import AutomaticSettings
        from napari_sam.jobs import PromptableSettings

        automatic = AutomaticSettings(find, instances, filters)
        settings = PromptableSettings(read, appearance, tiling, store=store)
        run = RunOptions(automatic, settings, model, executor)
        body(*args, **values, run=run)

    added: Body = command
    for decorate in (
        tiling_options,
        worker_options,
        store_option,
        model_options("Which model. [default: pocket]"),
        image_options,
        automatic_options,
    ):
        added = decorate(added)
    return added
