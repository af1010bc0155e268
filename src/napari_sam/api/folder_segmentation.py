"""Masks of a folder of images in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.models import load_backend
from napari_sam.core.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.protocols import Backend
    from napari_sam.io.settings import SaveSettings
    from napari_sam.jobs import (
        Executor,
        ImageOutcome,
        PromptableSettings,
        PromptFiles,
    )


def segment_folder(
    images: str | Path,
    prompts: PromptFiles | str | Path,
    output: str | Path,
    *,
    model: str | Backend | None = None,
    settings: PromptableSettings | None = None,
    save: SaveSettings | None = None,
    threshold: float = 0.0,
    executor: Executor | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> list[ImageOutcome]:
    """Segment the images of a folder with their prompts, and write their labels.

    What one image lacks does not stop the others, and the same call goes on where it
    was stopped.

    Parameters
    ----------
    images, prompts, output
        Folders: of images, of prompt files named as the images (or a CSV with a column
        "image"), and of labels, which is made.
    model
        A name, as in `load_backend`, or a backend already open, for this process.
    settings, save
        How images are read, shown and cut, and in which form labels are written.
    threshold
        Logits above this are the object.
    executor
        Who does it. By default, this process.
    report
        Called with the outcome of each image as soon as it is known.

    Raises
    ------
    JobError
        If workers are to use a model that is open here: give its name.
    """
    from napari_sam import jobs
    from napari_sam.io.settings import SaveSettings

    is_open = model is not None and not isinstance(model, str)
    if is_open and executor is not None and executor.threads is not None:
        raise JobError(
            "Workers open the model themselves, and this one is open here: give its "
            'name, such as model="pocket".'
        )
    files = prompts if isinstance(prompts, jobs.PromptFiles) else None
    job = jobs.FolderJob(
        Path(images),
        files or jobs.PromptFiles(Path(str(prompts))),
        Path(output),
        jobs.ModelSpec(load_backend, model if isinstance(model, str) else None),
        settings or jobs.PromptableSettings(),
        save or SaveSettings(),
        threshold,
    )
    backend = None if model is None or isinstance(model, str) else model
    return jobs.segment_folder(job, executor, backend=backend, report=report)
