"""Embedding ahead: the tiles in view are encoded before they are clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, text
from napari_sam.image.settings import EmbedSettings

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.session import AnnotationSession


class EmbedPanel(Section):
    """Settings of embedding, and a button that embeds what is in view."""

    def __init__(self, annotator: Annotator) -> None:
        super().__init__("Embed ahead", is_open=False)
        self._annotator = annotator
        self.form = SettingsForm(EmbedSettings())
        self.run = button(
            "Embed this view",
            "Encode all tiles in view, so that no click has to wait",
            self._run,
        )
        self.add(
            text("A click on an embedded tile shows its mask at once.", faint=True)
        )
        self.add(self.form.widget)
        self.add(self.run)
        annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(annotator.session)

    def _run(self) -> None:
        self._annotator.batch.embed_view(self.form.settings)

    def _on_opened(self, session: AnnotationSession | None) -> None:
        self.run.setEnabled(session is not None)
