"""Link and save: labels of a layer become tracks, tracks of the session files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtWidgets import QProgressBar

from napari_sam.annotator.tracking.track_files import LINKING
from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, named
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.core.images.frames import Frames
from napari_sam.tracking import LinkSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer

    from napari_sam.annotator.tracking.track_files import LinkedLabels
    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.dialogs import Dialogs

#: Formats that tracks are saved in, and how their names end.
TRACK_FORMATS = {
    "GEFF with its labels (*.zarr)": ".zarr",
    "TrackMate (*.xml)": ".xml",
    "Table (*.csv)": ".csv",
    "Cell Tracking Challenge, a folder (*_RES)": "_RES",
}
#: What a layer of linked labels has from the one that it was made of.
_PLACED = ("scale", "translate", "rotate", "shear", "units", "axis_labels")


class TrackFilesPanel(Section):
    """Links a layer of labels, plots growth, and saves the tracks of the session.

    Parameters
    ----------
    controller
        With the annotator, and the viewer whose layers are linked.
    dialogs
        Ask where to save.
    plot_growth
        Measures all objects and shows the plot of their sizes over time.
    """

    def __init__(
        self,
        controller: DockController,
        dialogs: Dialogs,
        plot_growth: Callable[[], object],
    ) -> None:
        super().__init__("Link, growth and files", is_open=False)
        self._controller, self._dialogs = controller, dialogs
        self._files = controller.annotator.track_files
        self._folder = Path.home()
        self.layers = LayerChoice(controller.viewer, _can_be_linked, self._on_layers)
        self.layers.setToolTip("A layer of labels that were found frame by frame")
        self.form = SettingsForm(LinkSettings())
        self.link = button(
            "Link", "Find which labels of the layer are one object", self._link
        )
        self.cancel = button("Stop linking", "Nothing is kept of it", self._files.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.growth = button(
            "Growth curves", "Measure all objects, and plot sizes over time",
            plot_growth,
        )  # fmt: skip
        self.save = button(
            "Save tracks …",
            "For other programs: GEFF, TrackMate, the Cell Tracking Challenge, a table",
            self.save_tracks,
        )
        self.add(named("Labels", self.layers))
        self.add(self.form.widget)
        self.add(self.link, self.cancel)
        self.add(self.bar)
        self.add(self.growth, self.save)
        self._annotator = controller.annotator
        self._refresher = Refresher(self, self._show_going, self._annotator.events.busy)
        self._show_going()
        self._on_layers()

    def end(self) -> None:
        """Disconnect from the signals of the viewer."""
        self.layers.close_list()

    def save_tracks(self) -> bool:
        """Ask where to save the tracks, and write them; False if cancelled."""
        path = self._dialogs.path_to_save(self._folder / "tracks.zarr", TRACK_FORMATS)
        if path is None:
            return False
        self._folder = path.parent
        self._files.save(path)
        return True

    def _link(self) -> None:
        layer = self.layers.layer
        if layer is not None:
            frames = Frames(layer.data, _axes_of(layer))
            self._files.link(
                frames, lambda found: self._add_layers(found, layer), self.form.settings
            )
            self._show_going()

    def _add_layers(self, found: LinkedLabels, layer: Layer) -> None:
        """Add what came of linking as layers of its own."""
        placed = {name: getattr(layer, name) for name in _PLACED}
        viewer = self._controller.viewer
        viewer.add_labels(found.labels, name=f"{layer.name}: linked", **placed)
        if len(found.paths.data):
            viewer.add_tracks(
                found.paths.data,
                graph=found.paths.graph,
                properties=found.paths.properties,
                name=f"{layer.name}: tracks",
                **placed,
            )

    def _on_layers(self) -> None:
        if not hasattr(self, "link"):
            return
        if self.layers.layer is None and self.layers.count():
            self.layers.setCurrentIndex(0)
        self.link.setEnabled(self.layers.layer is not None)

    def _show_going(self) -> None:
        """Show whether labels are being linked, and how far."""
        running = self._annotator.running
        self.cancel.setEnabled(LINKING in running)
        self.bar.setVisible(LINKING in running)
        progress = running.get(LINKING)
        if progress is not None:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)


def _can_be_linked(layer: Layer) -> bool:
    return isinstance(layer, Labels) and not layer.multiscale and layer.ndim in (3, 4)


def _axes_of(layer: Layer) -> str:
    """Return the axes of labels: as they are named, else of a movie."""
    named_axes = "".join(layer.axis_labels)
    usual = "tyx" if layer.ndim == 3 else "tzyx"
    return named_axes if named_axes in ("tyx", "zyx", "tzyx") else usual
