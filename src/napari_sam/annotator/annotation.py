"""An annotation: what a script sees of an image that is annotated, in any view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.arrays import LabelArray


class Annotation(ABC):
    """An image that a person annotates in a view, and a script reads.

    Attributes
    ----------
    closed
        What is said once there is no session any more.
    """

    closed: ClassVar[str]

    @property
    @abstractmethod
    def annotator(self) -> Annotator:
        """All that the view can do."""

    @property
    def session(self) -> AnnotationSession:
        """The session: prompts, labels, undo.

        Raises
        ------
        SessionError
            If no image is open any more.
        """
        session = self.annotator.session
        if session is None:
            raise SessionError(self.closed)
        return session

    @property
    def labels(self) -> LabelArray:
        """Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``; 0 is none."""
        return self.session.labels

    @property
    def prompts(self) -> dict[Address, Prompts]:
        """The prompts of every object, of those in the labels and of open ones."""
        session = self.session
        return {**session.committed_prompts, **session.open_prompts}
