"""What the window does, without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from napari_sam.apps.dock.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.work import Work
    from napari_sam.core.prediction import Prediction
    from napari_sam.session import AnnotationSession
    from napari_sam.session.values import Overlap, Status

#: What happens where a new mask lies on other objects.
Policy: TypeAlias = Literal["keep", "overwrite", "ask"]


class Controller(Signals):
    """Everything that panels call; what comes of it is told by signals.

    All methods are called on the thread of the window, and none of them takes long.

    Parameters
    ----------
    viewer
        A viewer, or its model without a window.
    work
        Who does what is slow.

    Attributes
    ----------
    layer
        The image layer that is worked on, or None.
    session
        What was done to it, or None.
    binding
        The layers that show the session, or None.
    model
        Name of the model.
    positive
        What a plain click means.
    overlap
        ``"keep"``, ``"overwrite"`` or ``"ask"``: see `commit`.
    journal
        Where the session is written as it goes, or None.
    """

    def __init__(self, viewer: ViewerModel, work: Work) -> None:
        self.viewer = viewer
        self.work = work
        self.layer: Layer | None = None
        self.session: AnnotationSession | None = None
        self.binding: Any = None
        self.model = "pocket"
        self.overlap: Policy = "keep"
        self.journal: Any = None
        self._positive = True
        self._hovering = False

    # what is known

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return False

    @property
    def positive(self) -> bool:
        """What a plain click means; setting it changes later clicks."""
        return self._positive

    @positive.setter
    def positive(self, positive: bool) -> None:
        self._positive = positive

    @property
    def preview_on_hover(self) -> bool:
        """Whether the mask under the cursor is shown."""
        return self._hovering

    @preview_on_hover.setter
    def preview_on_hover(self, on: bool) -> None:
        self._hovering = on
        self.hover_changed.emit(on)

    @property
    def candidates(self) -> tuple[Prediction, ...]:
        """Masks that the preview was chosen from, best first; empty without one."""
        return ()

    @property
    def candidate(self) -> int:
        """Which of the candidates is shown."""
        return 0

    @property
    def threshold(self) -> float:
        """Logits above this are the current object."""
        return 0.0

    # opening

    def open(
        self,
        layer: Layer,
        *,
        axes: str | None = None,
        channels: Sequence[int] | None = None,
    ) -> None:
        """Work on an image layer; emits `opened`."""

    def close(self) -> None:
        """Leave the image: our layers go, the session's journal stays."""

    def restore(self, journal: Any) -> None:
        """Go on with work that a journal kept, on the image that is open."""

    def use_model(
        self,
        name: str | None = None,
        *,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load a model beside the window, downloading it if need be."""

    def cancel(self) -> None:
        """Stop long work that goes on; what is done of it stays."""

    # asking

    def ask(self) -> None:
        """Have the current question answered; late answers are dropped."""

    def hover(self, position: Sequence[float]) -> None:
        """Show the mask under a position of the world, if that is on."""

    def choose(self, index: int) -> None:
        """Show another candidate."""

    def cycle_candidate(self, step: int = 1) -> None:
        """Show the next candidate."""

    def set_threshold(self, threshold: float) -> None:
        """Ask for more (lower) or less (higher) of the current object."""

    def toggle_polarity(self) -> None:
        """Let plain clicks mean the opposite."""

    # keeping

    def commit(self, *, overlap: Overlap | None = None) -> None:
        """Put the preview into the labels, and go on to a new object.

        With ``self.overlap == "ask"`` and other objects under the mask,
        `overlap_found` is emitted instead, unless `overlap` is given here.
        """

    def next_object(self) -> None:
        """Go on to a new object; what was said of this one stays open."""

    def previous_object(self) -> None:
        """Go back to the object before, with what was said about it."""

    def select(self, object_id: int) -> None:
        """Make an object the current one, and show it."""

    def reopen(self, object_id: int) -> None:
        """Correct an object, with what was said about it."""

    def undo(self) -> None:
        """Take back the last step."""

    def redo(self) -> None:
        """Repeat the step taken back last."""

    # objects

    def delete(self, ids: Sequence[int]) -> None:
        """Remove objects."""

    def merge(self, ids: Sequence[int]) -> None:
        """Make several objects the first of them."""

    def start_split(self) -> None:
        """Let the next line that is drawn cut the current object."""

    def split(self, path: Sequence[Sequence[float]]) -> None:
        """Cut the current object along ``(row, col)`` positions of the plane."""

    def grow(self, pixels: int) -> None:
        """Move the outline of the current object outwards, or inwards if negative."""

    def fill_holes(self) -> None:
        """Close the holes of the current object."""

    def describe(
        self,
        object_id: int,
        *,
        name: str | None = None,
        category: str | None = None,
        status: Status | None = None,
    ) -> None:
        """Say what an object is called, or how far it is; None leaves it."""

    def approve(self, object_id: int | None = None) -> None:
        """Protect an object, by default the current one; again, to take it back."""

    def reject(self, object_id: int | None = None) -> None:
        """Mark an object as wrong; again, to take it back."""

    # much at once

    def embed_view(self) -> None:
        """Look at what is in view ahead of the clicks, nearest first."""

    def batch(
        self,
        layer: Layer,
        *,
        groups: str | None = None,
        box_or_points: Literal["auto", "box", "points", "mask"] = "auto",
    ) -> None:
        """Make an object of each point, shape or label of a layer, as one step."""

    def save(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        done: Callable[[], object] | None = None,
    ) -> None:
        """Write the labels, or with ``.session.json`` the session; then call `done`."""
