"""A labelled data set written for other programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_sam.apps.dock.panels.widgets import button, choice, column, row, text
from napari_sam.core.progress import Progress
from napari_sam.datasets.export import ExportSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from napari_sam.annotator.view_executor import Job, ViewExecutor
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.datasets.export import ExportReport

_FORMATS = (
    ("coco", "COCO"),
    ("yolo", "YOLO, polygons"),
    ("yolo-boxes", "YOLO, boxes"),
    ("voc", "Pascal VOC"),
    ("labelme", "LabelMe"),
    ("masks", "label images"),
)


class ExportPanel(QWidget):
    """A format, and a button that asks for a folder; the same button stops it.

    Parameters
    ----------
    executor
        Writes beside the window.
    dialogs
        Ask for the folder.
    prepare
        Calls what it is given once the data set is on the disk.

    Attributes
    ----------
    dataset
        The data set that is open, or None.
    """

    def __init__(
        self,
        executor: ViewExecutor,
        dialogs: Dialogs,
        prepare: Callable[[Callable[[], object]], object],
    ) -> None:
        super().__init__()
        self._executor, self._dialogs, self._prepare = executor, dialogs, prepare
        self._job: Job | None = None
        self.dataset: Path | None = None
        self.format = choice("For which program", _FORMATS)
        self.run = button("Export …", "Write the data set into a new folder", self._run)
        self.said = text(faint=True)
        rows = column(self)
        rows.addWidget(row(self.format, self.run))
        rows.addWidget(self.said)

    def export(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the data set into a folder, which appears whole.

        Parameters
        ----------
        path
            The folder.
        overwrite
            Replace what an export before wrote there.
        """
        if self.dataset is None:
            return
        settings = replace(ExportSettings(), format=self.format.currentData())
        work = _iter_exported(self.dataset, path, settings, overwrite=overwrite)
        self._prepare(lambda: self._start(work))

    def _start(self, work: Generator[Progress, None, ExportReport]) -> None:
        self.run.setText("Stop")
        self._job = self._executor.iterate(
            work, self._on_progress, self._on_done, self._on_failed
        )

    def _run(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._end("Stopped; the same once more goes on.")
            return
        if self.dataset is None:
            return
        name = f"{self.dataset.name}-{self.format.currentData()}"
        path = self._dialogs.new_folder(self.dataset.with_name(name))
        if path is not None:
            self.export(path, overwrite=path.exists())

    def _on_progress(self, step: Progress) -> None:
        if step.total:
            self.said.setText(f"Exporting, {step.done} of {step.total} …")

    def _on_done(self, report: ExportReport) -> None:
        images = sum(report.images.values())
        words = f"{report.objects} objects of {images} images in {report.path}."
        lost = ", ".join(f"{what} ({n})" for what, n in report.losses.items())
        self._end(f"{words} Not held by it: {lost}." if lost else words)

    def _on_failed(self, error: Exception) -> None:
        self._end(str(error) or type(error).__name__)

    def _end(self, words: str) -> None:
        self._job = None
        self.run.setText("Export …")
        self.said.setText(words)


def _iter_exported(
    dataset: Path, path: Path, settings: ExportSettings, *, overwrite: bool
) -> Generator[Progress, None, ExportReport]:
    """Read a data set, and write it."""
    from napari_sam.api import iter_export_labels

    yield Progress(0, 0, "exporting")
    work = iter_export_labels(dataset, path, settings=settings, overwrite=overwrite)
    return (yield from work)
