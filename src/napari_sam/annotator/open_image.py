"""An image that is open: its session, its journal, and who works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.session import AnnotationSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.annotator.view import ImageSource
    from napari_sam.core.embedding import Embedding
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend
    from napari_sam.session.labels.arrays import LabelArray
    from napari_sam.session.persistence.journal import Journal


class ImageWithoutModel:
    """An image while its model is being loaded: all that is known are its pixels."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.tiling = Tiling()
        self.connected = True

    @property
    def backend(self) -> Backend:
        """There is no model yet."""
        raise _too_early()

    @property
    def appearance(self) -> Appearance:
        """There is no appearance before it was fitted for a model."""
        raise _too_early()

    def embedding(self, frame: int, tile: Tile) -> Embedding:
        """There is no model yet to embed."""
        raise _too_early()

    def is_embedded(self, frame: int, tile: Tile) -> bool:
        """Nothing is embedded before there is a model."""
        return False

    def segment(self, prompts: Prompts, frame: int = 0) -> Prediction:
        """There is no model yet to predict a mask."""
        raise _too_early()

    def segment_many(
        self,
        prompts: Sequence[Prompts],
        frame: int = 0,
        *,
        new_close_ups: bool = True,
        early: Callable[[list[Prediction]], object] | None = None,
    ) -> list[Prediction]:
        """There is no model yet to predict masks."""
        raise _too_early()


@dataclass(slots=True, eq=False)
class OpenImage:
    """An image that is annotated, in one view or in several.

    Attributes
    ----------
    source
        The image as its view shows it.
    session
        What was annotated.
    channels
        Those that a model is shown, or None for the usual ones.
    journal
        Where the session is written as it goes, or None.
    annotators
        Those who work on it.
    trouble
        Why the journal cannot be written, as its thread said last; else empty.
    is_aside
        Whether it is out of sight for a while: its journal goes on without annotators.
    earlier_journals
        Journals of this session from when it was open before.
    """

    source: ImageSource
    session: AnnotationSession
    channels: tuple[int, ...] | None = None
    journal: Journal | None = None
    annotators: list[Annotator] = field(default_factory=list)
    trouble: str = ""
    is_aside: bool = False
    earlier_journals: set[Path] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        source: ImageSource,
        channels: Sequence[int] | None = None,
        labels: LabelArray | None = None,
    ) -> OpenImage:
        """Begin a session on an image, or on its labels; a model is loaded later."""
        session = AnnotationSession(ImageWithoutModel(source.frames), labels=labels)
        return cls(source, session, None if channels is None else tuple(channels))

    @property
    def has_model(self) -> bool:
        """Whether a model is there to predict masks."""
        return not isinstance(self.session.image, ImageWithoutModel)

    def note_trouble(self, text: str) -> None:
        """Note an error of the journal's thread, for annotators to report."""
        self.trouble = text

    def come_back(self) -> None:
        """Return the session that was taken aside; without a view, its journal ends."""
        self.is_aside = False
        if not self.annotators:
            self.close_journal()

    def close_journal(self) -> None:
        """End the journal; it stays if something was not saved."""
        if self.journal is not None:
            self.journal.close(keep=self.session.unsaved)
            if self.journal.path is not None:
                self.earlier_journals.add(self.journal.path)
            self.journal = None


def _too_early() -> SessionError:
    return SessionError("The model is still being loaded; this takes a moment.")
