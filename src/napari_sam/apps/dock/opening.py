"""What is known of an image layer that is worked on, in all viewers and widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_sam.apps.dock.binding import LayerBinding
from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.session import AnnotationSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_sam.apps.dock.geometry import PlaneGeometry
    from napari_sam.core.embedding import Embedding
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend


class Unanswered:
    """An image before a model is there to answer: all that is known are its pixels."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.tiling = Tiling()
        self.connected = True

    @property
    def backend(self) -> Backend:
        """There is none yet."""
        raise _too_early()

    @property
    def appearance(self) -> Appearance:
        """It is fitted for a model."""
        raise _too_early()

    def embedding(self, frame: int, tile: Tile) -> Embedding:
        """Nobody looks yet."""
        raise _too_early()

    def segment(self, prompts: Prompts, frame: int = 0) -> Prediction:
        """Nobody answers yet."""
        raise _too_early()

    def segment_many(
        self, prompts: Sequence[Prompts], frame: int = 0
    ) -> list[Prediction]:
        """Nobody answers yet."""
        raise _too_early()


@dataclass(slots=True, eq=False)
class Opened:
    """An image layer that is worked on.

    Attributes
    ----------
    geometry
        How it lies.
    session
        What was done to it.
    channels
        Those that a model sees, or None for the usual ones.
    journal
        Where the session is written as it goes, or None.
    uses
        By viewer: the layers that show the session there, and how many widgets do.
    shown_by
        The controllers that work on it.
    """

    geometry: PlaneGeometry
    session: AnnotationSession
    channels: tuple[int, ...] | None
    journal: Any = None
    uses: dict[int, list[Any]] = field(default_factory=dict)
    shown_by: list[Any] = field(default_factory=list)

    @property
    def answers(self) -> bool:
        """Whether a model is there."""
        return not isinstance(self.session.image, Unanswered)

    def bind(self, viewer: ViewerModel) -> LayerBinding:
        """Show the session in a viewer, or share what shows it there."""
        use = self.uses.setdefault(id(viewer), [None, 0])
        if use[0] is None:
            binding = LayerBinding(viewer, self.session, self.geometry)
            use[0] = binding
            binding.start()
        use[1] += 1
        return use[0]  # type: ignore[no-any-return]

    def release(self, viewer: ViewerModel) -> bool:
        """Show it no more, unless another widget does; True if nobody does any more."""
        use = self.uses[id(viewer)]
        use[1] -= 1
        if use[1] == 0:
            use[0].close()
            del self.uses[id(viewer)]
        return not self.uses


#: What was done to a layer stays as long as the layer does.
_OPENED: WeakKeyDictionary[Image, Opened] = WeakKeyDictionary()


def opened(geometry: PlaneGeometry, *, channels: Sequence[int] | None = None) -> Opened:
    """Return what is known of an image layer; a new session if nothing is."""
    layer = geometry.layer
    known = _OPENED.get(layer)
    if known is not None and _same(known.geometry, geometry):
        if channels is not None:
            known.channels = tuple(channels)
        return known
    session = AnnotationSession(Unanswered(geometry.frames))
    chosen = None if channels is None else tuple(channels)
    _OPENED[layer] = Opened(geometry, session, chosen)
    return _OPENED[layer]


def replace_session(known: Opened, session: AnnotationSession) -> Opened:
    """Begin anew with another session on the same layer."""
    fresh = Opened(known.geometry, session, known.channels)
    _OPENED[known.geometry.layer] = fresh
    return fresh


def _same(one: PlaneGeometry, other: PlaneGeometry) -> bool:
    return (one.frames.axes, tuple(one.frames.data.shape)) == (
        other.frames.axes,
        tuple(other.frames.data.shape),
    )


def _too_early() -> SessionError:
    return SessionError("The model is still being loaded; this takes a moment.")
