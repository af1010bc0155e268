"""Options of a run over images: how they are read, by which model, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import model_options, store_option
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.options.workers import worker_options

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.from_settings import Body
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings
    from napari_sam.jobs import Executor, ModelSettings, PromptableSettings


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of every run of a model over images.

    Attributes
    ----------
    settings
        How images are read, shown, cut and stored.
    model
        Which model.
    executor
        Who does it.
    """

    settings: PromptableSettings
    model: ModelSettings
    executor: Executor


def run_options(body: Body) -> Body:
    """Add ``run: RunOptions`` to a command."""

    @wraps(body)
    def command(
        *args: object,
        read: ReadSettings,
        appearance: AppearanceSettings,
        model: ModelSettings,
        store: str | None,
        executor: Executor,
        tiling: TilingSettings,
        **values: object,
    ) -> None:
        from napari_sam.jobs import PromptableSettings

        settings = PromptableSettings(read, appearance, tiling, store=store)
        body(*args, **values, run=RunOptions(settings, model, executor))

    added: Body = command
    for decorate in (
        tiling_options,
        worker_options,
        store_option,
        model_options(),
        image_options,
    ):
        added = decorate(added)
    return added
