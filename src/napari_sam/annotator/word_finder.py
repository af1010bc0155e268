"""Words that a person writes, and the objects of the image that they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.annotator.everything import searched
from napari_sam.annotator.found_words import WordSearch, iter_found_words
from napari_sam.annotator.word_models import WordModels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.annotator.found_planes import FoundPlanes
    from napari_sam.annotator.found_words import FoundWords
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic import TextSettings
    from napari_sam.automatic.concepts import Words
    from napari_sam.core.mask import Mask

SEARCHING = "looking for words"


class WordFinder:
    """Finds what words are about; `Everything` shows and accepts it.

    Parameters
    ----------
    workspace
        The image, and who does slow work.
    planes
        What was found, whichever way.

    Attributes
    ----------
    models
        Which model of words is used.
    """

    def __init__(self, workspace: Workspace, planes: FoundPlanes) -> None:
        self._workspace, self._planes = workspace, planes
        self.models = WordModels(workspace)

    @property
    def counts(self) -> dict[str, int]:
        """How many masks of all planes are shown, by the word that found them."""
        counts = self._planes.word_counts()
        return {word: counts[word] for word in sorted(counts) if word}

    @property
    def found_by(self) -> str:
        """Which models found what is shown; empty if no words did."""
        return self._planes.found_by

    @property
    def settings(self) -> TextSettings:
        """How sure the model of words must be."""
        return self._planes.limits.text

    def find(
        self,
        words: Words,
        *,
        in_view: bool = False,
        within: Mask | None = None,
        all_planes: bool = False,
    ) -> None:
        """Find the objects that words name; emits `events.automatic_changed`.

        Parameters
        ----------
        words
            Wanted and unwanted ones; each wanted one is a class.
        in_view, within, all_planes
            Where they are looked for, as of `Everything.find`.
        """
        with self._workspace.events.reporting():
            session, image, view = searched(self._workspace)
            search = WordSearch(
                words,
                range(len(image.frames)) if all_planes else [session.current.frame],
                view if in_view else None,
                within,
            )
            self._planes.clear()
            self._workspace.events.automatic_changed.emit()
            steps = iter_found_words(
                image, search, self.models.iter_open, session.state.labels
            )
            self._workspace.tasks.run(SEARCHING, steps, self._on_found)

    def trust(self, settings: TextSettings) -> None:
        """Show the masks above a score of the model of words, without the model."""
        self._planes.filter(replace(self._planes.limits, text=settings))
        if self._planes.found_by:
            self._workspace.events.automatic_changed.emit()

    def word_of(self, frame: int, mask: Mask) -> str:
        """Return the word that a mask which is shown was found by; ``""`` for none."""
        return self._planes.word_of(frame, mask)

    def _on_found(self, result: tuple[Sequence[FoundWords], str]) -> None:
        planes, found_by = result
        self._planes.show(planes)
        self._planes.found_by = found_by
        self._workspace.events.automatic_changed.emit()
        self._workspace.events.message.emit("info", self._planes.summary)
