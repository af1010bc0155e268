"""Everything: all objects of planes at once, to filter, to reject, and to accept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import floor, log10
from typing import TYPE_CHECKING

from napari.layers import Labels, Shapes
from qtpy.QtCore import QTimer

from napari_sam.annotator.drawn_shapes import enclosed
from napari_sam.annotator.everything import usual_filters
from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.setting_slider import SettingSlider
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.automatic import (
    AutomaticSettings,
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
)
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts.items import Polygon, Scribble
from napari_sam.jobs.physical_sizes import area_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Layer

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.core.mask import Mask
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session import AnnotationSession

#: Settings that are areas.
_SIZES = ("smallest", "largest")
#: Milliseconds that a slider must rest before objects are found anew.
_REST = 300
_PLANE, _PLANES, _VIEW, _DRAWN, _LAYER = "plane", "planes", "view", "drawn", "layer"
_WHERE = (
    (_PLANE, "in this frame"),
    (_PLANES, "in all frames"),
    (_VIEW, "in view"),
    (_DRAWN, "in a shape I draw"),
    (_LAYER, "in a layer"),
)


class EverythingPanel(Section):
    """A button that finds all objects, and what becomes of those that were found.

    Moving *Score* or a size changes what is shown at once; *Split* and *Foreground*
    cut instances out anew, from embeddings that are there.
    """

    def __init__(self, controller: DockController) -> None:
        super().__init__("Everything")
        self._controller = controller
        self._annotator = controller.annotator
        self._again: Callable[[], object] = lambda: None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._find_again)
        self._make_buttons()
        self._make_settings()
        self._lay_out()
        events = self._annotator.events
        self._refresher = Refresher(
            self, self._on_masks, events.automatic_changed, events.selection_changed
        )
        events.image_opened.connect(self._on_opened)
        self._on_opened(self._annotator.session)

    @property
    def instances(self) -> InstanceSettings:
        """How instances are cut out, as the sliders say."""
        return InstanceSettings(
            split=self.split.setting, foreground=self.foreground.setting
        )

    @property
    def settings_of_folder(self) -> AutomaticSettings:
        """Settings for other images, whose pixels may have another size.

        A size that a person set keeps its unit. If none was, they are the usual ones in
        pixels, which need no scale.
        """
        chosen, usual = self._filters, usual_filters(self._annotator.image)
        if all(getattr(chosen, name) == getattr(usual, name) for name in _SIZES):
            usual = FilterSettings()
            chosen = replace(
                chosen, smallest=usual.smallest, largest=usual.largest, size_unit=None
            )
        return AutomaticSettings(self.method.settings, self.instances, chosen)

    @property
    def _filters(self) -> FilterSettings:
        return replace(self.filters.settings, score=self.score.setting)

    def find_objects(
        self, *, like: Sequence[int] = (), unlike: Sequence[int] = ()
    ) -> None:
        """Find all objects where the person chose; or only those like some."""
        self.find_inside(partial(self._find, tuple(like), tuple(unlike)))

    def find_inside(self, find: Callable[..., object]) -> None:
        """Find objects in the chosen part of the image, once its shape is drawn.

        Parameters
        ----------
        find
            Called with `within`, `in_view` and `all_planes`, as `Everything.find` is.
        """
        chosen = self.where.currentData()
        where = {"in_view": chosen == _VIEW, "all_planes": chosen == _PLANES}
        if chosen == _DRAWN and self._annotator.view is not None:
            drawn = partial(self._look_in_shape, partial(find, **where))
            self._annotator.view.draw_once("polygon", drawn)
            self._annotator.events.message.emit(
                "info", "Draw a polygon: objects inside of it are found."
            )
            return
        with self._annotator.events.reporting():
            within = self._mask_of_layer() if chosen == _LAYER else None
            find(within=within, **where)

    def end(self) -> None:
        """Disconnect from the signals of the viewer."""
        self.layers.close_list()

    def _find(
        self,
        like: Sequence[int],
        unlike: Sequence[int],
        *,
        within: Mask | None,
        in_view: bool,
        all_planes: bool,
    ) -> None:
        self._again = partial(
            self._find,
            like,
            unlike,
            within=within,
            in_view=in_view,
            all_planes=all_planes,
        )
        self._follow_unit()  # the scale of a layer can change
        self._annotator.everything.find(
            self.method.settings,
            self.instances,
            in_view=in_view,
            all_planes=all_planes,
            within=within,
            like=like,
            unlike=unlike,
        )

    def _look_in_shape(self, find: Callable[..., object], shape: Prompt) -> None:
        session = self._annotator.session
        if session is not None:
            with self._annotator.events.reporting():
                find(within=enclosed([shape], session.frames.plane_shape))

    def _mask_of_layer(self) -> Mask:
        layer = self.layers.layer
        if layer is None:
            raise SessionError(
                "Choose a layer of shapes or labels: objects inside of them are found."
            )
        return self._controller.enclosed_by(layer)

    def _make_buttons(self) -> None:
        self.where = choice("Where in the image to find objects", _WHERE)
        self.where.currentIndexChanged.connect(lambda _: self._on_where())
        self.layers = LayerChoice(self._controller.viewer, self._qualifies)
        self.layers.setToolTip("Shapes or labels: objects are found inside of them")
        self.in_layer = named("Layer", self.layers)
        self.run = button(
            "Find objects",
            "Find all objects; nothing is committed yet",
            self.find_objects,
        )
        self.reject = button(
            "Reject",
            "Click a mask to leave it out, and again to take it",
            self._controller.found.choose,
        )
        self.merge = button(
            "Merge", "Draw a line through masks: they become one", self._draw_merge
        )
        self.cut = button(
            "Split", "Draw a line across a mask: it is cut there", self._draw_split
        )
        self.accept = button(
            "Accept", "Commit all masks that are shown, as one step", self._accept
        )
        self.discard = button(
            "Discard",
            "Discard these masks; nothing is committed",
            self._annotator.everything.discard,
        )

    def _make_settings(self) -> None:
        self.count = text(faint=True)
        self.score = SettingSlider(FilterSettings(), "score", self._filter)
        self.split = SettingSlider(InstanceSettings(), "split", self._rest.start)
        self.foreground = SettingSlider(
            InstanceSettings(), "foreground", self._rest.start
        )
        names = (*_SIZES, "exclude_border")
        self.filters = SettingsForm(FilterSettings(), names=names)
        self.filters.set_unit(area_unit(FilterSettings()), *_SIZES, step=1)
        self.method = SettingsForm(EverythingSettings(), names=("method", "refine"))
        self.filters.changed.connect(self._filter)

    def _follow_unit(self) -> None:
        """Ask for sizes in the unit of the image; what was set in it stays."""
        usual, now = usual_filters(self._annotator.image), self.filters.settings
        if usual.size_unit != now.size_unit:
            second_digit = 10.0 ** (floor(log10(usual.smallest)) - 1)
            self.filters.set_unit(area_unit(usual), *_SIZES, step=second_digit)
            self.filters.settings = replace(usual, exclude_border=now.exclude_border)
        self._filter()

    def _lay_out(self) -> None:
        self.add(self.run, self.where)
        self.add(self.in_layer)
        for slider in (self.score, self.split, self.foreground):
            self.add(slider.label, slider)
        self.add(self.filters.widget)
        self.add(self.method.widget)
        self.add(self.count)
        self.add(self.reject, self.merge, self.cut)
        self.add(self.accept, self.discard)
        self._on_where()

    def _qualifies(self, layer: Layer) -> bool:
        binding = self._controller.binding
        ours = [] if binding is None else binding.layers
        mine = any(layer is one for one in (*ours, self._controller.found.layer))
        return isinstance(layer, Shapes | Labels) and not mine

    def _find_again(self) -> None:
        """Cut instances out anew, if any were found; words have none."""
        by_words = bool(self._annotator.words.found_by)
        if self._annotator.everything.frame is not None and not by_words:
            self._again()

    def _filter(self, _: object = None) -> None:
        self._annotator.everything.filter(self._filters)

    def _draw_merge(self) -> None:
        self._draw(self._annotator.everything.merge, "through masks that are one.")

    def _draw_split(self) -> None:
        self._draw(self._annotator.everything.split, "across a mask to cut it.")

    def _draw(
        self, then: Callable[[Sequence[tuple[float, float]]], object], what: str
    ) -> None:
        def drawn(line: Prompt) -> None:
            path = line.path if isinstance(line, Scribble) else ()
            then(line.vertices if isinstance(line, Polygon) else path)

        if self._annotator.view is not None:
            self._annotator.view.draw_once("scribble", drawn)
            self._annotator.events.message.emit("info", f"Draw a line {what}")

    def _accept(self) -> None:
        self._annotator.everything.accept()

    def _on_where(self) -> None:
        self.in_layer.setVisible(self.where.currentData() == _LAYER)

    def _on_masks(self) -> None:
        everything = self._annotator.everything
        shown, rejected = everything.count, len(everything.rejected)
        there = everything.frame is not None
        planes = len(everything.frames)
        words = f"{shown} shown" + (f" in {planes} frames" if planes > 1 else "")
        words += f", {rejected} rejected" if rejected else ""
        self.count.setText(words if there else "Not searched yet: find objects first.")
        for one in (self.reject, self.merge, self.cut, self.accept):
            one.setEnabled(shown > 0)
        self.discard.setEnabled(there)

    def _on_opened(self, session: AnnotationSession | None) -> None:
        self.run.setEnabled(session is not None)
        self._follow_unit()
        self.layers.refill()
        self._on_masks()
