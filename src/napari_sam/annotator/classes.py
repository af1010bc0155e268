"""Classes of objects, learnt from those that a person named."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_sam.automatic.named_objects import iter_numbered_features
from napari_sam.core.errors import SessionError
from napari_sam.session.actions import Classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic.named_objects import NumberedFeatures
    from napari_sam.core.address import Address
    from napari_sam.core.mask import Mask
    from napari_sam.session import AnnotationSession

CLASSIFYING = "classifying objects"


class Classes:
    """Classifies unnamed objects by those that a person has classified."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def named(self) -> dict[int, str]:
        """Classes that a person gave or approved, by the numbers of the objects."""
        session = self._workspace.session
        if session is None:
            return {}
        return {
            i: info.category
            for i, info in session.objects.items()
            if info.is_named and session.state.footprints.of_object(i)
        }

    def classify_rest(self) -> None:
        """Predict the class of each object that no person has classified.

        That is one step of undo; once more after other objects were named, classes
        that nobody gave are found anew.
        """
        from napari_sam.image import PromptableImage

        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            named, image = self.named, session.image
            if len(set(named.values())) < 2:
                raise SessionError(
                    "Name the class of one object of each kind first, in the column "
                    "Class of the table; two kinds at least."
                )
            if not isinstance(image, PromptableImage):
                raise SessionError("There is no image to look at.")
            places = list(session.state.footprints)
            steps = iter_numbered_features(image, places, _reader(session))
            self._workspace.tasks.run(CLASSIFYING, steps, self._on_described)

    def _on_described(self, found: NumberedFeatures) -> None:
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            rest = found.classify_rest(self.named)
            made = Classify(tuple((i, c, round(p, 4)) for i, (c, p) in rest.items()))
            session.execute(made)
            counts = Counter(one.name for one in rest.values())
            text = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
            self._workspace.events.message.emit(
                "info", f"Classified: {text}." if text else "All objects are named."
            )


def _reader(session: AnnotationSession) -> Callable[[Address], Mask | None]:
    """Return what reads the mask of an object; None if it is gone by then."""

    def read(at: Address) -> Mask | None:
        try:
            return session.state.labels.mask(at)
        except SessionError:
            return None

    return read
